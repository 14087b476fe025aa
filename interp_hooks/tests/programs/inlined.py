"""Functions in Python that become part of a trace: exits, exceptions, deaths and changes in the middle of them."""

# === numbers: compiled=run
from show import show

def scale(a, b=3): return a * b + 1
def twice(x): return scale(x) + scale(b=x, a=2)
def branchy(x):
    if x % 5 == 1:
        y = x * 2
    elif x % 7 == 3:
        return -x
    else:
        y = scale(x, 2)
    return y - 1

def run(n):
    total, real = 0, 0.5
    for i in range(n):
        total += twice(i) + branchy(i)
        real = real * 0.5 + scale(0.25, i)
        total ^= branchy(scale(i)) & 0xFFFF
    return total, real

show(run(3), run(60), run(2000))

# === growing_beyond_the_machine: compiled=run
from show import show

def square(x): return x * x
def poly(x, y): return square(square(x)) * 3 + y

def run(n, start):
    total = 0
    for i in range(n):
        total += poly(start + i, -i)
    return total

show(run(100, 0), run(100, 40000), run(100, 55000), run(30, 1 << 40), run(30, 3))

# === exceptions_in_the_middle
import traceback
from show import show

def inner(x, table):
    found = 100 // (x - 50)
    return found + table[x % 9]

def middle(x, table):
    first = x + 1
    return (first
            + inner(x,
                    table))

def outer(x, table):
    return middle(x, table) if x else 0

def run(n, table):
    total = 0
    for i in range(n):
        try:
            total += outer(
                i, table)
        except (ZeroDivisionError, IndexError) as problem:
            trace, lines = problem.__traceback__, []
            while trace:
                frame = trace.tb_frame
                lines.append((frame.f_code.co_name, trace.tb_lineno, sorted(frame.f_locals.items(), key=str) if frame.f_code.co_name != "run" else i))
                trace = trace.tb_next
            log.append(lines)
            total += len("".join(traceback.format_exception(problem)))
    return total

log = []
show(run(80, [1] * 9), len(log), log[:3])
del log[:]
show(run(60, [2] * 8), len(log), log[:2], log[-1])

# === frames_after_an_exit: compiled=run
import sys
from show import show

def look(depth):
    found, frame = [], sys._getframe(1)
    while frame and frame.f_code.co_name != "<module>" and len(found) < depth:
        found.append((frame.f_code.co_name, frame.f_lineno, sorted(frame.f_locals.items(), key=str)))
        frame = frame.f_back
    return found

def leaf(a, b):
    c = a + b
    if a % 40 == 39:
        log.append(look(5))
    return c * 2

def branch(a):
    d = [a]
    e = leaf(a,
             3)
    return e + len(d)

def run(n):
    total = 0
    for i in range(n):
        total += leaf(i, 1)
        total += branch(i)
    return total

log = []
show(run(200), log)

# === deaths_at_returns: compiled=run
from show import show

class Named:
    def __init__(self, name): self.name = name
    def __del__(self): dead.append(self.name)

def take(a, b, c):
    return 1
def replace(a, b):
    a = b
    return a
def give(a): return a
def keep(a, b):
    held = a
    a = None
    return b

def run(n):
    total = 0
    for i in range(n):
        x = Named(("x", i))
        total += take(Named(("a", i)), Named(("b", i)), x)
        dead.append("taken")
        x = replace(x, Named(("r", i)))
        dead.append("replaced")
        y = give(give(Named(("g", i))))
        z = give(y)
        dead.append(y is z)
        y = keep(z, y)
        total += keep(Named(("k", i)), 3)
        dead.append("end")
    return total

dead = []
show(run(2), dead)
del dead[:]
show(run(100), len(dead), dead[:20], dead[-40:])

# === the_functions_change: compiled=run
from show import show

def f(x, y=1): return x + y
def g(x, y=2): return x * y
def kw(x, *, z=3): return x - z
def caller(x): return f(x) + kw(x)

def change(i):
    global f
    if i == 100: f.__code__ = g.__code__
    if i == 200: f.__defaults__ = (7,)
    if i == 300: f = g
    if i == 400: kw.__kwdefaults__["z"] = 30
    if i == 500: kw.__kwdefaults__ = {"z": 9}
    if i == 600: g.__defaults__ = None
    if i == 700: g.__defaults__ = (4,)
    return 0

