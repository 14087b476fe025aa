"""A pytest plugin for suites that others wrote: takes a sample of the tests and writes down what became of each.

HARDWIRE_TEST_OUTCOMES: a file, which gets a JSON line [test, phase, outcome] a test ("start" before it runs, so that a crash has a name).
HARDWIRE_TEST_SAMPLE: "EVERY PART...": of files whose names have one of the parts, about one test in EVERY is taken, of others all.
"""

import json
import os
import zlib

OUTCOMES = os.environ["HARDWIRE_TEST_OUTCOMES"]


def write(*what):
    """Appends a line; nothing is held open, since some tests fork or run pytest in a child."""
    with open(OUTCOMES, "a") as file:
        file.write(json.dumps(what) + "\n")


def pytest_collection_modifyitems(config, items):
    """The same tests in every run: a test's own name decides, not its place among the others."""
    every, *parts = os.environ.get("HARDWIRE_TEST_SAMPLE", "1").split()
    taken, left = [], []
    for item in items:
        thinned = any(part in item.path.name for part in parts)
        (left if thinned and zlib.crc32(item.name.encode()) % int(every) else taken).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = taken


def pytest_runtest_logstart(nodeid, location):
    write(nodeid, "start", "")


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        write(report.nodeid, report.when, report.outcome)


def pytest_collectreport(report):
    if report.outcome == "failed":
        write(report.nodeid, "collect", report.outcome)
