"""Native loops stay interruptible: signals, other threads, asynchronous exceptions and gc callbacks get their turn.

These programs are about time, so they tell what happened (yes or no) and not how long it took.
"""

import re
import signal
import time

import pytest

LOOPS = {
    "numbers": "while True:\n        total += i * 3 & 7\n        i += 1",
    "floats": "while True:\n        half = half * 0.5 + 1.0\n        i += 1",
    "range": "for i in range(10**15):\n        total ^= i",
    "abi": "while True:\n        total ^= lib.id_i64(i)\n        i += 1",
    "api": "while True:\n        total ^= api.id_i64(i)\n        i += 1",
    "cdll": "while True:\n        total ^= cdll.id_i64(i)\n        i += 1",
    "pydll": "while True:\n        total ^= pydll.id_i64(i)\n        i += 1",
    "python": "while True:\n        total ^= same(i)\n        i += 1",
    "nested": "while True:\n        for j in range(10):\n            total ^= j\n        i += 1",
    "side_exit": "while True:\n        if i % 5 == 0:\n            total = 2**62 + 2**62\n        else:\n            total = i\n        i += 1",
    "blocking": "while True:\n        total ^= lib.nap_us(200)\n        i += 1",
}
HEAD = """\
import gc, os, signal, sys, threading, time
from bindings import api, cdll, lib, pydll

# Functions are looked up, which takes a while with cffi, before anything is timed.
lookups = [(library.id_i64(0), library.nap_us(0)) for library in (lib, api, cdll, pydll)]

def same(x):
    return x

def run():
    total = i = 0
    half = 0.5
    {loop}

"""
INTERRUPT = (
    HEAD
    + """
import traceback

def interrupt():
    time.sleep(0.2)
    started.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)

started = []
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=interrupt, daemon=True).start()
try:
    run()
except KeyboardInterrupt as problem:
    took = time.monotonic() - started[0]
    print("in time" if took < 5 else f"only after {{took:.3f}} s")
    names = [entry.name for entry in traceback.extract_tb(problem.__traceback__)]
    print("from the loop" if "run" in names else names)
    frame = problem.__traceback__.tb_next
    print("line inside" if frame.tb_lineno > frame.tb_frame.f_code.co_firstlineno + 2 else f"line {{frame.tb_lineno}}")
    print("far" if frame.tb_frame.f_locals["i"] > 100 else frame.tb_frame.f_locals)
"""
)
CONTROL_C = HEAD + "print('ready', flush=True)\nrun()\n"
TIMER = (
    HEAD
    + """
class Enough(Exception):
    pass

def handler(number, frame):
    global seen
    seen += 1
    if frame.f_code.co_name not in ("run", "same"):
        print("in", frame.f_code.co_name)
    if seen == 20:
        signal.setitimer(signal.ITIMER_REAL, 0)
        raise Enough

seen = 0
signal.signal(signal.SIGALRM, handler)
begin = time.monotonic()
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
try:
    run()
except Enough:
    print("handlers ran", seen)
print("in time" if time.monotonic() - begin < 10 else "late")
"""
)
TWO_THREADS = (
    HEAD
    + """
class Stop(BaseException):
    pass

def count():
    n = 0
    while not stop.is_set():
        n += 1
        if n % 100 == 0:
            counts[0] += 1

import ctypes
counts = [0]
stop = threading.Event()

def native():
    try:
        run()
    except Stop:
        print("stopped")

worker = threading.Thread(target=native, daemon=True)
worker.start()
counter = threading.Thread(target=count)
counter.start()
time.sleep(0.25)
first = counts[0]
time.sleep(0.25)
print("the other thread runs" if counts[0] > first > 0 else ("starved", first, counts[0]))
begin = time.monotonic()
ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(Stop))
worker.join(5)
print("ended" if not worker.is_alive() else "still runs")
print("in time" if time.monotonic() - begin < 10 else "late")
stop.set()
counter.join()
"""
)
GC_CALLBACKS = (
    HEAD
    + """
class Enough(Exception):
    pass

def callback(phase, info):
    phases.append(phase)

phases = []
gc.callbacks.append(callback)

def garbage():
    for turn in range(30):
        time.sleep(0.002)
        things = [[] for _ in range(2000)]
    signal.raise_signal(signal.SIGINT)

threading.Thread(target=garbage, daemon=True).start()
try:
    run()
except KeyboardInterrupt:
    print("interrupted")
print("collected" if "stop" in phases else phases)
"""
)
CRASH = """\
import faulthandler, sys
from bindings import {library} as library

def run(n, at):
    total = 0
    for i in range(n):
        total += library.id_i32(i)
        total += (
            library.crash_at(i, at)
        )
        if i == lasting:
            faulthandler.dump_traceback_later(0.05)
            library.nap_us(250000)
            faulthandler.cancel_dump_traceback_later()
    return total

lasting = -1
run(300, -1)
lasting = 250
print(run(300, -1), flush=True)
lasting = -1
run(300, 260)
"""


