"""Times an ordinary program: `ordinary.py PROGRAM ROUNDS`.

Prints JSON: the process CPU time of the best round and of all rounds together in ns, the checksum, and how many loops
Hardwire compiled (null where it is off).
"""

import importlib.util
import json
import sys
import time


def load(path):
    """The module in a file."""
    spec = importlib.util.spec_from_file_location("program", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compiled():
    """How many loops Hardwire compiled."""
    hardwire = sys.modules.get("hardwire")
    return None if hardwire is None else hardwire.stats()["compiled"]


def main(path, rounds):
    work = load(path).work
    times, results = [], set()
    for _ in range(int(rounds)):
        start = time.process_time_ns()
        result = work()
        times.append(time.process_time_ns() - start)
        results.add(repr(result))
    checksum = " or ".join(sorted(results))
    print(json.dumps({"best_ns": min(times), "all_ns": sum(times), "checksum": checksum, "compiled": compiled()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
