"""Instances of classes in Python, made inside the loop: `__init__` as a part of the trace."""

# === points: compiled=run
from show import show

class Point:
    def __init__(self, x, y=2, *, z=0.5):
        self.x = x
        self.y = y
        self.z = z
    def norm(self): return self.x * self.x + self.y * self.z
class Slotted:
    __slots__ = ("a", "b")
    def __init__(self, a, b): self.a, self.b = a, b
class Derived(Point):
    def __init__(self, x):
        Point.__init__(self, x, x + 1, z=0)
        self.more = self.x + self.y
class Empty:
    def __init__(self): pass

def run(n):
    total = 0
    for i in range(n):
        p, q = Point(i, i + 1), Point(i)
        r = Point(y=i, x=3, z=2)
        s = Slotted(i, p)
        total += p.norm() + q.norm() + r.norm() + s.a + s.b.x + Derived(i).more
        e = Empty()
        e.late = i
        total += e.late + Point(1, 1).x
    return total, sorted(vars(p).items()), sorted(vars(r)), list(vars(Derived(3)).items())

show(run(3), run(60), run(1000))

# === kept_in_a_list: compiled=run
from show import show

class Node:
    def __init__(self, value, next): self.value, self.next = value, next

def run(n):
    head, all = None, []
    for i in range(n):
        head = Node(i, head)
        if i % 3 == 0: all.append(head)
    total, length = 0, 0
    while head:
        total += head.value
        head, length = head.next, length + 1
    return total, length, len(all), all[-1].value

show(run(5), run(300))

# === wrong_arguments: compiled=run
import traceback
from show import show

class Point:
    def __init__(self, x, y): self.x, self.y = x, y
class NoInit: pass
class Bare:
    def __init__(self): self.n = 1

def run(n):
    total = 0
    for i in range(n):
        try:
            total += Point(i, 1).x
            if i % 60 == 53: Point(i)
            if i % 60 == 54: Point(1, 2, 3)
            if i % 60 == 55: Point(x=1, z=2)
            if i % 60 == 56: Point(1, x=2)
            if i % 60 == 57: NoInit(1)
            if i % 60 == 58: Bare(1)
            NoInit(), Bare()
        except TypeError as problem:
            log.append((i, str(problem), [(f.f_code.co_name, n) for f, n in traceback.walk_tb(problem.__traceback__)]))
    return total

log = []
show(run(310), log[:6], log[-6:])

# === exceptions_and_frames: compiled=run
import sys
import traceback
from show import show

class Checked:
    def __init__(self, n, *more, **named):
        self.n = n
class Item:
    def __init__(self, n):
        self.n = n
        self.m = check(n,
                       self)
        self.k = 100 // (n % 13)

def check(n, item, *rest, **named):
    if n % 23 == 22:
        frame, found = sys._getframe(), []
        while frame.f_code is not run.__code__:
            found.append((frame.f_code.co_name, frame.f_lineno, sorted(frame.f_locals)))
            frame = frame.f_back
        log.append((found, frame.f_lineno, sorted(vars(item))))
    if n % 31 == 30: raise KeyError(n)
    return n

def run(n):
    total = 0
    for i in range(n):
        try:
            item = Item(
                i)
            total += item.k + Checked(i, 2).n
        except Exception as problem:
            log.append((i, repr(problem), frames(problem)))
    return total

def frames(problem):
    """Of all but the loop's own frame the locals too: in 3.12 it would keep itself alive by them, and nobody would run it natively."""
    return [(f.f_code.co_name, n, f.f_code is run.__code__ or sorted(f.f_locals)) for f, n in traceback.walk_tb(problem.__traceback__)]

log = []
show(run(200), len(log), log)

# === an_init_that_gives_something: compiled=run
from show import show

class Odd:
    def __init__(self, n):
        self.n = n
        if n % 7 == 6: return n
        if n % 11 == 10: return NotImplemented

def run(n):
    total = 0
    for i in range(n):
        try: total += Odd(i).n
        except TypeError as problem: log.append((i, str(problem)))
    return total

log = []
show(run(120), log)

# === lives_and_counts: compiled=run
import gc
import sys
import weakref
from show import show

class Named:
    def __init__(self, name, fail=False):
        self.name = name
        counts.append(sys.getrefcount(name))
        if fail: raise ValueError(name)
    def __del__(self): dead.append((getattr(self, "name", None), len(dead)))
class Escaping:
    def __init__(self, n):
        kept.append(self)
        self.n = n
        if n % 10 == 9: kept.clear()

def run(n):
    total = 0
    for i in range(n):
        x = Named(("x", i))
        dead.append("made")
        try: Named(("f", i), i % 4 == 3)
        except ValueError: dead.append("failed")
        watches.append(weakref.ref(Escaping(i), lambda ref: dead.append("gone")))
        Named(Named(("inner", i)))
        total += len(kept)
    return total

