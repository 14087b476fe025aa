"""C functions that call back into Python while a compiled loop is inside them."""

# === callbacks: compiled=run
import ctypes
from bindings import api, api_ffi, calls, cdll, ffi, lib, pydll
from show import show

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
PY_INT_INT = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int)

def double(x):
    return 2 * x

def run(lib, callback, n):
    total = 0
    for i in range(n):
        total += lib.call_n(callback, i % 4)
        total += lib.call_once(callback, i)
    return total

for library, callback in (
    (lib, ffi.callback("int(int)", double)),
    (api, api_ffi.callback("int(int)", double)),
    (cdll, INT_INT(double)),
    (pydll, INT_INT(double)),
    (lib, lib.twice_pointer()),
    (cdll, cdll.twice_pointer()),
):
    api.calls_reset()
    show(run(library, callback, 20), run(library, callback, 100), calls())

# === callback_raises: compiled=run
import ctypes
import sys
from bindings import api, calls, cdll, ffi, lib
from show import show

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
problems = []

def hook(info):
    problems.append((type(info.exc_value).__name__, str(info.exc_value), info.exc_traceback.tb_lineno))

def onerror(kind, value, trace):
    problems.append((kind.__name__, str(value), trace.tb_lineno))
    return -50

def moody(x):
    if x % 13 == 12:
        raise ValueError(x)
    return x

def run(lib, callback, n):
    total = 0
    for i in range(n):
        result = lib.call_once(callback, i)
        # What a ctypes callback that raised gives back is whatever lay in memory.
        if i % 13 != 12 or lib is not cdll:
            total += result
    return total

sys.unraisablehook, before = hook, sys.unraisablehook
for library, callback in (
    (lib, ffi.callback("int(int)", moody, error=-100)),
    (lib, ffi.callback("int(int)", moody, onerror=onerror)),
    (cdll, INT_INT(moody)),
):
    api.calls_reset()
    problems.clear()
    show(run(library, callback, 20), run(library, callback, 60), calls())
    show(problems)
sys.unraisablehook = before

# === callback_looks_at_the_loop: compiled=run
import ctypes
import sys
import traceback
from bindings import api, calls, cdll, ffi, lib, pydll
from show import show

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)

def look(x):
    if x % 30 == 29:
        frame = sys._getframe(1)
        show(sorted((name, value) for name, value in frame.f_locals.items() if name not in ("lib", "callback")))
        show(frame.f_lineno, [entry.lineno for entry in traceback.extract_stack(limit=3)])
    return x + 1

def run(lib, callback, n):
    total = 0
    half = 0.5
    for i in range(n):
        half = half * 0.5 + i
        total += lib.call_once(
            callback, i)
        total -= lib.call_once(callback, 0)
        flag = i % 2 == 0
    return total, half, flag

for library, callback in ((lib, ffi.callback("int(int)", look)), (cdll, INT_INT(look)), (pydll, INT_INT(look))):
    api.calls_reset()
    show(run(library, callback, 20), run(library, callback, 100), calls())

# === callback_runs_the_same_loop: compiled=run
import ctypes
from bindings import api, calls, cdll, ffi, lib, pydll
from show import show

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)

def again(depth):
    return run(depth - 1, 5) & 0xFFFF if depth > 0 else 1

def run(depth, n):
    total = 0
    for i in range(n):
        total += now[0].call_once(now[1], depth) + i
    return total

now = None
for now in ((lib, ffi.callback("int(int)", again)), (cdll, INT_INT(again)), (pydll, INT_INT(again))):
    api.calls_reset()
    show(run(0, 50), run(1, 20), run(3, 10), calls())

# === callback_changes_globals: compiled=run
from bindings import api, calls, ffi, lib
from show import show

factor = 2

def step(x):
    return x + 1

def other(x):
    return x * 100