def run(n):
    total, missed = 0, 0
    for i in range(n):
        try:
            total += caller(i)
            total ^= f(i, 3)
            if i % 100 == 0: total += change(i)
        except TypeError as problem:
            missed += len(str(problem))
    return total, missed

show(run(900))

# === methods: compiled=run
from show import show

class Base:
    scale = 2
    def __init__(self, x): self.x = x
    def get(self): return self.x
    def scaled(self, by=1): return self.get() * by * self.scale
    @property
    def half(self): return self.x // 2
    @property
    def deep(self): return self.half + self.scaled()
    @staticmethod
    def plus(a, b): return a + b
    @classmethod
    def make(cls, x): return cls(x)

class Child(Base):
    def scaled(self, by=1): return super().scaled(by) + 1
class Slots:
    __slots__ = ("v", "w")
    def __init__(self, v): self.v = v
    def step(self): self.v += 1; return self.v

def run(n):
    total = 0
    a, s = Base(5), Slots(1)
    for i in range(n):
        total += a.get() + a.scaled() + a.scaled(by=i) + a.half + a.deep
        total += s.step() + Base.plus(i, 1) + a.plus(1, i)
        a.x = i
        total += things[i % 3].scaled() + things[i % 2].get()
        total &= 0xFFFFFFF
    return total

things = [Base(1), Child(2), Base(3)]
show(run(5), run(400))

# === methods_change: compiled=run
from show import show

class Thing:
    def __init__(self): self.x = 1
    def get(self, i): return self.x + i
    @property
    def size(self): return self.x * 3
def other(self, i): return -i

def change(i):
    if i == 50: thing.get = lambda i: 1000
    elif i == 100: del thing.get
    elif i == 150: Thing.get = other
    elif i == 200: Thing.get = lambda self, i: self.x * i
    elif i == 250: Thing.size = property(lambda self: 4)
    elif i == 300: thing.__dict__["size"] = 77
    elif i == 350: Thing.size = 5
    elif i == 400: thing.__class__ = Else
    elif i == 450: thing.__dict__ = {"x": 9, "get": lambda i: i * 7}
    return 0

class Else(Thing):
    def get(self, i): return self.x

def run(n):
    total = 0
    for i in range(n):
        total += thing.get(i)
        total ^= thing.size
        if i % 50 == 0: total += change(i)
    return total

thing = Thing()
show(run(550))

# === recursion: compiled=run
from show import show

def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
def down(n): return 0 if not n else 1 + down(n - 1)
def even(n): return n == 0 or odd(n - 1)
def odd(n): return n != 0 and even(n - 1)

def run(n):
    total = 0
    for i in range(n):
        total += fib(i % 4) + down(i % 3) + even(i % 5)
    return total

show(run(4), run(500))

# === closures: compiled=run
from show import show

def make(start):
    count = start
    def step(by):
        nonlocal count
        count += by
        return count
    def read(): return count * 2
    return step, read

def run(n):
    step, read = make(3)
    base = 7
    add = lambda x: x + base
    total = 0
    for i in range(n):
        total += step(i) + read()
        total ^= add(i)
        if i % 100 == 99:
            base += 1
            step, read = make(i)
    return total

show(run(5), run(350))

# === not_part_of_the_trace: compiled=run
from show import show

def generator(n):
    for i in range(n): yield i
def rest(*args): return len(args)
def words(**kw): return sum(kw.values())
def loop(n):
    total = 0
    for i in range(n): total += i
    return total
def caught(i):
    try: return 10 // (i % 3)
    except ZeroDivisionError: return -1
def makes(i): return [i, i + 1]
def calls(i): return len(makes(i)) + int(str(i))

def run(n):
    total = 0
    for i in range(n):
        total += sum(generator(3)) + rest(i, 1) + words(a=i, b=2) + loop(5) + loop(i % 4)
        total += caught(i) + makes(i)[1] + calls(i)
    return total

show(run(4), run(300))

# === globals_of_another_module: compiled=run
import types
from show import show

source = """
offset = 10
def get(x): return x + offset
def put(x):
    global offset
    offset = x
    return offset
"""
module = types.ModuleType("other")
exec(source, module.__dict__)
get, put = module.get, module.put
offset = -1

def run(n):
    total = 0
    for i in range(n):
        total += get(i) + offset
        if i % 97 == 96: module.offset += 1
        if i > 300: total += put(i % 5)
    return total

show(run(600), module.offset, offset)

# === the_loop_stores_what_a_callee_reads: compiled=<module>
from show import show