dead, kept, watches, counts = [], [], [], []
show(run(60), len(dead), dead[:40], dead[-40:], [w() is None for w in watches], len(kept))

# === classes_change_meanwhile: compiled=run
from show import show

class Meta(type):
    def __call__(cls, *args): return ("meta", args)
class Point:
    def __init__(self, x): self.x = x
class Fresh:
    def __init__(self, x): self.v = x
class Other:
    def __init__(self, x): self.y = x

def second(self, x): self.x = -x
def make(cls, x):
    made = object.__new__(cls)
    made.w = x
    return made

def run(n):
    global Point
    log = []
    cls = Point
    for i in range(n):
        made = cls(i)
        log.append(sorted(vars(made).items()) if not isinstance(made, tuple) else made)
        if i == 40: Point.__init__ = second
        if i == 60: Point.__init__.__code__ = (lambda self, x: None).__code__
        if i == 70: Point.__new__ = make
        if i == 90:
            Point = Fresh
            if cls is not Fresh: cls = Fresh
        if i == 100: Point.x = property(lambda self: 5, lambda self, value: log.append("set"))
        if i == 110: Point.__init__ = lambda self, x: setattr(self, "z", x)
        if i == 120: Point.__setattr__ = lambda self, name, value: log.append(name)
        if i == 130: cls = Other
        if i == 140: cls = Meta("Third", (), {})
    return log

show(run(160))

# === metaclasses_and_new
from abc import ABC, abstractmethod
from show import error, show

class Meta(type):
    def __call__(cls, n):
        log.append(n)
        return super().__call__(n)
class Made(metaclass=Meta):
    def __init__(self, n): self.n = n
class New:
    def __new__(cls, n): return object.__new__(cls) if n % 5 else 7
    def __init__(self, n): self.n = n
class Abstract(ABC):
    def __init__(self, n): self.n = n
    @abstractmethod
    def run(self): pass
class Text(str):
    def __init__(self, n): self.n = n
class Failing(Exception):
    def __init__(self, n):
        super().__init__(n, n)
        self.n = n

def run(n):
    total = 0
    for i in range(n):
        new = New(i)
        total += Made(i).n + (new if new == 7 else new.n) + Text(i).n + Failing(i).n + len(Failing(i).args)
        try: Abstract(i)
        except TypeError as problem: total += len(str(problem))
    return total

log = []
show(run(100), len(log))

# === dicts_of_instances: compiled=run
from show import show

class Bag:
    def __init__(self, n):
        self.a = n
        if n % 3 == 1: self.b = n
        if n % 5 == 2: self.__dict__["c"] = n
        self.d = n
        if n % 7 == 3: del self.a
        self.a = n + 1

def run(n):
    total = []
    for i in range(n): total.append(list(vars(Bag(i)).items()))
    return total

show(run(120))

# === recursion: compiled=run
import sys
from show import show

class Tree:
    def __init__(self, depth):
        self.depth = depth
        self.left = Tree(depth - 1) if depth else None
        self.right = Tree(depth - 2) if depth > 1 else None
    def size(self): return 1 + (self.left.size() if self.left else 0) + (self.right.size() if self.right else 0)
class Deep:
    def __init__(self, n): self.next = Deep(n - 1) if n else None

def run(n):
    total, failed = 0, 0
    for i in range(n):
        total += Tree(i % 6).size()
        try: Deep(60 if i % 10 else 1000)
        except RecursionError as problem: failed += 1
    return total, failed

sys.setrecursionlimit(300)
show(run(60))

# === operators_make_instances: compiled=run
from show import show

class Vec:
    __slots__ = ("x", "y")
    def __init__(self, x, y):
        self.x = x
        self.y = y
    def __add__(self, other): return Vec(self.x + other.x, self.y + other.y)
    def __mul__(self, k): return Vec(self.x * k, self.y * k)
class Cell:
    def __init__(self, v): self.v = v
    def __add__(self, other): return Cell(self.v + other.v)
    def __lt__(self, other): return self.v < other.v

def run(n):
    a, step, cell = Vec(0, 0.5), Vec(1, 0.25), Cell(0)
    for i in range(n):
        a = a + step * (i & 3)
        cell = cell + Cell(i)
        if Cell(i) < cell: a.x += 1
    return a.x, a.y, cell.v

show(run(5), run(400))

# === instances_that_keep_themselves: compiled=run
import gc
from show import show

class Knot:
    def __init__(self, i):
        self.me = self
        self.i = i

def run(n):
    total = 0
    for i in range(n):
        knot = Knot(i)
        total += knot.i
    return total, [type(thing).__name__ for thing in gc.get_referents(knot)]

gc.collect()
gc.disable()
shown = run(60)
found = gc.collect()
gc.enable()
show(shown, found)