@pytest.mark.parametrize("loop", LOOPS)
def test_interrupt_from_a_thread(differential, loop):
    outcome = differential(INTERRUPT.format(loop=LOOPS[loop]), compiled="run")
    assert outcome.stdout.split("\n")[:4] == ["in time", "from the loop", "line inside", "far"], outcome.stdout + outcome.stderr


@pytest.mark.parametrize("loop", ["numbers", "abi", "pydll", "nested"])
@pytest.mark.parametrize("on", [False, True], ids=["off", "on"])
def test_control_c_from_outside(harness, loop, on):
    process, stats = harness.start(CONTROL_C.format(loop=LOOPS[loop]), on)
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.15)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        outcome = harness.finish(process, stats, timeout=10)
    finally:
        process.kill()
    assert time.monotonic() - begin < 8
    assert outcome.status == -signal.SIGINT
    # The line may be any of the loop's: which one, chance decides.
    assert re.search(r'File ".*program.py", line \d+, in run\n', outcome.stderr) and outcome.stderr.endswith("KeyboardInterrupt\n")


@pytest.mark.parametrize("loop", [name for name in LOOPS if name != "blocking"])
def test_timer_handlers_run(differential, loop):
    outcome = differential(TIMER.format(loop=LOOPS[loop]), compiled="run")
    assert outcome.stdout == "handlers ran 20\nin time\n"


@pytest.mark.parametrize("loop", LOOPS)
def test_threads_progress_and_async_exceptions_arrive(differential, loop):
    outcome = differential(TWO_THREADS.format(loop=LOOPS[loop]), compiled="run")
    assert outcome.stdout == "the other thread runs\nstopped\nended\nin time\n", outcome.stdout + outcome.stderr


@pytest.mark.parametrize("loop", ["numbers", "abi", "python"])
def test_gc_callbacks_run(differential, loop):
    outcome = differential(GC_CALLBACKS.format(loop=LOOPS[loop]), compiled="run")
    assert outcome.stdout == "interrupted\ncollected\n"


@pytest.mark.parametrize("library", ["lib", "api", "cdll", "pydll"])
def test_a_crash_in_c_names_the_line(harness, library):
    def run(on):
        outcome = harness.finish(*harness.start(CRASH.format(library=library), on, threshold=20))
        said = [line for line in outcome.stderr.splitlines() if re.match(r"Fatal|Timeout|  File", line)]
        return outcome.stdout, outcome.status, [re.sub(r'".*"', "program", line) for line in said]

    off, on = run(False), run(True)
    assert on == off
    assert off[1] == -signal.SIGSEGV
    assert [line.split(", ")[1] for line in off[2] if "File" in line] == ["line 13 in run", "line 20 in <module>", "line 9 in run", "line 22 in <module>"], off[2]
