"""Times the function `loop` of a file through a binding: `measure.py BINDING LIBRARY FILE ITERATIONS REPEATS WARM_UP`,
behind WARM_UP seconds of process CPU time.

Prints JSON: the best time of an iteration in ns of process CPU time, the checksum, and what Hardwire says about the file's loops (null
where it is off).
"""

import importlib.util
import json
import os
import sys
import time

import bindings


def load(path):
    """The module in a file."""
    spec = importlib.util.spec_from_file_location("shape", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def best_time(loop, iterations, repeats, warm_up):
    """The best time of a call, and the results of all, which must be one."""
    best, results = None, {loop(iterations), loop(iterations)}
    while time.process_time() < warm_up:
        results.add(loop(iterations))
    for _ in range(repeats):
        start = time.process_time_ns()
        result = loop(iterations)
        spent = time.process_time_ns() - start
        results.add(result)
        best = spent if best is None else min(best, spent)
    return best, results


def states_of(path):
    """What Hardwire says about the loops of a file."""
    hardwire = sys.modules.get("hardwire")
    if hardwire is None:
        return None
    loops = (loop for loop in hardwire.stats()["loops"] if loop["file"] == path)
    return [{key: loop[key] for key in ("function", "line", "state", "reason")} for loop in loops]


def main(binding, library, path, iterations, repeats, warm_up):
    sys.modules["binding"] = bindings.module(binding, library, os.path.dirname(path))
    program = load(path)
    iterations = int(iterations)
    best, results = best_time(program.loop, iterations, int(repeats), float(warm_up))
    states = states_of(path)
    checksum = " or ".join(sorted(map(repr, results)))
    print(json.dumps({"ns": best / iterations, "checksum": checksum, "loops": states}))


if __name__ == "__main__":
    main(*sys.argv[1:])
