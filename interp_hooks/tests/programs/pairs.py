"""`enumerate`, `zip` and `reversed`: whatever they go over, wherever the loop is left, whoever else has the iterator."""

# === numbers_in_pairs: compiled=counted,both,back,three
from show import show

def counted(s, start=0):
    total = 0
    for i, x in enumerate(s, start):
        total += i * x
    return total
def both(a, b):
    total = 0
    for x, y in zip(a, b):
        total = total * 3 + x - y & 0xFFFFFFF
    return total
def back(s):
    total = 0
    for x in reversed(s):
        total = total * 5 + x & 0xFFFFFFF
    return total
def three(a, b, c):
    total = 0.5
    for x, y, z in zip(a, reversed(b), c):
        total = total * 0.5 + x * y - z
    return total

for n in (0, 1, 2, 3, 60, 500):
    l, t, r = [i * 3 for i in range(n)], tuple(range(n)), range(n, 3 * n, 2)
    for s in (l, t, r, [x * 0.5 for x in l], range(n, 0, -1)):
        show(counted(s), counted(s, 5), counted(s, -3))
    show(both(l, t), both(t, r), both(r, l), both(l, l), back(l), back(t), back(r), three(l, t, r), three(t, l, [1.5] * n))

# === unequal_lengths
from show import show

def both(a, b, rest):
    total = 0
    for x, y in zip(a, b):
        total += x * y
    return total, list(rest)
def strict(a, b):
    total = 0
    try:
        for x, y in zip(a, b, strict=True):
            total += x * y
    except ValueError as problem:
        return total, str(problem)
    return total

for n in (1, 2, 5, 40, 90):
    for m in (n - 1, n, n + 1, n + 2):
        a, b = iter(range(n)), iter(list(range(m)))
        show(both(a, b, a), both(iter((1,) * n), range(m), []), strict(range(n), [2] * m), strict((3,) * n, tuple(range(m))))
        a, b = iter([4] * n), iter((5,) * m)
        show(both(a, b, b), both([1] * n, b, a))

# === great_numbers
import sys
from show import show

def run(s, start):
    total = 0
    for i, x in enumerate(s, start):
        total += i ^ x
    return total, i

for start in (sys.maxsize - 20, sys.maxsize - 1, sys.maxsize, sys.maxsize + 1, 1 << 70, -sys.maxsize, -3):
    show(run(list(range(60)), start), run(range(60), start))

# === objects_die_in_time: compiled=counted,both,back
from show import show

class Named:
    def __init__(self, name): self.name = name
    def __del__(self): dead.append(self.name)

def counted(s):
    for i, x in enumerate(s):
        dead.append(("at", i))
        if i % 5 == 1:
            s[i] = None
        if i % 7 == 2:
            s[i] = x = None
        dead.append("end")
    dead.append("left")
def both(a, b):
    for x, y in zip(a, b):
        dead.append("at")
        a[x.name] = None
        x = None
        dead.append(y.name)
    dead.append("left")
def back(s):
    for x in reversed(s):
        dead.append(len(s))
        s.pop()
        x = None
        dead.append("end")
def same(a):
    for x, y in zip(a, a):
        a[x.name] = None
        dead.append(x is y)
        x = y = None
        dead.append("end")

for n in (3, 80):
    dead = []
    counted([Named(i) for i in range(n)])
    show(len(dead), dead[:20], dead[-40:])
    dead = []
    kept = [Named(i + 1000) for i in range(n)]
    both([Named(i) for i in range(n)], kept)
    show(len(dead), dead[:20], dead[-40:])
    dead = []
    back([Named(i) for i in range(n)])
    show(len(dead), dead[:20], dead[-40:])
    dead = []
    same([Named(i) for i in range(n)])
    show(len(dead), dead[:20], dead[-40:])
    del kept

# === references_are_counted
import sys
from show import show

class Thing: pass

def counted(s):
    found = []
    for i, x in enumerate(s):
        y = x
        if i > 40:
            found.append(sys.getrefcount(x))
    return found
def both(a, b):
    found = []
    n = 0
    for x, y in zip(a, b):
        n += 1
        if n > 40:
            found.append((sys.getrefcount(x), sys.getrefcount(y)))
    return found

things = [Thing() for _ in range(60)]
show(counted(things), counted(tuple(things)), both(things, things), both(things, tuple(things)))
show([sys.getrefcount(t) for t in things[:3]], [sys.getrefcount(t) for t in things[-3:]])

# === mixed_items: compiled=counted
from show import show

class Thing:
    def __init__(self, x): self.x = x
    def __del__(self): dead.append(self.x)

def counted(s):
    total = 0
    for i, x in enumerate(s):
        if type(x) is int or type(x) is bool:
            total += x
        elif type(x) is str:
            total += len(x)
        elif x is None:
            total += 3
        else:
            total += x.x
        dead.append(i)
    return total

def items(n):
    for i in range(n):
        yield [i, "text" * (i % 3), None, Thing(i), i * 0.5 + 1 > 3][i % 5 - (i % 11 == 0)]

dead = []
show(counted(list(items(5))), counted(list(items(200))), len(dead), dead[-30:])
del dead[:]
def forgetting(n):
    s = list(items(n))
    total = 0
    for i, x in enumerate(s):
        s[i] = 0
        total += i if x is None else 1
        dead.append(("i", i))
    return total
show(forgetting(150), len(dead), dead[-60:])

# === the_tuple_is_kept
from show import show

def keep(s):
    kept = []
    for t in enumerate(s):
        kept.append(t)
    return kept
