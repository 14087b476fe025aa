"""Classes around a handle of C: methods with `*arguments` and properties between the loop and the call, and handles that end meanwhile."""

# === layers: compiled=run
from bindings import api, api_ffi, calls, cdll, ffi, lib, out, out_ffi, pydll
from show import show

class Handle:
    def __init__(self, pointer): self._pointer = pointer
    @property
    def pointer(self):
        if self._pointer is None:
            raise ValueError("closed")
        return self._pointer
    def call(self, function, *arguments):
        return function(self.pointer, *arguments)
    def close(self): self._pointer = None

class Counter(Handle):
    lib = None
    def once(self, x): return self.call(self.lib.call_once, x)
    def many(self, times=2): return self.call(self.lib.call_n, times)
    def sum(self, a, b, *, c=0): return self.pass_on(a, b) + c
    def pass_on(self, *numbers): return self.lib.isum2(*numbers)

def run(counter, n):
    total = 0
    for i in range(n):
        total += counter.once(i) + counter.many(times=i & 3) + counter.sum(i, 2, c=i)
    return total

for library, pointer in (
    (lib, lib.twice_pointer()),
    (api, api.twice_pointer()),
    (out, out.twice_pointer()),
    (cdll, cdll.twice_pointer()),
    (pydll, pydll.twice_pointer()),
):
    api.calls_reset()
    counter = Counter(pointer)
    counter.lib = library
    show(run(counter, 20), run(counter, 300), calls())
    counter.close()
    try:
        run(counter, 5)
    except ValueError as problem:
        show(str(problem), problem.__traceback__.tb_next.tb_lineno)

# === wrong_arguments
from bindings import api, calls, cdll, ffi, lib, pydll
from show import show

def on(function, *arguments): return function(*arguments)
def three(function, a, *more): return function(a, *more)

def run(lib, n):
    found = []
    for i in range(n):
        x = i if i % 9 else "text" if i % 2 else 1 << 70
        for many in ((i, x), (x,), (i, 2, 3)):
            try:
                found.append(on(lib.isum2, *many))
            except Exception as problem:
                found.append((type(problem).__name__, str(problem), problem.__traceback__.tb_next.tb_lineno))
        try:
            found.append(three(lib.isum2, i, x))
        except Exception as problem:
            found.append((type(problem).__name__, str(problem)))
    return found

for library in (lib, api, cdll):
    api.calls_reset()
    found = run(library, 60)
    show(len(found), found[:12], found[-12:], calls())

# === handles_that_end_during_the_call: compiled=run
import ctypes
import weakref
from bindings import api, calls, cdll, ffi, lib
from show import show

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)

class Holder:
    def __init__(self, make):
        self.make = make
        self.renew()
    def renew(self):
        pointer = self.make(self.turn)
        self.watch = weakref.ref(pointer, lambda ref: log.append("dead"))
        self.pointer = pointer
    def turn(self, x):
        if x % 20 == 19:
            self.renew()
            log.append(("new", x))
        return x * 2
    @property
    def handle(self): return self.pointer
    def call(self, function, *arguments): return function(self.pointer, *arguments)
    def through(self, function, *arguments): return function(self.handle, *arguments)
    def plain(self, function, x): return function(self.pointer, x)

def run(holder, function, n):
    total = 0
    for i in range(n):
        total += holder.call(function, i)
        log.append(i)
        total += holder.through(function, i + 1)
        log.append(-i)
        total += holder.plain(function, i + 2)
    return total

for function, make in ((lib.call_once, lambda f: ffi.callback("int(int)", f)), (cdll.call_once, INT_INT)):
    log = []
    show(run(Holder(make), function, 90), len(log), log[:8], log[-50:])

# === callback_looks_at_the_frames: compiled=run
import sys
from bindings import api, calls, ffi, lib
from show import show

@ffi.callback("int(int)")
def look(x):
    if x % 30 == 29:
        found, frame = [], sys._getframe(1)
        while frame and frame.f_code.co_name != "<module>":
            found.append((frame.f_code.co_name, frame.f_lineno, sorted((k, v) for k, v in frame.f_locals.items() if k not in ("function", "look"))))
            if "arguments" in frame.f_locals:
                seen.append(frame.f_locals["arguments"])
            frame = frame.f_back
        log.append(found)
    return x + 1

def call(function, *arguments):
    kept = arguments
    result = function(look,
                      *arguments)
    if seen:
        log.append((seen[-1] is arguments, seen[-1] is kept, len(seen)))
        del seen[:]
    return result, arguments

def run(n):
    total = 0
    for i in range(n):
        result, arguments = call(lib.call_once, i)
        total += result + arguments[0]
    return total

log, seen = [], []
show(run(200), len(log), log)

# === structs_and_pointers_in_tuples: compiled=run
from bindings import ffi, lib
from show import show

def pair(p): return p, p[0]
def rest(*args): return args
def fields(p, *names): return p.x, p.y

def run(n):
    total, p = 0, ffi.new("int[4]", [1, 2, 3, 4])
    for i in range(n):
        q, first = pair(p + i % 3)
        total += q[0] + first
        t = rest(q, ffi.cast("int", i), p)
        total += t[0][1] + int(t[1]) + t[2][0]
        a, b, c = t
        total += (c == p) + (a == q)
        q[0] = first + 1
    return total

show(run(3), run(60), run(300))

# === spread_functions_that_raise: compiled=run
# Functions of the Python API that raise now and then, behind `*`: at the call, on operands of its own.
import ctypes
from show import show

text = ctypes.pythonapi.PyUnicode_FromKindAndData
text.argtypes, text.restype = [ctypes.c_int, ctypes.c_size_t, ctypes.c_ssize_t], ctypes.c_size_t

def all_spread(function, *arguments):
    return function(*arguments)

def one_given(function, first, *more):
    return function(
        first,
        *more,
    )

def two_given(function, first, second, *more):
    return function(first, second, *more)

def lines(problem):
    entry, found = problem.__traceback__, []
    while entry is not None:
        found.append((entry.tb_frame.f_code.co_name, entry.tb_lineno))
        entry = entry.tb_next
    return found

def run(call, wrong, n):
    empty = 0
    for i in range(n):
        empty += call(text, wrong if i == n - 3 else 1, 0, 0) > 0
    return empty

def caught(call, wrong, n):
    empty, found = 0, []
    for i in range(n):
        try:
            empty += call(text, 1, 0, wrong if i % 7 == 6 else 0) > 0
        except ValueError as problem:
            found.append((str(problem), lines(problem)))
    return empty, found[:2], found[-1], len(found)

for call in (all_spread, one_given, two_given):
    show(run(call, 1, 200), run(call, 2, 200), caught(call, -1, 200))
    try:
        run(call, 3, 200)
    except SystemError as problem:
        show(str(problem), lines(problem))
