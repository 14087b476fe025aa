"""Suites that others wrote give the same result with Hardwire at its lowest threshold as without: some of CPython's own.

A bounded part of them: the modules here take about a second each. HARDWIRE_TEST_SUITES names more (as `python -m test` takes them).
"""

import os
import re
import subprocess
import sys

import pytest

# What is about loops, calls, numbers, frames and whoever watches them.
MODULES = [
    "test_ctypes",
    "test_generators",
    "test_coroutines",
    "test_exceptions",
    "test_dict",
    "test_list",
    "test_float",
    "test_sys_settrace",
    "test_sys_setprofile",
    "test_frame",
    "test_traceback",
    "test_scope",
    "test_sort",
    "test_weakref",
    "test_global",
    "test_monitoring",
    *os.environ.get("HARDWIRE_TEST_SUITES", "").split(),
]
# The suite of sys.monitoring insists that nobody uses a tool: ours is hidden from it.
RUNNER = """
import sys
from test.libregrtest.main import main

monitoring = sys.monitoring
get_events, all_events = monitoring.get_events, monitoring._all_events
monitoring.get_events = lambda tool: get_events(tool) & ~(monitoring.events.JUMP if tool == 5 else 0)
monitoring._all_events = lambda: {name: tools & ~32 for name, tools in all_events().items() if tools & ~32}
main()
"""

def result(harness, directory, module, on):
    """(exit status, numbers of tests, names of those that failed, the whole text) of one of CPython's test modules."""
    extra = {"HARDWIRE_TEST_THRESHOLD": "1", "HARDWIRE_TEST_STATS": os.devnull} if on and harness.has_engine else {}
    environment = harness.environment(1 if on else None, extra)
    command = [sys.executable, "-X", "faulthandler", "-c", RUNNER, "-q", "-W", "--timeout", "120", module]
    ran = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, errors="replace")
    text = ran.stdout + ran.stderr
    numbers = re.search(r"^Total tests: (.*)$", text, re.MULTILINE)
    return ran.returncode, numbers and numbers[1], sorted(set(re.findall(r"^(?:FAIL|ERROR): (.*)$", text, re.MULTILINE))), text


@pytest.mark.parametrize("module", MODULES)
def test_of_cpython(harness, module):
    directory = harness.fresh("suite")
    off = result(harness, directory, module, False)
    if off[1] is None:
        pytest.skip(f"this Python has no {module}")
    on = result(harness, directory, module, True)
    assert off[:3] == on[:3], on[3][-4000:]
