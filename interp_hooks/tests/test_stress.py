"""Threads, callbacks, C threads, forks, signals and collections all at once, while loops around foreign calls run natively.

HARDWIRE_STRESS_SECONDS says how long (default 4), HARDWIRE_STRESS_SEED where to begin (default 1); each seed is a process of its own that
works for two seconds. For a minute: `HARDWIRE_STRESS_SECONDS=60 pytest test_stress.py`. A process that does not end, dies, or finds that its
own sums are wrong fails, and says its seed.
"""

import os
import signal
import subprocess
from pathlib import Path

import pytest

SECONDS = float(os.environ.get("HARDWIRE_STRESS_SECONDS", "4"))
FIRST = int(os.environ.get("HARDWIRE_STRESS_SEED", "1"))
EACH = 2.0
SEEDS = range(FIRST, FIRST + max(1, round(SECONDS / EACH)))
# How long a process may take in the end: many times what it should.
PATIENCE = 60

PROGRAM = """
import ctypes, faulthandler, gc, os, random, signal, sys, threading, time
from bindings import api, api_ffi, cdll, ffi, lib, pydll

SEED, SECONDS = int(sys.argv[1]), float(sys.argv[2])
faulthandler.dump_traceback_later(50, exit=True)
INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
END = time.monotonic() + SECONDS
made = []

def answer(x):
    global made
    made = [{"x": [x] * 3} for _ in range(3)]
    if x % 11 == 0:
        gc.collect(0)
    if x % 13 == 0:
        time.sleep(0)
    total = 0
    for k in range(20):
        total += lib.isum2(k, x)
    assert total == 190 + 40 * x, total
    return x + 1

# Looked up now: cffi holds a lock meanwhile, which a child of another thread's fork would wait for.
NAMES = ("isum2", "id_i32", "nap_us", "call_every", "call_from_thread", "spin_us")
FOUND = [getattr(library, name) for library in (lib, api, cdll, pydll) for name in NAMES]

CALLBACKS = [ffi.callback("int(int)", answer), api_ffi.callback("int(int)", answer), INT_INT(answer)]
LIBRARIES = [lib, api, cdll]

def short(n, library):
    total = 0
    for i in range(n):
        total += library.isum2(i, 1)
    return total

def mixed(n, library, us, period):
    total = 0
    for i in range(n):
        total += library.id_i32(i)
        if i % period == 0:
            library.nap_us(us)
    return total

def calling(n, library, callback, period):
    total = 0
    for i in range(n):
        total += library.call_every(callback, i, period)
    return total

def from_threads(n, library, callback):
    total = 0
    for i in range(n):
        total += library.call_from_thread(callback, i)
    return total

def spinning(n, library, us):
    total = 0
    for i in range(n):
        total += library.spin_us(us)
    return total

def turn(r):
    n = r.choice((3, 40, 400, 3000))
    which = r.randrange(3)
    library, callback = LIBRARIES[which], CALLBACKS[which]
    kind = r.randrange(6)
    if kind == 0:
        assert short(n, library) == sum(i + 2 for i in range(n))
    elif kind == 1:
        assert mixed(n, library, r.choice((0, 1, 60, 400)), r.choice((50, 170))) == sum(range(n))
    elif kind == 2:
        period = r.choice((1, 7, 50))
        assert calling(n, library, callback, period) == sum(i + (i % period == 0) for i in range(n))
    elif kind == 3:
        n = min(n, 40)
        assert from_threads(n, library, callback) == sum(i + 1 for i in range(n))
    elif kind == 4:
        n = min(n, 40)
        assert spinning(n, library, r.choice((0, 2, 30, 200))) >= 0
    else:
        assert pydll.id_i32(n) == n and short(n, pydll) == sum(i + 2 for i in range(n))

def work(seed):
    r = random.Random(seed)
    try:
        while time.monotonic() < END:
            turn(r)
            turns[0] += 1
    except BaseException as problem:
        failed.append(problem)
        raise

def on_alarm(number, frame):
    alarms[0] += 1
    sum(range(50))

turns, failed, alarms = [0], [], [0]
signal.signal(signal.SIGALRM, on_alarm)
signal.setitimer(signal.ITIMER_REAL, 0.003, 0.003)

def on_interrupt(number, frame):
    # In a turn of the main thread, but not in what is called back: what that raises is lost, and its result with it.
    codes = set()
    while frame is not None:
        codes.add(frame.f_code)
        frame = frame.f_back
    if turn.__code__ in codes and answer.__code__ not in codes:
        raise KeyboardInterrupt

signal.signal(signal.SIGINT, on_interrupt)
threads = [threading.Thread(target=work, args=(SEED * 100 + k,)) for k in range(4)]
for thread in threads:
    thread.start()

def interrupts():
    r = random.Random(SEED)
    while time.monotonic() < END:
        time.sleep(r.choice((0.01, 0.05, 0.1)))
        os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupts, daemon=True).start()
r = random.Random(SEED + 7)
interrupted = children = 0
while time.monotonic() < END:
    try:
        turn(r)
        if r.random() < 0.1:
            import warnings
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                child = os.fork()
            if child == 0:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGALRM, signal.SIG_IGN)
                END = time.monotonic() + 0.05
                others = [threading.Thread(target=work, args=(SEED * 1000 + k,)) for k in range(2)]
                for thread in others:
                    thread.start()
                for thread in others:
                    thread.join()
                os._exit(1 if failed else 0)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert status == 0, f"a child ended with {status}"
            children += 1
    except KeyboardInterrupt:
        interrupted += 1
for thread in threads:
    thread.join()
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.setitimer(signal.ITIMER_REAL, 0)
assert not failed, failed
print("done", turns[0] > 0, alarms[0] > 0)
faulthandler.cancel_dump_traceback_later()
sys.stdout.flush()
sys.stderr.write(f"{turns[0]} turns, {alarms[0]} alarms, {interrupted} interrupts, {children} children\\n")
"""


def kill_all_of(script):
    """Kills what runs a script."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if script.encode() in entry.read_bytes().split(b"\0"):
                os.kill(int(entry.parent.name), signal.SIGKILL)
        except OSError:
            pass  # gone meanwhile


@pytest.mark.parametrize("seed", SEEDS)
def test_stress(harness, seed):
    process, _ = harness.start(PROGRAM, True, threshold=3, arguments=(str(seed), str(EACH)))
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        # A child that hangs keeps the pipes open.
        kill_all_of(process.args[3])
        out, err = process.communicate()
        pytest.fail(f"seed {seed}: still running after {PATIENCE} s\n{out}\n{err}", pytrace=False)
    print(err)
    assert (process.returncode, out) == (0, "done True True\n"), f"seed {seed}: {process.returncode}\n{out}\n{err}"