def keep_some(s):
    kept, total = [], 0
    e = enumerate(s)
    for i, x in e:
        total += i * x
        if i % 9 == 3:
            kept.append(next(e))
    return kept, total
def keep_first(a, b):
    z = zip(a, b)
    first = next(z)
    total = 0
    for x, y in z:
        total += x * y
    return first, total

show(keep(list(range(60)))[:3], keep(range(60))[-3:], keep_some(list(range(100))), keep_some(tuple(range(50))))
show(keep_first([1, 2, 3] * 30, range(90)), keep_first((1, 2) * 30, [5] * 61))

# === others_have_the_iterator
from show import show

def run(make, n):
    out = []
    it = iter(list(range(n)))
    total = 0
    for i, x in enumerate(it):
        total += i * x
        if i % 7 == 5:
            out.append(next(it, None))
    e = enumerate(range(n))
    for i, x in e:
        total += i - x
        if i == n // 2:
            break
    for i, x in e:
        total += i * x
    z = zip(range(n), e, make(n))
    for a, b, c in z:
        total += a
    r = reversed(list(range(n)))
    for x in r:
        total = total * 3 + x & 0xFFFF
        if x == n // 3:
            break
    return total, out, list(e), list(z), list(r), r.__length_hint__()

show(run(range, 4), run(range, 60), run(lambda n: [1] * n, 100))

# === left_in_the_middle
from show import show

def counted(s, stop):
    e = enumerate(s)
    try:
        for i, x in e:
            if i == stop:
                raise KeyError(i)
            if x == -1:
                return i, list(e)
    except KeyError as problem:
        return str(problem), list(e)
    return i, next(e, "end")
def both(a, b, stop):
    z = zip(a, b)
    for x, y in z:
        if x == stop:
            break
    else:
        x = "none"
    return x, list(z)

for n in (5, 60, 61):
    s = list(range(n))
    show(counted(s, n - 3), counted(s, n + 1), counted([*s[:-2], -1, 7], n + 1))
    show(both(s, range(n), n - 3), both(range(n), tuple(s), n - 2), both(s, s, -1))

# === the_list_changes
from show import show

def growing(s, most):
    total = 0
    for i, x in enumerate(s):
        total += i * x
        if len(s) < most:
            s.append(x + 1)
    return total, len(s)
def shrinking(s):
    total = 0
    for x, y in zip(s, s):
        total += x + y
        s.pop()
    return total, len(s)
def backwards(s):
    total = 0
    for x in reversed(s):
        total = total * 3 + x & 0xFFFFFF
        s.pop()
        if len(s) % 5 == 0 and s:
            s.pop()
    return total, len(s)

for n in (3, 50, 200):
    show(growing(list(range(n)), 2 * n), shrinking(list(range(n))), backwards(list(range(n))))

# === loops_in_loops: compiled=run
from show import show

def run(rows):
    total = 0
    for i, row in enumerate(rows):
        for j, x in enumerate(row):
            total += (i + 1) * (j - 3) * x
        for x, y in zip(row, reversed(row)):
            total ^= x * y
    return total

for rows in ([[1, 2, 3]] * 3, [list(range(i % 7)) for i in range(80)], tuple(tuple(range(9)) for i in range(40)), [range(5)] * 30):
    show(run(rows), run([(1, 2), [3], (), [4, 5, 6]] * 9))

# === others_look_like_them
from show import show

class Mine(list):
    def __iter__(self): return iter((7, 8))
    def __reversed__(self): return iter([9])
class Sequence:
    def __len__(self): return 40
    def __getitem__(self, i):
        if i >= 40: raise IndexError(i)
        return i * i

def run(s):
    total = 0
    for i, x in enumerate(s):
        total += i * x
    for x in reversed(s):
        total = total * 3 + x & 0xFFFFFF
    for x, y in zip(s, s):
        total += x - y * 2
    return total

for s in (Mine([1, 2, 3]), Sequence(), list(range(50)), tuple(range(50)), Mine([4] * 60)):
    show(run(s))
show([(i, x) for i, x in enumerate("text" * 20)][-1], [x + y for x, y in zip("ab" * 30, {i: i for i in "cd"})])

# === wrong_shapes
from show import show

def two(s):
    found = []
    try:
        for i, x in zip(s, s, s):
            found.append(i)
    except ValueError as problem:
        found.append(str(problem))
    return found
def three(s):
    try:
        for i, x, y in enumerate(s):
            pass
    except ValueError as problem:
        return str(problem), problem.__traceback__.tb_lineno

for n in (0, 1, 50):
    show(two(list(range(n))), three(range(n)))
def changing(n):
    out = []
    for k in range(n):
        try:
            for a, b in zip(*[[1, 2]] * (2 + (k % 10 == 9))):
                out.append(a * b)
        except ValueError as problem:
            out.append(str(problem))
    return out
show(changing(60))

# === at_module_level: compiled=<module>
from show import show

total = 0
for i, x in enumerate([5] * 500):
    total += i * x
for a, b in zip(range(500), [3] * 400):
    total -= a * b
show(total, i, x, a, b)

# === cycles_are_found: compiled=run
import gc
import weakref
from show import show

class Node: pass

def run(nodes):
    n = 0
    e = enumerate(nodes)
    for i, node in e:
        n += 1
    node.e = e
    return n

def once(n):
    nodes = [Node() for _ in range(n)]
    gc.collect()
    found = run(nodes)
    watch = weakref.ref(nodes[-1])
    del nodes
    gc.collect()
    return found, watch() is None

show(once(3), once(80), once(80))
