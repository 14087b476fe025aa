"""Times a function that does `n` iterations of something."""

import time


def run(work, n=200_000, repeats=15):
    """Calls `work(n)` several times; prints its result and the best time of an iteration."""
    best = None
    for _ in range(repeats):
        start = time.process_time_ns()
        result = work(n)
        spent = time.process_time_ns() - start
        best = spent if best is None else min(best, spent)
    print(f"result {result!r}")
    print(f"ns {best / n:.3f}")
