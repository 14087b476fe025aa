"""Operators that methods in Python implement, as a part of a trace: their protocols, frames, deaths and changes."""

# === the_operators: compiled=run
from show import show

class Vec:
    def __init__(self, x, y): self.x, self.y = x, y
    def __add__(self, other): return Vec(self.x + other.x, self.y + other.y)
    def __sub__(self, other):
        if not isinstance(other, Vec): return NotImplemented
        return Vec(self.x - other.x, self.y - other.y)
    def __mul__(self, k): return self.x * k + self.y
    def __rmul__(self, k): return Vec(self.x * k, self.y)
    def __matmul__(self, other): return self.x * other.x + self.y * other.y
    def __truediv__(self, k): return self.x / k
    def __mod__(self, k): return self.x % k
    def __neg__(self): return -self.x
    def __invert__(self): return ~self.y
    def __eq__(self, other): return self.x == other.x and self.y == other.y
    def __lt__(self, other): return self.x < other.x
    def __ge__(self, other): return not self.x < other.x
    def __getitem__(self, k): return self.x if k % 2 == 0 else self.y
    def __setitem__(self, k, value):
        if k % 2: self.y = value
        else: self.x = value
    def __len__(self): return self.y & 7
    def __bool__(self): return self.x % 3 != 0
    def __contains__(self, k): return k == self.x

def run(n):
    a, b, total = Vec(3, 4), Vec(5, 7), 0.0
    for i in range(n):
        total += a * i + a @ b + b / 2 + b % 3 + -a + ~b + (2 * b).x
        if a == b: total += 1
        if a < b: total += 2
        if a >= b: total += 4
        total += len(b) + b[i] + (i in a) * 3 + (i not in b)
        if a: total += 8
        if not b: total += 16
        b[i] = i
        a = a + Vec(1, 0)
        a = a - Vec(0, 1)
    return total, a.x, a.y, b.x, b.y

show(run(3), run(60), run(1000))

# === nobody_implements_it: compiled=run
import traceback
from show import show

class Left:
    def __init__(self, n): self.n = n
    def __add__(self, other): return self.n + other if isinstance(other, int) and other % 7 else NotImplemented
    def __sub__(self, other): return self.n - other if isinstance(other, int) and other % 5 else NotImplemented
    def __isub__(self, other): return self.n - other if other % 3 else NotImplemented
    def __lt__(self, other): return self.n < other if other % 11 else NotImplemented
    def __eq__(self, other): return self.n == other if other % 13 else NotImplemented
    def __rmul__(self, other): return self.n * other if other % 4 else NotImplemented

def run(n):
    total, left = 0, Left(7)
    for i in range(n):
        try: total += left + i
        except TypeError as problem: note(problem, i)
        try: total += left - i
        except TypeError as problem: note(problem, i)
        try:
            x = left
            x -= i
            total += x
        except TypeError as problem: note(problem, i)
        try:
            y = left
            y += i
            total += y
        except TypeError as problem: note(problem, i)
        try: total += left < i
        except TypeError as problem: note(problem, i)
        total += left == i
        try: total += i * left
        except TypeError as problem: note(problem, i)
    return total

def note(problem, i):
    lines = [(t.f_code.co_name, n) for t, n in traceback.walk_tb(problem.__traceback__)]
    log.append((i, str(problem), lines))

log = []
show(run(120), len(log), log)

# === the_other_one_is_asked: compiled=run
from show import show

class Left:
    def __init__(self, n): self.n = n
    def __add__(self, other):
        if other.n % 5 == 3: return NotImplemented
        return self.n + other.n
    def __lt__(self, other):
        if other.n % 5 == 3: return NotImplemented
        return self.n < other.n
    def __eq__(self, other):
        if other.n % 5 == 3: return NotImplemented
        return self.n == other.n
class Right:
    def __init__(self, n): self.n = n
    def __radd__(self, other):
        log.append(("radd", self.n))
        if self.n % 2: return NotImplemented
        return 1000
    def __gt__(self, other):
        log.append(("gt", self.n))
        if self.n % 2: return NotImplemented
        return True
    def __eq__(self, other):
        log.append(("eq", self.n))
        return NotImplemented
class Derived(Left):
    def __radd__(self, other): return -1
    def __gt__(self, other): return False

def run(n, make):
    total = 0
    for i in range(n):
        a, b = Left(i * 2), make(i)
        try: total += a + b
        except TypeError as problem: log.append((i, str(problem)))
        try: total += a < b
        except TypeError as problem: log.append((i, str(problem)))
        total += (a == b) * 3
    return total

log = []
show(run(100, Right), len(log), log)
show(run(100, Left), run(100, Derived), len(log), log[-3:])

# === priority_of_a_subclass: compiled=run
from show import show

