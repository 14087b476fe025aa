"""Tuples that a loop makes and takes apart, `*args`, calls with `*`: tuples that need not exist, wherever somebody looks."""

# === pairs_come_and_go: compiled=run
from show import show

def swap(a, b): return b, a
def divide(a, b): return a // b, a % b
def three(x): return x, x * 0.5, x > 3
def choose(x):
    if x % 3:
        return x, None
    return None, "three"
def pack(a, b):
    t = a, b
    c, d = t
    return t[0] + t[-1] + len(t) + c - d + (1 if t else 0)

def run(n):
    total, real = 0, 0.0
    for i in range(n):
        x, y = swap(i, i + 1)
        q, r = divide(x * 7, 5)
        total += q - r * y
        a, b, c = three(i)
        real += b
        total += a + c
        d, e = choose(i)
        total += d if e is None else len(e)
        total += pack(i, r)
        total += (i, q)[1] + (i, r, 3)[-3]
        if (x, y) is None or not (x, y):
            total = -1
    return total, real

show(run(3), run(60), run(2000))

# === rest_of_the_arguments: compiled=run
from show import show

def first(*args): return args[0]
def count(*args): return len(args)
def nothing(*args):
    return 1 if args else 2
def after(a, b=7, *rest, key=3, other):
    return a + b * len(rest) + key - other + (rest[0] if rest else 5)
def tail(*args):
    rest = args[1:]
    both = args[:]
    return len(rest) + len(both) * 10 + len(args[5:]) + (rest[-1] if rest else 0)
def total_of(*numbers):
    total = 0
    for number in numbers:
        total += number
    return total
def unpack(*args):
    a, b, c = args
    return a - b * c

def run(n):
    total = 0
    for i in range(n):
        total += first(i, 2) + count() + count(i, i, 3) * 2 + nothing() + nothing(i)
        total += after(i, other=2) + after(i, 1, other=i) + after(1, 2, i, 4, other=5, key=i)
        total += tail(i) + tail(1, i, 3) + unpack(i, 2, 3)
        total += total_of(i, 2, 3)
    return total

show(run(3), run(60), run(2000))

# === passed_on: compiled=run
from show import show

def add(a, b, c=1): return a * 2 + b - c
def on(f, *args): return f(*args)
def with_one(f, *args): return f(3, *args)
def behind(f, *args): return f(*args, 4)
def both(f, one, *args): return f(one, *args, *args)
def any_number(*args): return len(args) + args[-1]
def method(self, *args): return self.scale * add(*args)

class Thing:
    def __init__(self): self.scale = 2
    def call(self, function, *arguments): return function(self.twice, *arguments)
    @property
    def twice(self): return self.scale * 2
    times = method

def run(n):
    total, thing, fixed = 0, Thing(), (4, 5)
    for i in range(n):
        total += on(add, i, 2) + with_one(add, i) + behind(add, i) + both(any_number, i, 2, 3)
        total += on(on, add, i, 3) + thing.call(add, i) + thing.times(i, 5) + on(thing.times, i, 1)
        total += add(*fixed) + add(i, *(2,)) + any_number(*fixed, i)
    return total

show(run(3), run(60), run(2000))

# === objects_in_tuples: compiled=run
from show import show

class Named:
    def __init__(self, name): self.name = name
    def __del__(self): dead.append(self.name)

def pair(a, b): return a, b
def made(i): return Named(("m", i)), i
def held(*args):
    kept = args
    a = args[0]
    return a, kept[1]
def replaced(a, b):
    t = a, b
    a = None
    b = 3
    x, y = t
    return x, y, t
def attribute(o, x): return o.name, x

def run(n):
    total = 0
    for i in range(n):
        x = Named(("x", i))
        y, z = pair(x, i)
        total += z + (y is x)
        x = None
        y, z = held(y, i)
        total += z
        m, k = made(i)
        total += k + len(m.name)
        u, v, t = replaced(m, y)
        total += (u is m) + (t[0] is m) + (v is y) + (t[1] is y)
        name, w = attribute(u, i)
        u = m = t = None
        total += name[1] + w
        dead.append("end")
    return total

