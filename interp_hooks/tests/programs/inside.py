"""Python code that runs through the interpreter in the middle of a function that became part of a trace."""

# === a_call_through_the_interpreter: compiled=run
from show import show

def spread(*numbers, **named): return sum(numbers)
def scale(x, y):
    z = spread(x, y, 1) * 2
    return z - spread(z, x)
def twice(x): return scale(x, 3) + scale(3, x)

def run(n):
    total = 0
    for i in range(n):
        total += twice(i)
    return total

show(run(3), run(60), run(2000))

# === frames_are_there: compiled=run
import sys
from show import show

def look(every, *rest, **named):
    if rest[0] % every != every - 1:
        return 0
    found, frame = [], sys._getframe()
    while frame.f_code.co_name != "<module>":
        values = [(name, str(value)) for name, value in frame.f_locals.items() if name not in ("found", "frame")]
        found.append((frame.f_code.co_name, frame.f_lineno, sorted(values)))
        frame = frame.f_back
    log.append(found)
    return len(found)

def leaf(a, b):
    c = a * 0.5
    d = (look(every, a, b)
         + b)
    return c + d

def middle(a):
    e = [a]
    return leaf(a,
                b=len(e)) + 1

def run(n):
    total = 0
    for i in range(n):
        x = i + 1
        total += leaf(x, -2)
        total += middle(i)
    return total

log = []
every = 40
show(run(200), len(log), log)
every = 1
del log[:]
show(run(30), len(log), log[-1])

# === frames_are_looked_at_each_time: compiled=run
import sys
from show import show

def caller_line(): return sys._getframe(1).f_lineno
def caller_locals(): return dict(sys._getframe(1).f_locals)
def leaf(a):
    b = a + 1
    return caller_line() + len(caller_locals()) + b
def own(a):
    b = a * 2
    return sum(locals().values()) + len(vars())
def evaluated(a):
    b = 3
    return eval("a + b")

def run(n):
    total = 0
    for i in range(n):
        total += leaf(i)
        total += own(i)
        total += evaluated(i)
    return total

show(run(5), run(300))

# === locals_are_one_dict
from show import show

def own(a, every):
    if a % every: return 0
    first = locals()
    b = a
    second = locals()
    return len(first), len(second), (first is second) == same, sorted(second.items(), key=str)

def run(n):
    log = []
    for i in range(n):
        log.append(own(i, 7))
    return log

def probe():
    return locals() is locals()
same = probe()
show(run(40))

# === tracebacks
import traceback
from show import show

def fail(x, *rest, **named):
    if x % 10 == 7: raise KeyError(x)
    if x % 10 == 3: return [][x]
    return x

def leaf(x):
    y = x * 2
    return (y +
            fail(x))

def middle(x):
    try:
        return leaf(x) + 1
    except KeyError as problem:
        log.append(lines(problem))
        return -1
    finally:
        log.append("finally") if x % 10 == 7 else None

def lines(problem):
    trace, found = problem.__traceback__, []
    while trace:
        frame = trace.tb_frame
        found.append((frame.f_code.co_name, trace.tb_lineno, frame.f_lineno, sorted(frame.f_locals.items(), key=str) if frame.f_code.co_name == "leaf" else 0))
        trace = trace.tb_next
    back, frame = [], problem.__traceback__
    while frame.tb_next: frame = frame.tb_next
    frame = frame.tb_frame
    while frame:
        back.append((frame.f_code.co_name, frame.f_lineno))
        frame = frame.f_back
    return found, back, traceback.format_exception(problem)

def run(n):
    total = 0
    for i in range(n):
        try:
            total += middle(i)
        except IndexError as problem:
            log.append(lines(problem))
            total += 1000
    return total

log = []
show(run(100), len(log), log[:6], log[-6:])

# === a_frame_that_is_kept: compiled=run
import sys
from show import show

def take(x, *rest, **named):
    if x % 25 == 24: kept.append(sys._getframe(1))
    return x