def get(x): return x + count
def bump():
    global count
    count += 2
    return count

count, total = 0, 0
for i in range(400):
    count = i
    total += get(i)
    total ^= bump() + get(1)
show(count, total)

# === locals_that_are_not_bound
from show import show

def late(i):
    if i % 30 != 29:
        x = i
    return x + 1
def gone(i):
    y = i
    if i % 40 == 39: del y
    return y

def run(n):
    total, missed = 0, 0
    for i in range(n):
        try: total += late(i) + gone(i)
        except UnboundLocalError as problem: missed += len(str(problem))
    return total, missed

show(run(10), run(500))

# === threads_in_callees: compiled=run
import threading
from show import show

def step(x, y): return (x * 3 + y) & 0xFFFF
class Walker:
    def __init__(self): self.at = 0
    def go(self, by):
        self.at = step(self.at, by)
        return self.at

def run(n, results, k):
    walker, total = Walker(), 0
    for i in range(n):
        total += walker.go(i) + step(total & 0xFF, k)
    results[k] = total

results = {}
threads = [threading.Thread(target=run, args=(20000, results, k)) for k in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
show(sorted(results.items()))

# === nested_loops_and_exits: compiled=run
from show import show

class Grid:
    def __init__(self, n):
        self.n = n
        self.cells = [i * 7 % 11 for i in range(n * n)]
    def at(self, x, y): return self.cells[y * self.n + x]
    def inside(self, x, y): return 0 <= x < self.n and 0 <= y < self.n
    def get(self, x, y):
        if not self.inside(x, y): return 0
        return self.at(x, y)

def run(n):
    grid, total = Grid(n), 0
    for y in range(-1, n + 1):
        for x in range(-1, n + 1):
            total += grid.get(x, y) * (x + 2)
            total -= grid.get(y, x)
    return total

show(run(3), run(25), run(40))

# === the_depth_is_restored: compiled=run
import sys
from show import show

def one(x):
    if x % 50 == 49: probe(x)
    return x
def two(x): return one(x) + 1
def probe(x):
    def depth(n=0):
        try: return depth(n + 1)
        except RecursionError: return n
    depths.append(depth())

def run(n):
    total = 0
    for i in range(n): total += two(i)
    return total

depths = []
before = sys.getrecursionlimit()
sys.setrecursionlimit(300)
try: show(run(400))
finally: sys.setrecursionlimit(before)
show(len(depths), len(set(depths)))

# === callbacks_look_through_callees: compiled=run
import sys
from bindings import api_ffi, api, cdll, ffi, lib
from show import show
import ctypes

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)

def look(x):
    if x % 30 == 29:
        frame, found = sys._getframe(1), []
        while frame.f_code.co_name != "<module>":
            names = [(k, v) for k, v in sorted(frame.f_locals.items()) if isinstance(v, int)]
            found.append((frame.f_code.co_name, frame.f_lineno, names))
            frame = frame.f_back
        log.append(found)
    if x % 50 == 49: kept.append(sys._getframe(1))
    if x % 70 == 69: kept.append(sys._getframe(2))
    return x + 1

class Handle:
    def __init__(self, lib, callback): self.lib, self.callback = lib, callback
    def call(self, x):
        y = x * 2
        z = self.lib.call_once(self.callback,
                               x)
        return z + y
    def twice(self, x, extra=1):
        first = self.call(x)
        return first + self.call(x + extra)

def run(handle, n):
    total = 0
    for i in range(n):
        total += handle.twice(i)
        half = total // 2
    return total, half

log, kept = [], []
for library, callback in ((lib, ffi.callback("int(int)", look)), (api, api_ffi.callback("int(int)", look)), (cdll, INT_INT(look))):
    show(run(Handle(library, callback), 300), log)
    show([(f.f_code.co_name, f.f_lineno, sorted(k for k in f.f_locals)) for f in kept])
    del log[:], kept[:]

# === wrappers_around_a_handle: compiled=run
from bindings import calls, api, lib
from show import show

class Raw:
    def __init__(self, start): self.at = start
    def step(self, by):
        self.at = lib.id_i32(self.at + by)
        return self.at
    @property
    def position(self): return self.at & 0xFF
class Layer:
    def __init__(self, raw): self.raw = raw
    def move(self, by=2):
        if by > 5: by = 5
        return self.raw.step(by) + self.raw.position
    def closed(self): return self.raw.at < 0
