"""Bound methods that lie in variables: of built-in types and of classes in Python."""

# === of_lists: compiled=run,fill
from show import show

def run(n):
    out = []
    append = out.append
    for i in range(n):
        append(i * 2)
        if i % 3 == 0: append(str(i))
    return len(out), out[-4:]

def fill(n, add):
    for i in range(n):
        add(i)
    return n

show(run(3), run(500), run(7))
first, second, seen = [], [], set()
show(fill(100, first.append), fill(50, second.append), fill(20, seen.add), first[-1], second[-1], len(seen))
out = []
add = out.append
for i in range(200): add(i * 0.5)
show(len(out), out[-1])

# === of_characters: compiled=run
from show import show

def run(n, text):
    total, letter, digit = 0, "x".isalpha, "7".isdigit
    for i in range(n):
        if letter(): total += 1
        if digit(): total += 2
        if i == n // 2: letter, digit = text.isalpha, text.isdigit
    return total

show(run(100, "1"), run(100, "ab"), run(30, ""))

# === of_instances: compiled=run
from show import show

class Shape:
    def __init__(self, side): self.side = side
    def area(self, by=1, *, plus=0): return self.side * by + plus
    def grow(self, n):
        self.side += n
        return self

def run(n, shapes):
    total, area, grow = 0, shapes[0].area, shapes[0].grow
    for i in range(n):
        total += area(i) + area() + area(by=2, plus=i)
        grow(1).grow(-2)
        if i % 50 == 49: area = shapes[i % len(shapes)].area
    return total, shapes[0].side

show(run(3, [Shape(2)]), run(300, [Shape(3), Shape(5)]), run(300, [Shape(3), Shape(0.5), Shape(7)]))
a = Shape(9).area
total = 0
for i in range(200): total += a(i)
show(total)

# === defaults_globals_and_closures: compiled=run,closed
from show import show

class Counter:
    def __init__(self): self.n = 0
    def step(self, by): self.n += by; return self.n

def run(n, step=Counter().step):
    total = 0
    for i in range(n): total += step(i) + shared(1)
    return total

def closed(n, step):
    def inner(x): return step(x) + 1
    total = 0
    for i in range(n): total += inner(i) + step(2)
    return total

shared = Counter().step
show(run(100), run(50), closed(100, Counter().step), closed(30, Counter().step))
shared = Counter().step
show(run(50))

# === of_functions_and_classes: compiled=run
from show import show
import types

class Made:
    @classmethod
    def of(cls, n): return (cls.__name__, n)
    @staticmethod
    def plain(n): return n + 1
class Derived(Made): pass

def double(self, n): return self * n

def run(n):
    of, derived, plain, number = Made.of, Derived.of, Made().plain, types.MethodType(double, 21)
    on_none, nested = types.MethodType(lambda x: x, ()), types.MethodType(types.MethodType(lambda a, b: (a, b), 1), 2)
    log, total = [], 0
    for i in range(n):
        log.append((of(i), derived(i), on_none(), nested()))
        total += plain(i) + number(i)
    return total, log[-1], len(log)

show(run(100))

# === wrong_calls
from show import error, show

class Taker:
    def take(self, a, b=2): return a + b
    def none(): return 1

def run(n):
    take, none, append, log = Taker().take, Taker().none, [].append, []
    for i in range(n):
        for call in (lambda: take(), lambda: take(1, 2, 3), lambda: take(a=1, c=3), lambda: none(), lambda: append(), lambda: append(1, 2), lambda: take(i), lambda: append(i)):
            log.append(error(call))
    return log[-8:], len(log)

def direct(n):
    take, total = Taker().take, 0
    for i in range(n):
        try: total += take(i) if i % 9 else take(i, 1, 2)
        except TypeError as problem: total += len(str(problem))
        try: total += take(None if i % 7 == 3 else i)
        except TypeError as problem: total += len(str(problem))
    return total

show(run(40), direct(100))

# === frames_and_lines: compiled=run
import sys
import traceback
from show import show

class Node:
    def __init__(self, n): self.n = n
    def visit(self, x):
        y = self.n + x
        return look(y,
                    x) // (x % 29)

def look(y, *rest, **named):
    if y % 37 == 36:
        frame, found = sys._getframe(1), []
        while frame.f_code.co_name != "<module>":
            found.append((frame.f_code.co_name, frame.f_lineno, sorted(frame.f_locals)))
            frame = frame.f_back
        log.append(found)
    return y

def run(n):
    visit, total = Node(5).visit, 0
    for i in range(n):
        try:
            total += visit(
                i)
        except ZeroDivisionError as problem:
            log.append([(f.f_code.co_name, n) for f, n in traceback.walk_tb(problem.__traceback__)])
    return total

log = []
show(run(200), log)

# === lives_and_counts: compiled=run
import sys
import weakref
from show import show

class Held:
    def use(self, x): return sys.getrefcount(self) + x
    def __del__(self): dead.append("dead")

def run(n):
    held = Held()
    use, total = held.use, 0
    seen = weakref.ref(use, lambda ref: dead.append("method"))
    for i in range(n):
        total += use(i)
        if i == 60: held = None
        if i == 90:
            use = Held().use
            dead.append("another")
        if i == 95: use = (lambda old: old)(use)
    counts = sys.getrefcount(use), sys.getrefcount(use.__self__), sys.getrefcount(Held.use)
    return total, counts, seen() is None

dead = []
show(run(120), dead)

# === methods_change_meanwhile: compiled=run
from show import show

class Changing:
    def __init__(self): self.n = 1
    def step(self, x): return self.n + x

def other(self, x): return -x

def run(n):
    changing = Changing()
    step, total = changing.step, 0
    for i in range(n):
        total += step(i)
        if i == 60: Changing.step = other
        if i == 80: step = changing.step
        if i == 100: other.__code__ = (lambda self, x: x * 1000).__code__
        if i == 120: changing.step = step = abs
    return total

show(run(200))