def leaf(a, b):
    c = a + b
    d = take(c) + 1
    e = d * 2
    return e

def run(n):
    total = 0
    for i in range(n):
        total += leaf(i, 1)
    return total

kept = []
show(run(200), [(f.f_code.co_name, f.f_lineno, sorted(f.f_locals.items()), f.f_back and f.f_back.f_code.co_name) for f in kept])
for f in kept: f.clear()
show([sorted(f.f_locals.items()) for f in kept])

# === a_frame_that_is_written_to: compiled=run
import ctypes
import sys
from show import show

def change(x, *rest, **named):
    if x % 25 == 24:
        frame = sys._getframe(1)
        frame.f_locals["c"] = -5
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0)
        frame = frame.f_back
        frame.f_locals["seen"] = x
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0)
    return x

def leaf(a, b):
    c = a + b
    d = change(c) + 1
    return d * 2 + c

def run(n):
    total, seen = 0, 0
    for i in range(n):
        total += leaf(i, 1) + seen
    return total

show(run(200))

# === a_kept_generator
import sys
from show import show

def counting(n):
    for i in range(n):
        yield i + len(sys._getframe(1).f_code.co_name)

def leaf(it, x):
    return next(it) + x

def run(n):
    total = 0
    for i in range(n):
        try:
            total += leaf(it, i)
        except StopIteration:
            total += 7
    return total

it = counting(90)
show(run(120))

# === deaths_in_the_middle: compiled=run
from show import show

class Named:
    def __init__(self, name): self.name = name
    def __del__(self): dead.append((self.name, len(dead)))

def spread(*all, **named): return len(all)
def take(a, b):
    c = a
    n = spread(a, b, c)
    dead.append(("taken", n))
    a = None
    n += spread(b)
    dead.append("a went")
    b = Named(("inner", n))
    n += spread(b)
    return n

def run(n):
    total = 0
    for i in range(n):
        total += take(Named(("a", i)), Named(("b", i)))
        dead.append("returned")
        x = Named(("x", i))
        total += take(x, x)
    return total

dead = []
show(run(40), len(dead), dead[:20], dead[-30:])

# === weak_references_and_counts: compiled=run
import sys
import weakref
from show import show

class Thing: pass

def look(thing, *rest, **named):
    alive.append(weakref.getweakrefcount(thing))
    if len(alive) % 20 == 19: references.append(weakref.ref(thing, gone))
    return 1
def gone(reference): alive.append("gone")

def leaf(thing, n):
    other = [thing]
    n += look(thing) + look(other[0], n)
    counts.append(sys.getrefcount(thing))
    return n

def run(things):
    total = 0
    for thing in things:
        total += leaf(thing, 1)
        total += leaf(Thing(), 2)
    return total

counts, alive, references = [], [], []
things = [Thing() for _ in range(50)]
show(run(things), counts[-8:], alive[-50:], [sys.getrefcount(t) for t in things][:5], sys.getrefcount(leaf) - sys.getrefcount(look), sys.getrefcount(leaf.__code__))

# === recursion_depth_is_the_same: compiled=run
import sys
from show import show

def deep(n, *rest, **named): return deep(n - 1, *rest) + 1 if n else 0
def leaf(n): return deep(n) + 0
def middle(n): return leaf(n)

def run(n, depth):
    total, failed = 0, 0
    for i in range(n):
        try:
            total += middle(depth)
        except RecursionError:
            failed += 1
    return total, failed

def boundary():
    low, high = 10, 200
    while high - low > 1:
        mid = (low + high) // 2
        if run(4, mid)[1]: high = mid
        else: low = mid
    return low

sys.setrecursionlimit(200)
show(run(60, 20), boundary(), run(30, boundary()), run(30, boundary() + 1))

# === a_loop_within_the_call: compiled=run
from show import show

def spread(*numbers, **named): return sum(numbers)
def inner(n):
    total = 0
    for i in range(n):
        total += spread(i, n)
    return total
