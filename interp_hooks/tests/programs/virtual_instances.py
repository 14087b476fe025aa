"""Instances that need not exist: where they have to after all, what leaves while they do not, what is seen of them."""

# === sums_and_products: compiled=run,loop_carried,slots
from show import show

class V:
    def __init__(self, x, y=2.5):
        self.x = x
        self.y = y

    def __add__(self, other):
        return V(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return V(self.x * k, self.y * k)

    def __eq__(self, other):
        return self.x == other.x and self.y == other.y

    def __len__(self):
        return 3

    def __bool__(self):
        return self.x > 5

    def dot(self, other):
        return self.x * other.x + self.y * other.y

    @property
    def norm(self):
        return self.dot(self) ** 0.5

class S(V):
    __slots__ = ("z",)

class P:
    __slots__ = "x", "y"

    def __init__(self, x, y):
        self.y = y
        self.x = x

    def moved(self, by):
        return P(self.x + by, self.y - by)

def run(n):
    total, same = 0.0, 0
    for i in range(n):
        a, b = V(i), V(1.5, i)
        c = a + b * 2
        total += c.dot(a) + c.norm + len(c)
        same += (a == V(i)) + (not c)
    return total, same, vars(a), vars(c), type(b).__name__

def loop_carried(n):
    a = V(0, 0)
    for i in range(n):
        a = a + V(i, 1)
        if i % 100 == 50:
            a.x = 0
        a.y += 2
    return a.x, a.y, list(vars(a))

def slots(n):
    p = P(0, 100)
    for i in range(n):
        p = p.moved(i & 3)
        q = p
        q.x -= 1
    return p.x, p.y, p is q

show(run(300), loop_carried(300), slots(300))

# === where_they_have_to_be: compiled=run
from show import show

class A:
    def __init__(self, n):
        self.n = n
        self.name = "a"
        self.none = None

    def add(self, k):
        self.n += k
        return self

kept, table = [], {}
last = None

def take(*things):
    return [thing.n for thing in things]

def run(n):
    global last
    seen = []
    for i in range(n):
        a, b, c, d = A(i), A(i + 1), A(-i), A(7)
        if i % 10 == 3:
            kept.append(a)
        b.add(2).add(3)
        table[i % 4] = c
        if i % 7 == 0:
            last = d
        d.other = b
        seen = take(a, b, d)
        e = a if i & 1 else b
        e.n *= 2
    return seen, a.n, b.n, c.n, d.other is b, e is a, e is b, last is d

show(run(300), [a.n for a in kept], sorted((k, v.n) for k, v in table.items()), last.n)

# === one_object_whatever_holds_it: compiled=run
from show import show

class A:
    def __init__(self, n):
        self.n = n

def run(n):
    same = 0
    for i in range(n):
        a = A(i)
        b = a
        c = A(i)
        b.n += 1
        same += (a is b) + 2 * (a is c) + 4 * (a == b) + 8 * (a != c) + 16 * (a.n == i + 1)
        a, c = c, a
        same += 32 * (c is b) + 64 * (a is b)
        pair = (a, c)
        same += 128 * (pair[1] is b)
        if i % 50 == 49:
            got = [a, b, c]
            same += 256 * (got[1] is got[2])
    return same, a.n, b.n, c.n, b is c

show(run(300))

# === finalisers_and_weak_references: compiled=run
import weakref
from show import show

log = []

class Loud:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        log.append(self.n)

class Quiet:
    def __init__(self, n):
        self.n = n

def run(n):
    total, refs = 0, []
    for i in range(n):
        a = Loud(i)
        total += a.n
        b = Quiet(i)
        if i % 40 == 0:
            refs.append(weakref.ref(b, lambda ref: log.append("gone")))
        total += b.n
        c = Quiet(Loud(-i))
        total += c.n.n
    return total, [ref() is None for ref in refs]

show(run(200), log[:40], len(log))

# === an_init_that_raises_or_leaves_in_its_middle: compiled=run
import sys
from show import show

class A:
    def __init__(self, n, d):
        self.a = n
        self.b = n // d
        self.c = self.b + 1
        if n % 90 == 89:
            self.late = n

class B(A):
    def __init__(self, n, d):
        super().__init__(n + 1, d)
        self.d = n

def lines(error):
    seen, entry = [], error.__traceback__
    while entry:
        frame = entry.tb_frame
        attributes = sorted(vars(frame.f_locals["self"])) if "self" in frame.f_locals else None
        seen.append((entry.tb_lineno - frame.f_code.co_firstlineno, attributes))
        entry = entry.tb_next
    return seen

def run(n):
    total, seen, b = 0, [], None
    for i in range(n):
        a = A(i, 3)
        try:
            b = B(i, i % 60 - 59)
        except ZeroDivisionError as error:
            seen.append((i, lines(error), vars(a)))
        big = A(1 << (i % 66), 5)
        total += a.c + b.d + big.b
    return total, seen, vars(a), vars(b), vars(big)

show(run(300))

# === attributes_that_change_their_kind: compiled=run
from show import show

class A:
    kind = "class"

    def __init__(self, value):
        self.value = value

def run(n, values):
    got, nan = [], float("nan")
    for i in range(n):
        a = A(values[i % len(values)])
        if i % 3 == 0:
            a.value = i
        b = A(nan)
        if i > n - 8:
            got.append((a.value, a.kind, b.value is nan, b.value in [b.value]))
            a.kind = i
            got.append((a.kind, sorted(vars(a)), A.kind))
            del a.value
            got.append((hasattr(a, "value"), a.__dict__))
    return got

show(run(120, [1]), run(120, [1.5, 2]), run(120, [True, None, "s", 1 << 70, (1, 2), [3]]))

# === the_class_changes: compiled=run
from show import show

log = []

class A:
    def __init__(self, n):
        self.n = n

    def get(self):
        return self.n

def change(i):
    if i == 100:
        A.get = lambda self: -self.n
    if i == 150:
        A.__del__ = lambda self: log.append(self.n)
    if i == 160:
        del A.__del__
    if i == 180:
        A.__init__ = lambda self, n: setattr(self, "n", n + 1000)

def run(n):
    total = 0
    for i in range(n):
        a = A(i)
        if i % 10 == 0:
            change(i)
        total += a.get()
    return total, a.n

show(run(200), log)

# === who_looks_at_the_frame: compiled=run
import sys
from bindings import api, calls, lib
from show import show

class A:
    def __init__(self, n):
        self.n = n
        self.twice = 2 * n

seen = []

def look():
    frame = sys._getframe(1)
    seen.append([(name, value.n if isinstance(value, A) else value) for name, value in sorted(frame.f_locals.items())])
    return frame

def run(n):
    total = 0
    for i in range(n):
        a = A(i)
        total += lib.isum2(a.n, a.twice)
        if i % 60 == 59:
            look().f_locals["a"].n += 5
            total += a.n
        b = A(a.twice)
        total += b.n
    return total

show(run(200), seen)

# === other_classes_by_turns: compiled=run
from show import show

class Circle:
    def __init__(self, r):
        self.r = r

    def area(self):
        return 3 * self.r * self.r

class Square:
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side * self.side

class Empty:
    def area(self):
        return 0

def make(i):
    if i % 5 == 4:
        return Empty()
    return Circle(i) if i & 1 else Square(i)

def run(n):
    total = 0
    for i in range(n):
        shape = make(i)
        total += shape.area()
        if isinstance(shape, Square) and shape.side % 4 == 0:
            total += 1
        if shape is None or type(shape) is Circle:
            total ^= 3
    return total, type(shape).__name__

show(run(300))

# === deletions_and_returns: compiled=run
from show import show

class A:
    def __init__(self, n):
        self.n = n
        self.next = None

def pick(a, b):
    return a if a.n > b.n else b

def chain(i):
    first = A(i)
    second = A(i + 1)
    first.next = second
    return first

def run(n):
    total = 0
    for i in range(n):
        a = A(i % 5)
        b = A(2)
        c = pick(a, b)
        total += c.n
        del a
        total += chain(i).next.n
    try:
        a
    except UnboundLocalError:
        total += 1
    return total, c is b, b.n

show(run(200))

# === many_attributes: compiled=run
from show import show

class Many:
    def __init__(self, n):
        self.a0 = n; self.a1 = n + 1; self.a2 = n * 0.5; self.a3 = True; self.a4 = None; self.a5 = "five"; self.a6 = -n; self.a7 = n & 1
        self.b0 = n; self.b1 = n + 1; self.b2 = n * 0.5; self.b3 = n > 3; self.b4 = None; self.b5 = "five"; self.b6 = -n; self.b7 = n & 1
        self.c0 = n; self.c1 = n + 1; self.c2 = n * 0.5; self.c3 = True; self.c4 = None; self.c5 = "five"; self.c6 = -n; self.c7 = n & 1
        self.d0 = n; self.d1 = n + 1; self.d2 = n * 0.5; self.d3 = True; self.d4 = None; self.d5 = "five"; self.d6 = -n; self.d7 = n & 1

def run(n):
    total = 0
    for i in range(n):
        m = Many(i)
        total += m.a0 + m.b1 + m.c2 + m.d6 + m.b3
        if i == n - 1:
            return total, vars(m)

show(run(200))

# === what_is_borrowed_from_one_that_dies: compiled=run
from show import show

class D:
    def __init__(self, value, other=None):
        self.value = value
        self.other = other

kept = []

def texts(i, held):
    h = held.pop()
    t = h.value
    h = None
    u = "w%d" % i
    return t, u

def numbers(i, held):
    h = held.pop()
    y = i * 1.5
    h.value = y
    z = h.value
    h = i + 0.5
    kept.append(y)
    kept.append(z)
    return [y, z, h]

def dropped(held):
    h = held.pop()
    t, other = h.value, h.other
    del h
    return (t, other, [t] * 2)

def run(n, make):
    held = [D(make(i), str(-i)) for i in range(3 * n)]
    out = []
    for i in range(n):
        out.append((texts(i, held), numbers(i, held), dropped(held)))
    return out[n // 2 : n // 2 + 4], out[-1]

show(run(60, lambda i: "p%d" % i), run(60, lambda i: 10 ** 30 + i), run(60, lambda i: i), run(60, lambda i: float("nan") if i & 1 else 0.5 * i))
show(len(kept), kept[::37])

# === keys_borrowed_from_items: compiled=run
from show import show

class K:
    def __init__(self, name):
        self.name = name

def run(keys, n):
    seen = []
    for i in range(n):
        d = {}
        for k in keys:
            d[k[0]] = i
            d[k[1].name] = k
        seen.append(len(d))
    return seen[-1], sorted(d)

show(run([["a", K("b")], ["c", K("d")], ["e" + "f", K("g" * 2)]], 60))

# === a_truth_that_is_known: compiled=run
from show import show

class A:
    def __init__(self, n):
        self.natural = n >= 0
        self.big = n > 1 << 40
        self.n = n

def run(n):
    total = 0
    for i in range(n):
        a = A(i)
        total += a.natural + a.big + (1 // (i - n - 1 if i < n - 3 else i - n + 5))
    return total, vars(a)

show(run(200))

# === no_classes_of_ours_are_left_behind: compiled=run alone
import builtins
import gc
from show import show

gc.disable()
imported = []

def import_of_ours(name, *rest, known=builtins.__import__):
    imported.append(name)
    return known(name, *rest)

class Number:
    def __init__(self, n):
        self.n = n

def run(n):
    total = 0
    for i in range(n):
        number = Number(i)
        total += number.n
    return total

builtins.__import__ = import_of_ours
gc.collect()
before = {name.__name__ for name in object.__subclasses__()}
show(run(100))
show([name.__name__ for name in object.__subclasses__() if name.__name__ not in before])
show(gc.collect(), imported)