class Base:
    def __add__(self, other): return 1
    def __radd__(self, other): return 2
    def __lt__(self, other): return True
    def __gt__(self, other): return False
class Derived(Base):
    def __radd__(self, other): return 3
    def __gt__(self, other): return True
class Plain(Base): pass

def run(n, pairs):
    total = []
    for i in range(n):
        a, b = pairs[i % len(pairs)]
        total.append((a + b, b + a, a < b, b < a))
    return total

b, d, p = Base(), Derived(), Plain()
for pairs in ([(b, d)], [(b, b)], [(b, p)], [(p, d)], [(b, d), (d, b), (b, b), (p, b), (b, p)]):
    show(run(60, pairs)[-5:])

# === results_of_the_wrong_kind: compiled=run
from show import error, show

class Odd:
    def __init__(self, n): self.n = n
    def __len__(self): return self.n if self.n % 7 else -1 if self.n % 2 else "text" if self.n % 3 else 2**70
    def __bool__(self): return self.n % 2 == 0 if self.n % 5 else self.n
    def __contains__(self, k): return self.n % 2 == 0 if self.n % 5 else [self.n]
    def __eq__(self, other): return self.n == other if self.n % 9 else [self.n]
    def __lt__(self, other): return self.n < other if self.n % 9 else "less"
    def __setitem__(self, k, value): return value

def run(n):
    log, total = [], 0
    for i in range(n):
        odd = Odd(i)
        try: total += len(odd)
        except (TypeError, ValueError, OverflowError) as problem: log.append((i, str(problem)))
        try:
            if odd: total += 1
        except TypeError as problem: log.append((i, str(problem)))
        try: total += not odd
        except TypeError as problem: log.append((i, str(problem)))
        total += i in odd
        x = odd == 5
        if odd < 30: total += 2
        odd[i] = x
        log.append(x) if not isinstance(x, bool) else None
    return total, log

show(run(150))

# === exceptions_and_frames: compiled=run
import sys
import traceback
from show import show

class Item:
    def __init__(self, n): self.n = n
    def __add__(self, other):
        total = self.n + other.n
        return check(total,
                     self)
    def __getitem__(self, k):
        return [1, 2,
                3][k]
    def __bool__(self):
        if self.n % 17 == 16: raise ValueError(self.n)
        return self.n % 2 == 0
    def __len__(self): return 10 // (self.n % 19)

def check(total, item, *rest, **named):
    if item.n % 23 == 22:
        frame, found = sys._getframe(), []
        while frame.f_code.co_name != "<module>":
            found.append((frame.f_code.co_name, frame.f_lineno, [k for k in frame.f_locals]))
            frame = frame.f_back
        log.append(found)
    if item.n % 31 == 30: raise KeyError(total)
    return total

def run(n):
    total = 0
    for i in range(n):
        a, b = Item(i), Item(i + 1)
        try:
            total += (a
                      + b)
            total += a[
                i % 4]
            if a: total += 1
            total += len(
                b)
        except Exception as problem:
            log.append((i, repr(problem), [(f.f_code.co_name, n, sorted(map(str, f.f_locals)) if f.f_code.co_name != "run" else 0) for f, n in traceback.walk_tb(problem.__traceback__)]))
    return total

log = []
show(run(200), len(log), log)

# === deaths_of_operands: compiled=run
from show import show

class Named:
    def __init__(self, name): self.name = name
    def __del__(self): dead.append((self.name, len(dead)))
    def __add__(self, other):
        dead.append("added")
        return Named(self.name + other.name)
    def __getitem__(self, k):
        dead.append(k.name)
        self = None
        return k
    def __len__(self): return len(self.name)
    def __eq__(self, other):
        other = None
        return True
    def __setitem__(self, k, value): self.held = value
    def __bool__(self): return True

def run(n):
    total, kept = 0, Named("kept")
    for i in range(n):
        x = Named("a") + Named("b")
        y = Named("c")[Named("d")]
        total += len(Named("e")) + (Named("f") == kept)
        kept[i] = Named("g")
        if Named("h"): total += 1
        dead.append(i)
    return total

dead = []
show(run(50), len(dead), dead[:60], dead[-60:])

# === classes_change_meanwhile: compiled=run
from show import show

class Number:
    def __init__(self, n): self.n = n
    def __add__(self, other): return self.n + other
    def __len__(self): return 3
    def __eq__(self, other): return self.n == other

def other(self, value): return -value