dead = []
show(run(2), dead)
del dead[:]
show(run(100), len(dead), dead[:12], dead[-20:])

# === one_tuple_is_one: compiled=run
from show import show

def same(*args): return args
def twice(*args):
    a = args
    b = args
    kept.append(a)
    return a is b, kept[-1] is args, args is args[:], a

def run(n):
    total = 0
    for i in range(n):
        t = same(i, 2)
        u = v = (i, t)
        kept.append(u)
        total += (u is v) + (kept[-1] is v) + (kept[-1][1] is t) + (u[1] is t)
        w = (u, v)
        total += (w[0] is w[1]) + (w[0] is u)
        x = 0.5 * i
        y = (x, x)
        total += y == (x, 0.5 * i)
        del kept[:]
    return total

kept = []
show(run(3), run(60), run(300))
def look(n):
    found = []
    for i in range(n):
        found.append(twice(i, "a"))
    return found
show(look(40)[-1], len(kept), kept[3])

# === exits_in_the_middle
import sys
from show import show

def leaf(x, *args):
    y = args[0] + x
    if x % 40 == 39:
        log.append((sys._getframe(0).f_lineno, sorted(sys._getframe(0).f_locals.items(), key=str)))
    return y, args
def big(*args):
    t = args[0] * args[1], args
    return t[0] + len(t[1])
def odd(*args):
    for a in args:
        if a % 17 == 3:
            return args, a
    return (), 0

def run(n, start):
    total = 0
    for i in range(n):
        a, b = leaf(i, 2, i)
        total += a + b[1]
        total += big(start + i, i)
        c, d = odd(i, i + 1, i * 2)
        total += len(c) + d
    return total

log = []
show(run(200, 1), log)
show(run(200, 1 << 61), len(log))

# === wrong_counts
import traceback
from show import show

def two(a, b, *rest): return a + b + len(rest)
def only(*args, key): return len(args) + key
def no_more(a, b): return a - b
def unpacks(*args):
    a, b = args
    return a + b
def index(*args):
    return args[2]

def run(n):
    found = []
    for i in range(n):
        args = (i,) * (i % 4)
        for function in (two, only, no_more, unpacks, index):
            try:
                found.append(function(*args))
            except Exception as problem:
                found.append(str(problem))
            try:
                found.append(function(1, *args))
            except Exception as problem:
                found.append((str(problem), problem.__traceback__.tb_lineno, len(traceback.format_exception(problem))))
    return found

found = run(60)
show(len(found), found[:40], found[-40:])

# === exceptions_with_tracebacks
import traceback
from show import show

def inner(*args):
    return (args[0] //
            args[1])
def middle(*args):
    return inner(
        *args)
def outer(f, *args): return f(args[0], *args[1:])

def run(n):
    log = []
    for i in range(n):
        try:
            middle(i, i % 20 - 7)
            outer(middle, i, i % 30 - 9)
        except ZeroDivisionError as problem:
            trace, lines = problem.__traceback__, []
            while trace:
                frame = trace.tb_frame
                lines.append((frame.f_code.co_name, trace.tb_lineno))
                if frame.f_code.co_name != "run":
                    lines.append(sorted(frame.f_locals.items(), key=str))
                trace = trace.tb_next
            log.append(lines)
            log.append("".join(traceback.format_exception(problem)).count("\n"))
    return log

show(run(60))

# === changed_functions: compiled=run
from show import show

def f(a, *args): return a + len(args)
def g(a, *args): return a * 2 - args[0]
def call(i, *args): return f(i, *args)

def run(n, change):
    total = 0
    for i in range(n):
        total += call(i, 1, 2)
        if i == change:
            f.__code__ = g.__code__
        if i == change * 2:
            f.__defaults__ = (5,)
    return total

show(run(100, 1000), run(200, 60), run(50, 1000))
f.__code__ = (lambda a, b, c: a + b * c).__code__
show(run(100, 1000))
f.__code__ = (lambda *args: len(args)).__code__
show(run(100, 1000))

