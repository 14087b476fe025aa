"""Times the function `loop` of a file through a binding: `measure.py BINDING LIBRARY FILE ITERATIONS REPEATS CHUNK WARM_UP`.

First it does the loop in chunks of CHUNK iterations, for WARM_UP seconds of process CPU time and a moment at least: how long it took
until they were fast is the warm-up. A CHUNK of 0 leaves that out.

Prints JSON: the times of an iteration in ns of process CPU time, one for each repeat, the checksum, the warm-up (null where there was none),
how much the process grew, and what Hardwire says about the file's loops (null where it is off).
"""

import importlib.util
import json
import os
import sys
import time

import bindings

# The first chunks are looked at for so long at least, in s.
MOMENT = 0.05
# So many chunks at the end say how fast the loop is when it is warm.
STEADY = 15
# Warm is what does in a row of so many chunks, in the middle, so many parts of the final speed.
IN_A_ROW = 5
SPEED = 0.9


def load(path):
    """The module in a file."""
    spec = importlib.util.spec_from_file_location("shape", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def resident():
    """The memory of the process, in KiB."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


class Timer:
    """Calls the loop; keeps its results, of which there must be one for each count of iterations."""

    def __init__(self, loop):
        self.loop = loop
        self.results = {}

    def time(self, iterations):
        """The process CPU time of a call, in ns."""
        start = time.process_time_ns()
        result = self.loop(iterations)
        spent = time.process_time_ns() - start
        self.results.setdefault(iterations, set()).add(repr(result))
        return spent

    def chunks(self, chunk, seconds):
        """The times of chunks, for so many seconds of the process."""
        spent = []
        end = time.process_time() + MOMENT
        while time.process_time() < max(end, seconds):
            spent.append(self.time(chunk))
        return spent

    def checksum(self, iterations):
        """The result of so many iterations; more than one, where they or those of a chunk differed."""
        if all(len(results) == 1 for results in self.results.values()):
            return self.results[iterations].pop()
        return " or ".join(sorted(set().union(*self.results.values())))


def middle(values):
    """The median."""
    return sorted(values)[len(values) // 2]


def warm_up(spent, last):
    """How many ms passed before the chunks were as fast as they are in the end; none where they never became faster."""
    # The end of the first chunks counts as well: the machine may have changed its speed since.
    limit = max(middle(last), middle(spent[-len(spent) // 4 :])) / SPEED
    for i in range(len(spent) - IN_A_ROW + 1):
        if max(spent[i], middle(spent[i : i + IN_A_ROW])) <= limit:
            return sum(spent[:i]) / 1e6 if i else None
    return None


def states_of(path):
    """What Hardwire says about the loops of a file."""
    hardwire = sys.modules.get("hardwire")
    if hardwire is None:
        return None
    keys = ("function", "line", "state", "reason", "compile_ms", "code_bytes")
    loops = (loop for loop in hardwire.stats()["loops"] if loop["file"] == path)
    return [{key: loop[key] for key in keys} for loop in loops]


def main(binding, library, path, iterations, repeats, chunk, seconds):
    sys.modules["binding"] = bindings.module(binding, library, os.path.dirname(path))
    timer = Timer(load(path).loop)
    iterations, chunk, before = int(iterations), int(chunk), resident()
    first = timer.chunks(chunk, float(seconds)) if chunk else []
    for _ in range(2):
        timer.time(iterations)
    spent = [timer.time(iterations) for _ in range(int(repeats))]
    last = [timer.time(chunk) for _ in range(STEADY)] if chunk else []
    measured = {
        "ns": [one / iterations for one in spent],
        "checksum": timer.checksum(iterations),
        "warm_up_ms": warm_up(first, last) if chunk else None,
        "memory_growth_kib": resident() - before,
        "loops": states_of(path),
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main(*sys.argv[1:])