def leaf(x, *rest, **named): return inner(x % 5)
def outer(x): return leaf(x) + inner(3)

def run(n):
    total = 0
    for i in range(n):
        total += outer(i)
    return total

show(run(300))

# === changed_meanwhile: compiled=run
from show import show

def other(x): return -x
def swap(x, *rest, **named):
    global leaf, step
    if x == 120: leaf = other
    if x == 150:
        step = 5
        middle.__code__ = replacement.__code__
    return x

step = 1
def leaf(x): return swap(x) + step
def middle(x): return leaf(x) + leaf(x) + step
def replacement(x): return x * 100

def run(n):
    total = 0
    for i in range(n):
        total += middle(i)
    return total

show(run(300))

# === with_and_iteration: compiled=run
from show import show

class Noted:
    def __init__(self, x): self.x = x
    def __enter__(self):
        log.append(self.x)
        return self.x
    def __exit__(self, kind, value, trace):
        log.append((self.x, kind and kind.__name__, trace and trace.tb_lineno - trace.tb_frame.f_code.co_firstlineno))
        return kind is KeyError

def leaf(x):
    y = 0
    with Noted(x) as z:
        y = z + 1
        if x % 9 == 8: table[x]
    for key, value in {"a": x, "b": 2}.items():
        y += value
    return y if {x: 1} else f"{y}"

def run(n):
    total = 0
    for i in range(n):
        total += leaf(i)
    return total

log, table = [], {}
show(run(100), len(log), log[-12:])

# === tracing_that_begins_inside: compiled=run
import sys
from show import show

def begin(x, *rest, **named):
    if x == 130: sys.settrace(note)
    if x == 133: sys.settrace(None)
    return x

def note(frame, event, arg):
    log.append((frame.f_code.co_name, event, frame.f_lineno))
    return note

def leaf(x):
    y = begin(x)
    return y + 1

def run(n):
    total = 0
    for i in range(n):
        total += leaf(i)
    return total

log = []
show(run(200), log)

# === threads_meanwhile: compiled=run
import sys
import threading
from show import show

def pause(x, *rest, **named):
    if x % 50 == 49:
        asked.set()
        done.wait()
        done.clear()
    return x

def leaf(a):
    b = a + 1
    return pause(a) + b

def run(n):
    total = 0
    for i in range(n):
        total += leaf(i)
    return total

def watch():
    while True:
        asked.wait()
        asked.clear()
        if over: return
        frame, found = sys._current_frames()[main], []
        while frame and frame.f_code.co_name != "<module>":
            if frame.f_code.co_name in ("pause", "leaf", "run"):
                found.append((frame.f_code.co_name, frame.f_lineno, sorted(frame.f_locals.items(), key=str)))
            frame = frame.f_back
        log.append(found)
        done.set()

log, over = [], False
asked, done, main = threading.Event(), threading.Event(), threading.get_ident()
watcher = threading.Thread(target=watch)
watcher.start()
show(run(300), log)
over = True
asked.set()
watcher.join()

# === growing_inside: compiled=run
from show import show

def spread(*numbers, **named): return sum(numbers)
def leaf(x):
    if x % 3 == 0:
        return spread(x, 1)
    if x % 5 == 0:
        y = spread(x, 2)
        return y * 0.5
    return spread(x, 3) and "text" or None
def middle(x):
    z = leaf(x)
    return len(z) if isinstance(z, str) else spread(z, 1)

def run(n):
    total = 0
    for i in range(n):
        total += middle(i)
    return total

show(run(1000))

# === methods_and_properties: compiled=run
from show import show

class Box:
    def __init__(self, n): self.n = n
    def spread(self, *more, **named): return self.n + sum(more)
    def go(self, x): return self.spread(x, 1) + self.wide
    @property
    def wide(self): return self.spread(5) * 2
    def __add__(self, other): return Box(self.n + other)

def run(n):
    box, total = Box(3), 0
    for i in range(n):
        total += box.go(i) + box.wide
        box = box + i % 3
    return total, box.n

show(run(500))
