"""CPython's own regression tests give the same result with Hardwire at its lowest threshold as without.

A part of them that takes about a second a module, or what HARDWIRE_TEST_SUITES names: more modules (as `python -m test` takes them), or `all` that this
Python has, which takes about an hour. The tests that say something else by their nature are in SKIPPED.
"""

import os
import re
import signal
import subprocess
import sys

import pytest

ASKED = os.environ.get("HARDWIRE_TEST_SUITES", "").split()
WHOLE = ASKED == ["all"]
# What is about loops, calls, numbers, frames and whoever watches them.
SAMPLE = [
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
]
# (module, pattern of its tests, why they are left out off and on). Where a tool is named, any tool of sys.monitoring that asks for JUMP events and does
# nothing changes the result too.
SPECIALISED = "expects that the interpreter specialised a function, whose calls ran natively"
FEEDER = "a deadlock of CPython's where the pool is slow: what cannot be pickled is told of under the lock that shutdown holds while it waits for who tells"
SKIPPED = [
    ("test_capi", "*.TestTypeWatchers.test_error", "expects to be given the first watcher of types, which is ours"),
    ("test_code", "*", "drops its callback for the extra word of code objects, which CPython calls for each that has a tool's extra word"),
    ("test_concurrent_futures", "*.test_processes_terminate", FEEDER),
    ("test_dis", "*.test_loop_quicken", "a tool's instrumented jump is in the listing"),
    ("test_dis", "*.test_super_instructions", SPECIALISED),
    ("test_int", "*.test_denial_of_service_prevented_*", "skip themselves where a conversion takes less than 1/64 s, which is chance"),
    ("test_opcache", "*.TestRacesDoNotCrash.*", "expects that the interpreter specialised the bytecodes of a loop, which then did not run there"),
    ("test_queue", "*.CSimpleQueueTest.test_reentrancy", "expects the collector to run at certain allocations"),
    ("test_socket", "*VSOCK*", "waits for ever where the machine has a vsock device and nobody at its other end"),
    ("test_sort", "*.TestOptimizedCompares.test_safe_object_compare", "compares the identity of numbers that a loop read and passed on"),
    ("test_sort", "*.TestOptimizedCompares.test_unsafe_float_compare", "compares the identity of numbers that a loop read and passed on"),
    ("test_type_cache", "*.TypeCacheWithSpecializationTests.*", SPECIALISED),
]
# The suite of sys.monitoring insists that nobody uses a tool: ours is hidden from it. A shell has what it starts in the background ignore SIGINT, for which
# some tests would wait for ever.
RUNNER = """
import signal
import sys
from test.libregrtest.main import main

signal.signal(signal.SIGINT, signal.default_int_handler)
monitoring = sys.monitoring
get_events, all_events = monitoring.get_events, monitoring._all_events
monitoring.get_events = lambda tool: get_events(tool) & ~(monitoring.events.JUMP if tool == 5 else 0)
monitoring._all_events = lambda: {name: tools & ~32 for name, tools in all_events().items() if tools & ~32}
main()
"""
# Seconds that a file of tests may take, and a module. Those that start many processes take ten times as long with each of these at its lowest threshold.
TEST, MODULE = (600, 1800) if ASKED else (120, 300)


def modules():
    """The modules to run."""
    if not WHOLE:
        return SAMPLE + ASKED
    listed = subprocess.run([sys.executable, "-m", "test", "--list-tests"], capture_output=True, text=True, check=True).stdout.split()
    return [module for module in listed if (module, "*") not in [row[:2] for row in SKIPPED]]


def result(harness, directory, module, on):
    """(exit status, numbers of tests, names of those that failed, the whole text) of one of CPython's test modules."""
    extra = {"HARDWIRE_TEST_THRESHOLD": "1", "HARDWIRE_TEST_STATS": os.devnull} if on and harness.has_engine else {}
    environment = harness.environment(1 if on else None, extra)
    ignored = [word for name, pattern, _ in SKIPPED if name == module for word in ("-i", pattern)]
    command = [sys.executable, "-X", "faulthandler", "-c", RUNNER, "-q", "-W", "--timeout", str(TEST), *ignored, module]
    with open(directory / "output", "w+", errors="replace") as output:
        streams = dict(stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        process = subprocess.Popen(command, cwd=directory, env=environment, start_new_session=True, **streams)
        try:
            status = process.wait(MODULE)
        except subprocess.TimeoutExpired:
            status = f"no end within {MODULE} s"
        finally:
            # It may have left some of its own processes behind.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        output.seek(0)
        text = output.read()
    numbers = re.search(r"^Total tests: (.*)$", text, re.MULTILINE)
    return status, numbers and numbers[1], sorted(set(re.findall(r"^(?:FAIL|ERROR): (.*)$", text, re.MULTILINE))), text


@pytest.mark.parametrize("module", modules())
def test_of_cpython(harness, module):
    # Some of these tests depend on time or chance: what differs does so twice.
    for attempt in range(2):
        directory = harness.fresh("suite")
        off = result(harness, directory, module, False)
        if off[1] is None:
            pytest.skip(f"this Python has no {module}")
        on = result(harness, directory, module, True)
        if off[:3] == on[:3]:
            return
    assert off[:3] == on[:3], on[3][-4000:]
