"""The text that every random program begins with: what its loops call, and how it looks at itself."""

PREAMBLE = '''\
import math
import sys
import weakref
import zlib
from math import inf, nan
import cffi
from bindings import PATH, api, calls, cdll, ffi, lib, pydll
from show import show

data = cffi.FFI()
# The callback is a data pointer: the call is a direct one, and it calls back.
data.cdef("int call_once(void *callback, int x);")
log = []

def note(*what):
    """Notes an event; the last few and the sum of all are printed at the end."""
    global trail
    trail = zlib.crc32(repr(what).encode(), trail)
    log.append(what)
    del log[:-12]

def note_error(problem):
    """Notes an exception, and the lines that it came through."""
    trace, lines = problem.__traceback__, []
    while trace is not None:
        lines.append((trace.tb_frame.f_code.co_name, trace.tb_lineno))
        trace = trace.tb_next
    note(type(problem).__name__, type(problem.__context__).__name__, lines)

class Tally(dict):
    def __missing__(self, key):
        note("missing", key)
        return 3

def moody(x):
    if x % 11 == 5:
        raise ValueError
    return x & 0xFFFF

def deep(depth, x):
    if depth:
        return deep(depth - 1, x + 1) + 1
    if x % 5 == 2:
        raise KeyError(x)
    return x

def passing(x):
    total = 0
    for part in range(x & 3):
        try:
            total += moody(x + part)
        except ValueError as problem:
            if x & 8:
                raise
            total -= 1
        finally:
            total += 2
    return total + deep(1, x)

def cleaning(x):
    with Guard(x) as guard:
        try:
            return deep(x & 1, x)
        except KeyError:
            if x & 16:
                raise IndexError(x)
            return 5
        finally:
            guard.mark += 1
    return 7

def clamp(x):
    return x % 1000003 - 500000

def whole(x):
    return int(x) if -1e9 < x < 1e9 else 1

def number(x):
    """An int of anything."""
    if isinstance(x, int):
        return x & 0xFFFF
    if x is None:
        return -1
    return len(x) if isinstance(x, (str, tuple)) else 7

def grow(things, x):
    """Changes a list that may be under iteration."""
    if x % 3 == 0 and len(things) < 30:
        things.append(x & 0xFF)
    elif x % 5 == 1 and things:
        things.pop()
    elif x % 61 == 7:
        things.clear()
    return len(things)

class Box:
    def __init__(self):
        self.count = 0
        self.value = 0.5

class Kept:
    """Lives as long as a local holds it; the order of deaths is counted."""

    def __init__(self, mark):
        self.mark = mark & 0xFFFF

    def __del__(self):
        global deaths
        deaths = (deaths * 31 + self.mark) & 0xFFFFFFFF

class Plain:
    def __init__(self, mark):
        self.mark = mark & 0xFFFF

def gone(reference):
    global deaths
    deaths = (deaths * 37 + references.pop(reference)) & 0xFFFFFFFF

def watch(thing):
    """Has the death of a thing noted by a weak reference."""
    references[weakref.ref(thing, gone)] = thing.mark
    return thing

def alive(x):
    """Makes an object that dies here."""
    kept = Kept(x)
    return deaths

class Guard:
    """A context manager that swallows some errors."""

    def __init__(self, mark):
        self.mark = mark & 0xFF

    def __enter__(self):
        return self

    def __exit__(self, kind, problem, trace):
        note("exit", self.mark, kind and kind.__name__)
        return kind is not None and self.mark % 3 == 0

def peek(x):
    """What the caller's frame looks like from here."""
    frame = sys._getframe(1)
    values = frame.f_locals
    seen = [frame.f_lineno]
    for name in ("i0", "i1", "i2", "f0", "f1", "b0", "k1", "k2", "a", "b"):
        value = values.get(name)
        seen.append(value.hex() if isinstance(value, float) else value if isinstance(value, (int, str)) else None)
    return zlib.crc32(repr(seen).encode())

def look_back(x):
    try:
        raise KeyError
    except KeyError as problem:
        values = problem.__traceback__.tb_frame.f_back.f_locals
        return hash((values.get("i0"), values.get("i2"), values.get("b1"))) & 0xFFFFFF

def turn(x):
    """Changes a global now and then."""
    global factor, use
    if x % 7 == 3:
        factor = (factor * 5 + 1) % 1000
    if x % 23 == 11:
        use = (plus if use is minus else minus)
    return factor

def plus(x):
    return x + 1

def minus(x):
    return x - 1

def shadow(on):
    """Puts a module-level name in front of a builtin, or takes it away."""
    if on:
        globals()["abs"] = lambda x: x if x > 0 else 1 - x
    else:
        globals().pop("abs", None)

@ffi.callback("int(int)")
def back(x):
    global factor
    if x % 13 == 5:
        factor = x % 100
        WEIGHTS[x % 3] = x & 15
        sys._getframe(1)
    return x & 0xFFF

def adder(by):
    return lambda x: x + by

def upto(n):
    try:
        for number in range(n):
            yield number * 3 - 5
    finally:
        note("upto ends", n)

def until(n):
    number = 0
    while number < n:
        got = yield number
        number += got or 1

def counting(number):
    while True:
        got = yield number & 0xFFFF
        number += got or 1

def counts(*things):
    """Reference counts, less what they are at the start."""
    return [sys.getrefcount(thing) for thing in things]

trail = 0
references = {}
factor = 3
use = plus
deaths = 0
STEPS, WEIGHTS, CORNERS = (1, -1, 3), [2, 5, 7], ((0, 0.5), (1, -1.5), (-1, inf))
callback = data.cast("void *", back)
calling = data.dlopen(PATH)
api.calls_reset()
'''