def run(n):
    total, number = 0, Number(5)
    for i in range(n):
        if i == 60: Number.__add__ = other
        if i == 80: Number.__len__ = lambda self: 100
        if i == 100: number.__add__ = None
        if i == 110: Number.__eq__ = lambda self, other: True
        if i == 120: Number.__bool__ = lambda self: False
        if i == 130: del Number.__add__, Number.__len__
        if i == 131: Number.__radd__ = other
        try: total += number + i
        except TypeError as problem: total += len(str(problem))
        try: total += len(number)
        except TypeError as problem: total += len(str(problem))
        total += number == i
        if number: total += 1000
    return total

show(run(200))

# === in_place: compiled=run
from show import show

class Sum:
    def __init__(self): self.n = 0
    def __iadd__(self, x):
        self.n += x
        return self
class Plain:
    def __init__(self, n): self.n = n
    def __add__(self, x): return Plain(self.n + x)

def run(n):
    s, p = Sum(), Plain(1)
    for i in range(n):
        s += i
        p += i
    return s.n, p.n

show(run(3), run(500))

# === sequences_in_c_come_in: compiled=run
from show import error, show

class Long(list):
    def __len__(self): return list.__len__(self) + 100
    def __getitem__(self, k): return list.__getitem__(self, k) * 2
    def __add__(self, other): return "sum"
    def __contains__(self, k): return k == 3
class Odd:
    def __radd__(self, other): return NotImplemented
    def __rmul__(self, other): return "times"

def run(n):
    total, long, odd = [], Long([1, 2, 3]), Odd()
    for i in range(n):
        total.append((len(long), long[i % 3], long + [1], i in long, bool(long), [1] * 2 + [3], odd.__rmul__(3), 3 * odd))
        total.append(error(lambda: [1] + odd))
    return total[-2:], len(total)

show(run(80))

# === truth_of_plain_instances: compiled=run
from show import show

class Plain: pass
class Sized:
    def __init__(self, n): self.n = n
    def __len__(self): return self.n

def run(n):
    total, plain, sized = 0, Plain(), [Sized(0), Sized(2)]
    for i in range(n):
        if plain: total += 1
        if not plain: total += 100
        if sized[i & 1]: total += 2
        if i == 70: Plain.__bool__ = lambda self: False
        total += bool(plain) and 1
    return total

show(run(150))

# === comparisons_that_give_no_bool: compiled=run
from show import show

class Odd:
    def __init__(self, n): self.n = n
    def __gt__(self, k): return self.n % 3
    def __lt__(self, k): return [] if self.n % 4 else "yes"
    def __eq__(self, k): return None if self.n % 5 else 0.5
    def __ne__(self, k): return self if self.n % 2 else ""
    def __le__(self, k): return self.n < k if self.n < 40 else 0
    def __bool__(self): return self.n % 3 == 0

def run(n):
    total, odd = 0, Odd(0)
    for i in range(n):
        odd.n = i
        if odd > i: total += 1
        if odd < i: total += 10
        if odd == i: total += 100
        if odd != i: total += 1000
        if odd <= 30: total += 10000
        total += not odd > i
        x = odd == i
        total += 7 if x else 0
        total += (odd > i and 5) + bool(odd < i or 3)
    return total

show(run(10), run(120))

# === operands_and_frames: compiled=run
import ctypes
import sys
from show import show

class Num:
    def __init__(self, n): self.n = n
    def __add__(self, other):
        change(self.n)
        return self.n + other.n
    def __del__(self): dead.append(self.n)

def change(n, *rest, **named):
    if n % 20 == 19:
        frame = sys._getframe(2)
        frame.f_locals["a"] = frame.f_locals["b"] = Num(-n)
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0)
        dead.append("changed")

def run(n):
    total, a, b = 0, Num(1), Num(2)
    for i in range(n):
        total += a + b
        if i % 3 == 0: a = Num(i)
        if i % 5 == 0: b = Num(i + 1000)
    return total

dead = []
show(run(150), len(dead), dead)

# === constants_that_are_returned: compiled=run
from show import show

class Fixed:
    def __bool__(self): return False
    def __len__(self): return 3
    def __eq__(self, other): return True
    def __lt__(self, other): return None
    def __add__(self, other): return 7
    def __sub__(self, other): return NotImplemented
    def __getitem__(self, k): return "text"
    def __setitem__(self, k, value): return None
    def __contains__(self, k): return False
class Counted(Fixed):
    def __bool__(self): return 1
    def __len__(self): return -1

def run(n, fixed):
    total = 0
    for i in range(n):
        try:
            if fixed: total += 1
            total += len(fixed) + (not fixed)
        except (TypeError, ValueError) as problem: total += len(str(problem))
        if fixed == i: total += fixed + i
        if fixed < i: total += 100
        try: total += fixed - i if i % 40 == 39 else 0
        except TypeError as problem: total += len(str(problem))
        total += len(fixed[i]) + (i in fixed)
        fixed[i] = i
    return total

show(run(100, Fixed()), run(100, Counted()), run(20, Fixed()))