# === subclasses_and_others
from collections import namedtuple
from show import show

class Mine(tuple):
    def __getitem__(self, i): return 5
    def __len__(self): return 9
    def __iter__(self): return iter((1, 2))
Point = namedtuple("Point", "x y")

def add(a, b): return a * 3 + b
def rest(*args): return args

def run(n):
    total, mine, point = 0, Mine((7, 8)), Point(2, 5)
    for i in range(n):
        total += add(*mine) + add(*point) + add(*[i, 2]) + add(*(j for j in (i, 3)))
        total += mine[0] + len(mine) + point[1] + point.x
        a, b = mine
        c, d = point
        total += a + b * c - d
        total += len(rest(*mine)) + len(rest(*point)) + len(rest(1, *mine, *point))
        total += type(rest(*mine)) is tuple
    return total

show(run(3), run(60), run(300))

# === kept_alive_while_called: compiled=run
from show import show

class Box:
    def __init__(self, x): self.x = x

def value(box, *rest): return box.x[0] + len(rest)
def through(f, holder, *args): return f(holder.x, *args)
def drop(holder, *args):
    held = args[0]
    holder.x = Box([4])
    return held.x[0] + args[0].x[0] * 2

def run(n):
    total, holder = 0, Box(Box([3]))
    for i in range(n):
        total += through(value, holder, i, 2)
        total += drop(holder, holder.x)
        holder.x = Box([i])
        total += drop(holder, holder.x, i)
    return total

show(run(3), run(60), run(300))

# === in_containers: compiled=run
from show import show

def pair(i): return i, i * 2
def run(n):
    out, table, total = [], {}, 0
    for i in range(n):
        out.append((i, i + 1))
        out.append(pair(i))
        out[i] = (i, "x")
        table[i, i + 1] = i
        total += table[(i, i + 1)]
        total += (i, i + 1) in table
        total += (i, 2) < (i, 3)
        total += (i, i) == pair(i)
        total += hash((i, 3)) == hash((i, 3))
    return out, total

out, total = run(200)
show(len(out), out[:5], out[-5:], total)

# === nested_tuples: compiled=run
from show import show

def nest(a, b): return (a, (b, a)), b
def run(n):
    total = 0
    for i in range(n):
        (a, (b, c)), d = nest(i, 3)
        total += a + b * c - d
        t = (i, (i, i + 1))
        total += t[1][0] + t[1][1]
    return total

show(run(3), run(60), run(300))

# === stars_at_module_level: compiled=<module>
from show import show

def add(a, b, c=1): return a + b * c
def on(f, *args): return f(*args)
fixed, total = (2, 3), 0
for i in range(3000):
    x, y = on(divmod, i, 7) if i % 1000 == 999 else (i, 2)
    total += add(*fixed) + on(add, i, 2) + add(i, *fixed) + x - y
    fixed = (i, 3)
show(total, fixed)

# === indexes_that_vary: compiled=run
from show import show

class Holder: pass

def pick(at, *args): return args[at]
def pick_object(at, holder, *args):
    holder.n += 1
    a = args[at]
    holder.n += at
    return a, args[-1]
def last(*args):
    for k in (1, -1, 0):
        x = args[k]
    return x

def run(n):
    total, holder = 0, Holder()
    holder.n, holder.x, holder.y = 0, Holder(), Holder()
    for i in range(n):
        total += pick(i % 3, i, 2, 3) - pick(-1 - i % 3, 1, 2, i)
        a, b = pick_object(i % 2, holder, holder.x, holder.y)
        total += (a is holder.x) * 2 + (b is holder.y) + last(i, 5)
    return total, holder.n

show(run(3), run(60), run(300))

# === pair_in_an_attribute: compiled=run
from show import show

class Pattern:
    def __init__(self): self.width = None

def run(n):
    patterns, total = [Pattern() for _ in range(n)], 0
    for i in (7, "text", 2.5):
        for pattern in patterns:
            pattern.width = i, n
            low, high = pattern.width
            total += high
            kept = low
    return total, kept, len({id(pattern.width) for pattern in patterns})

show(run(3), run(60))