@ffi.callback("int(int)")
def change(x):
    global factor, step
    if x == 40:
        factor = 0.5
    elif x == 60:
        step = other
    elif x == 80:
        del globals()["factor"]
    return x

def run(n):
    total = 0
    for i in range(n):
        total += lib.call_once(change, i)
        total += step(i) * factor
    return total

api.calls_reset()
show(run(30), run(75), calls())
factor = 3
try:
    run(100)
except NameError as problem:
    show(str(problem), problem.__traceback__.tb_next.tb_lineno, calls())

# === callback_changes_the_list: compiled=run
from bindings import api, calls, ffi, lib
from show import show

values = list(range(60))

@ffi.callback("int(int)")
def change(x):
    if x == 40:
        values.append(1000)
    elif x == 50:
        del values[55:]
    elif x == 54:
        values.extend([0.5, True])
    return 1

def run(values):
    total = 0
    for v in values:
        total += lib.call_once(change, int(v))
        total += v
    return total

api.calls_reset()
show(run(values), calls(), len(values))

# === callback_starts_tracing: compiled=run
import sys
from bindings import api, calls, ffi, lib
from show import show

events = []

def tracer(frame, event, arg):
    if frame.f_code.co_name in ("run", "work"):
        events.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno))
        return tracer

@ffi.callback("int(int)")
def switch(x):
    if x == 50:
        sys.settrace(tracer)
        sys._getframe(1).f_trace = tracer
    elif x == 53:
        sys.settrace(None)
    return x

def work(x):
    return x

def run(n):
    total = 0
    for i in range(n):
        total += lib.call_once(switch, i)
        total += work(i)
    return total

show(run(100))
show(events)

# === callback_collects_and_switches: compiled=run
import gc
import threading
import time
from bindings import api, calls, cdll, ffi, lib
from show import show

counts = [0]
stop = threading.Event()

def spin():
    while not stop.is_set():
        counts[0] += 1
        time.sleep(0)

@ffi.callback("int(int)")
def pause(x):
    if x % 20 == 0:
        gc.collect()
        time.sleep(0.001)
    return x

def run(n):
    total = 0
    for i in range(n):
        total += lib.call_once(pause, i)
        total += cdll.isum2(i, 1)
    return total

api.calls_reset()
thread = threading.Thread(target=spin)
thread.start()
show(run(100), calls())
stop.set()
thread.join()
show(counts[0] > 0)

# === callback_closes_or_rebinds: compiled=run
from bindings import api, calls, cdll, lib as abi, open_abi
from show import error, show

ffi, lib = open_abi()

@ffi.callback("int(int)")
def change(x):
    global lib
    if x == 50:
        lib = cdll
    elif x == 70:
        lib = abi
    return x

def run(n):
    total = 0
    for i in range(n):
        total += abi.call_once(change, i)
        total += lib.isum2(i, 1)
    return total

api.calls_reset()
show(run(100), calls())

# === void_callback: compiled=run
import ctypes
from bindings import api, calls, cdll, ffi, lib
from show import show

turns = 0

def turn():
    global turns
    turns += 1

VOID = ctypes.CFUNCTYPE(None)

def run(lib, callback, n):
    for i in range(n):
        lib.call_void(callback)
    return i

for library, callback in ((lib, ffi.callback("void()", turn)), (cdll, VOID(turn))):
    api.calls_reset()
    turns = 0
    show(run(library, callback, 20), run(library, callback, 100), turns, calls())

# === extern_exception_after_the_callback: compiled=run raises
import ctypes
from bindings import api, calls, ffi, lib
from show import show

class Stop(Exception):
    pass

pending = []

@ffi.callback("int(int)")
def ask(x):
    if x == 77:
        pending.append(Stop(x))
    return x

def check():
    if pending:
        raise pending.pop()

def run(n):
    total = 0
    for i in range(n):
        total += lib.call_once(ask, i)
        check()
    return total

api.calls_reset()
show(run(60), calls())
run(100)
