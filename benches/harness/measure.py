"""Times a shape through a binding: `measure.py BINDING LIBRARY SHAPE_FOLDER ITERATIONS REPEATS`.

Prints JSON: the best time of an iteration in ns of process CPU time, the checksum, and what Hardwire says about the
shape's loop (null where it is off).
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


def best_time(loop, iterations, repeats):
    """The best time of a call, and the results of all, which must be one."""
    best, results = None, {loop(iterations), loop(iterations)}
    for _ in range(repeats):
        start = time.process_time_ns()
        result = loop(iterations)
        spent = time.process_time_ns() - start
        results.add(result)
        best = spent if best is None else min(best, spent)
    return best, results


def state_of(path):
    """What Hardwire says about the loops of a file."""
    hardwire = sys.modules.get("hardwire")
    if hardwire is None:
        return None
    return [{key: loop[key] for key in ("state", "reason")} for loop in hardwire.stats()["loops"] if loop["file"] == path]


def main(binding, library, folder, iterations, repeats):
    sys.modules["binding"] = bindings.module(binding, library, folder)
    path = os.path.join(folder, bindings.program(binding))
    loop = load(path).loop
    best, results = best_time(loop, int(iterations), int(repeats))
    checksum = " or ".join(sorted(map(repr, results)))
    print(json.dumps({"ns": best / int(iterations), "checksum": checksum, "loops": state_of(path)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
