"""Starts Hardwire in a script run by the tests, behind the bindings, and writes its statistics at exit.

HARDWIRE_TEST_THRESHOLD: the threshold (unset: stay off). HARDWIRE_TEST_STATS: the file for `hardwire.stats()`.
HARDWIRE_TEST_OPTIONS: more options, as the text of a dict.
"""

import os

if "HARDWIRE_TEST_THRESHOLD" in os.environ:
    import atexit
    import json

    try:
        # Before Hardwire: what parsing the headers does would be compiled in each process, which takes seconds.
        import bindings  # noqa: F401
    except ImportError:
        # Not in a sub-interpreter.
        pass
    import hardwire

    def write_stats():
        with open(os.environ["HARDWIRE_TEST_STATS"], "w", encoding="utf-8") as file:
            json.dump(hardwire.stats(), file)

    try:
        options = eval(os.environ.get("HARDWIRE_TEST_OPTIONS", "{}"))
        hardwire.enable(threshold=int(os.environ["HARDWIRE_TEST_THRESHOLD"]), all=True, **options)
        atexit.register(write_stats)
    except RuntimeError as problem:
        # It works in the main interpreter alone.
        if "subinterpreters" not in str(problem):
            raise