class Api:
    def __init__(self): self.layer = Layer(Raw(0))
    def forward(self, n, *, factor=1):
        if self.layer.closed(): raise ValueError("closed")
        return self.layer.move(n * factor)

def run(n):
    api, total = Api(), 0
    for i in range(n):
        total += api.forward(i % 7) + api.forward(1, factor=i & 3)
        total &= 0xFFFFFF
    return total, api.layer.raw.at

show(run(10), run(500), calls())

# === deaths_of_what_a_call_borrows: compiled=run
from show import show

class Node:
    def __init__(self, name, child=None): self.name, self.child = name, child
    def __del__(self): dead.append(self.name)
    def down(self, other): return self.pick(self.child, other)
    def pick(self, child, other):
        self.child = other
        return len(child.name) + swap(child, other, self)
def swap(a, b, c):
    c.child = a
    return 1 if a is b else 2

def pop(items, k):
    item = items[k]
    items[k] = None
    return item
def last(item): return item.name

def run(n):
    total = 0
    node = Node("root", Node("child"))
    for i in range(n):
        total += node.down(Node(f"other{i % 3}"))
        items = [Node(f"item{i % 4}"), node.child]
        total += len(last(pop(items, 0)))
        dead.append(i)
        total += len(last(items[1]))
    return total

dead = []
show(run(3), dead)
del dead[:]
show(run(100), len(dead), dead[:9], dead[-14:])

# === callees_that_raise_at_each_bytecode
# What a call that is part of the trace raises behind an exit in its middle is raised at the caller's bytecode.
from show import show

class Empty(Exception): pass

def get(items, block=True, timeout=None, *more):
    if not items:
        raise Empty(block, timeout, more)
    return items.pop()

class Source:
    def __call__(self, items, a): return get(items, a)
    def method(self, items, *, a): return get(items, a)
    @classmethod
    def of(cls, items, a=1): return get(items, a)
    @property
    def left(self): return get(self.items)
    @left.setter
    def left(self, value): get(self.items, value)
    def __getitem__(self, k): return get(self.items, k)
    def __setitem__(self, k, v): get(self.items, k, v)
    def __len__(self): return get(self.items)
    def __contains__(self, x): return get(self.items, x)
    def __neg__(self): return get(self.items)
    def __bool__(self): return get(self.items) > 0
    def __add__(self, other): return get(self.items, other)
    def __lt__(self, other): return get(self.items, other) > 0

class Derived(Source):
    def method(self, items, *, a): return super().method(items, a=a)
    def __init__(self, items=None):
        if items is not None:
            get(items)

LOOP = """
def drain(source, derived, items):
    every, rest = (items, 7, 8), (8, 9)
    total = 0
    try:
        while True:
            {}
            total += 1
    except Empty as problem:
        entry, lines = problem.__traceback__, []
        while entry is not None:
            lines.append((entry.tb_frame.f_code.co_name, entry.tb_lineno))
            entry = entry.tb_next
        return total, problem.args, lines
"""
STATEMENTS = (
    "get(items)", "get(items, block=False)", "get(items, timeout=1, block=0.5)", "get(block=False, items=items)",
    "get(*every)", "get(items, *rest)", "get(items, 5, *rest)", "total += get(*every)", "total += get(items, *rest)", "source(items, 3)", "source(items, a=3)", "source.method(items, a=3)",
    "Source.of(items, a=5)", "source.of(items)", "source.left", "source.left = 4", "source[3]", "source[3] = 4", "len(source)", "3 in source",
    "-source", "not source", "1 if source else 2", "source + 1", "source < 1", "derived.method(items, a=3)", "Derived(items)", "Derived(items=items)",
)

for statement in STATEMENTS:
    namespace = {"Empty": Empty, "get": get, "Source": Source, "Derived": Derived}
    exec(LOOP.format(statement), namespace)
    for n in (5, 50, 300, 3, 0, 7):
        source, derived = Source(), Derived()
        source.items = items = [1] * n
        show(statement, n, namespace["drain"](source, derived, items))

# === spread_arguments_of_callees_that_raise: compiled=drain
from show import show

class Empty(Exception): pass

def get(items, block=True, timeout=None, *more):
    if not items:
        raise Empty(block, timeout, more)
    return items.pop()

def drain(items, rest):
    total = 0
    try:
        while True:
            total += get(items, *rest)
    except Empty as problem:
        return total, problem.args

for n in (5, 50, 300, 3, 0, 7):
    show(n, drain([1] * n, (8, 9)))
