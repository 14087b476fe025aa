"""Builtins and math at their edges: exact results, the object that comes back, errors with their texts, own classes in place of numbers."""

# === abs_min_max: compiled=run
from show import error, show

class Own:
    def __init__(self, x): self.x = x
    def __abs__(self): return self.x or 0.5
    def __lt__(self, other): return self.x < getattr(other, "x", other)
    def __gt__(self, other): return self.x > getattr(other, "x", other)

class Int(int):
    def __abs__(self): return 77

VALUES = [0, 1, -1, 2**62, -2**62, 2**63 - 1, -2**63, 2**63, 2**100, -2**100, 0.0, -0.0, 1.5, -1.5, float("inf"), float("-inf"), float("nan"), True, False, Int(-3), 2**53 + 1, 2.0**53]

def run(values):
    seen = []
    for i in range(len(values) * 2):
        x, y = values[i % len(values)], values[i * 7 % len(values)]
        seen += [abs(x), min(x, y), max(x, y), min(y, x), max(y, x, 0), min(x, y, 1.0, 1)]
    return seen

show(run(VALUES))
for size in (1, 2, 3, 9, 10, 11, 17): show(run(VALUES[:size]))

def objects(n):
    log = []
    for i in range(n):
        x, y = float(i % 3), i % 3
        log.append((type(min(x, y)).__name__, type(max(x, y)).__name__, type(min(y, x)).__name__, type(max(y, x)).__name__, min(-0.0, 0.0), max(0.0, -0.0), max(-0.0, 0.0)))
    return log

show(objects(40)[-3:])

def odd(n):
    total, problems = 0, {}
    for i in range(n):
        total += abs(Own(i)) + max(Own(i), Own(3)).x + min(Own(i), Own(3)).x
        total += max(3, i, key=lambda x: -x) + min([i, 2]) + max((), default=i) + max([1, i], key=None)
        for way in (lambda: min(), lambda: max(1, "a"), lambda: abs("x"), lambda: min([]), lambda: max(None, i), lambda: min(i), lambda: abs(), lambda: abs(1, 2)):
            try: way()
            except (TypeError, ValueError) as problem: problems[error(problem)] = problems.get(error(problem), 0) + 1
    return total, problems

show(odd(50))

# === int_float_bool: compiled=run
from show import error, show

class Whole:
    def __int__(self): return 5
    def __index__(self): return 6
    def __float__(self): return 7.5
    def __bool__(self): return False

class Int(int): pass
class Float(float): pass
VALUES = [0, 7, -7, 2**63, 2**70, 0.0, -0.0, 0.99, -0.99, 1e18, -9.3e18, 9.3e18, 1e300, float("inf"), float("nan"), True, "12", " 5 ", "x", "1.5", "inf", "0x10", b"7", None, Whole(), Int(4), Float(2.5), (), 1j, ""]

def run(values):
    seen = []
    for i in range(len(values) * 2):
        x = values[i % len(values)]
        for way in (int, float, bool):
            try: got = way(x)
            except Exception as problem: got = error(problem)
            seen.append(got)
        try: seen.append(int(x) + 1)
        except Exception as problem: seen.append(type(problem).__name__)
        try: seen.append(float(x) * 2)
        except Exception as problem: seen.append(type(problem).__name__)
    return seen

show(run(VALUES))
for size in (2, 5, 9, 14): show(run(VALUES[:size]))

def direct(n):
    total = 0
    for i in range(n):
        x = i * 0.75 - 20
        total += int(x) + int(-x) + int(i) + int(i > 3) + bool(x) + bool(i) + float(i) + float(x) + int() + float() + bool() + int("1", 2)
    return total

show(direct(200))

# === rounding: compiled=run
from show import error, show

VALUES = [0.5, 1.5, 2.5, -0.5, -1.5, -0.4, 2.675, 1e16 + 2, 1e300, 0.1 + 0.2, 123456.789, float("inf"), float("nan"), 5, 15, 25, -35, 2**70, True]

def run(values):
    seen = []
    for i in range(len(values) * 3):
        x = values[i % len(values)]
        for places in (None, 0, 1, 2, -1, -2, 400, -400, i % 3):
            try: seen.append(round(x, places))
            except Exception as problem: seen.append(error(problem))
        try: seen.append(round(x))
        except Exception as problem: seen.append(error(problem))
    return seen

show(run(VALUES))
for size in (1, 6, 11): show(run(VALUES[:size]))

# === divmod_and_pow: compiled=direct
from show import error, show

VALUES = [0, 1, -1, 7, -7, 3, 2**62, -2**63, 2**64, 0.0, -0.0, 2.5, -2.5, 1e300, float("inf"), float("nan"), True]

def run(n):
    seen = {}
    for i in range(n):
        x, y = VALUES[i % len(VALUES)], VALUES[i // len(VALUES) % len(VALUES)]
        try: seen["d", repr(x), repr(y)] = divmod(x, y)
        except ZeroDivisionError as problem: seen["d", repr(x), repr(y)] = error(problem)
        try: seen["p", repr(x), repr(y)] = pow(x, y & 7) if isinstance(y, int) else pow(x, 0.5)
        except (ZeroDivisionError, OverflowError) as problem: seen["p", repr(x), repr(y)] = error(problem)
    return [(key, value) for key, value in seen.items()]

show(run(len(VALUES) ** 2 * 2))

def direct(n):
    total = 0
    for i in range(n):
        a, b = divmod(i * 7 - 100, i % 5 + 1)
        total = total + a * b + pow(i, 3) + pow(i, 3, 7) + pow(3, -1, 7) + divmod(i * 0.5, 0.75)[1]
    return total

show(direct(300))

# === sums: compiled=run
from show import error, show

class Add:
    def __init__(self, x): self.x = x
    def __add__(self, other): return Add(self.x + getattr(other, "x", other))
    __radd__ = __add__

def run(n):
    seen = []
    for i in range(n):
        # CPython 3.12 and later sum floats with compensation.
        seen.append(sum([0.1] * (i % 12)))
        seen.append(sum([1e16, 1.0, -1e16, i]))
        seen.append(sum((1, 2.5, i, True, 2**70)))
        seen.append(sum([i, 2**62, 2**62, 2**62]))
        seen.append(sum(range(i), 100) + sum([], 0.5) + sum((x for x in (i, 1)), start=i))
        seen.append(sum([Add(i), Add(1)]).x)
        seen.append(sum([[1], [i]], []))
        if i % 20 == 19:
            for bad in (lambda: sum(["a"]), lambda: sum("ab", ""), lambda: sum(5), lambda: sum([1, None]), lambda: sum()):
                try: bad()
                except TypeError as problem: seen.append(error(problem))
    return seen

show(run(3), run(60))

# === characters: compiled=run
from show import error, show

def run(n):
    total, problems = 0, []
    for i in range(n):
        c = chr(i * 977 % 0x110000)
        total += ord(c) + ord("a") + ord(b"b") + len(chr(i % 300)) + ord(chr(i % 300))
        if i % 25 == 24:
            for bad in (lambda: chr(-1), lambda: chr(0x110000), lambda: ord("ab"), lambda: ord(""), lambda: ord(5), lambda: chr("a"), lambda: chr(1.5), lambda: chr(2**70)):
                try: bad()
                except (ValueError, TypeError, OverflowError) as problem: problems.append(error(problem))
    return total, problems[:16], len(problems)

show(run(10), run(200))

# === lengths: compiled=run
from show import error, show

class Sized:
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
class Listed(list):
    def __len__(self): return 99
class Named(str):
    def __len__(self): return 98

THINGS = ["", "abc", b"xy", bytearray(3), (), (1, 2), [], [1], {}, {1: 2}, {1}, frozenset("ab"), range(5), range(0, 10**12), Sized(4), Listed(), Named("q"), memoryview(b"1234")]

def run(n):
    total, problems = 0, {}
    for i in range(n):
        total += len(THINGS[i % len(THINGS)]) & 0xFFFF
        total += len("abc") + len((i, i)) + len([i] * (i % 4)) + len(str(i))
        if i % 10 == 9:
            for bad in (Sized(-1), Sized("a"), Sized(2**70), 5, None, iter([])):
                try: len(bad)
                except Exception as problem: problems[error(problem)] = problems.get(error(problem), 0) + 1
    return total, problems

show(run(5), run(200))

# === isinstance_of_every_kind: compiled=run
import collections.abc
import numbers
from show import error, show

class Meta(type):
    def __instancecheck__(cls, thing):
        log.append(type(thing).__name__) if len(log) < 20 else None
        return thing == 3
class Odd(metaclass=Meta): pass
class Base: pass
class Child(Base): pass
class Liar:
    __class__ = int
THINGS = [0, True, 2.5, "a", None, (), [], Base(), Child(), Liar(), int, Odd]

def run(n):
    seen, problems = [0] * 12, {}
    for i in range(n):
        x = THINGS[i * 5 % len(THINGS)]
        kinds = (isinstance(x, int), isinstance(x, (int, str)), isinstance(x, int | None), isinstance(x, Base), isinstance(x, Odd), isinstance(x, numbers.Number))
        kinds += (isinstance(x, collections.abc.Sized), isinstance(x, ((float, (list,)), type)), type(x) is int, type(x) == Base, issubclass(type(x), Base), isinstance(x, ()))
        for k, kind in enumerate(kinds): seen[k] += kind
        if i % 30 == 7:
            for bad in (lambda: isinstance(x, 5), lambda: isinstance(x, list[int]), lambda: isinstance(x), lambda: issubclass(x, x)):
                try: bad()
                except TypeError as problem: problems[error(problem)] = problems.get(error(problem), 0) + 1
        if i == 100: Child.__bases__ = (Other,)
    Child.__bases__ = (Base,)
    return seen, problems

class Other: pass
log = []
show(run(20), run(240), log)

# === math_functions: compiled=run
import math
import zlib
from show import error, show

class Floats:
    def __float__(self): return 2.25
    def __floor__(self): return "floor"
    def __ceil__(self): return "ceil"
    def __trunc__(self): return "trunc"
    def __index__(self): return 12

VALUES = [0, 1, -1, 2, 0.0, -0.0, 0.5, -0.5, 1.5, 100.0, -100.0, 1e300, -1e300, 1e-320, 2**53 + 1, 2**63, 2**1000, 2**1100, float("inf"), float("-inf"), float("nan"), True, Floats(), "x", None]
ONE = [math.sqrt, math.sin, math.cos, math.tan, math.asin, math.acos, math.atan, math.sinh, math.cosh, math.tanh, math.exp, math.expm1, math.log, math.log2, math.log10]
ONE += [math.log1p, math.fabs, math.floor, math.ceil, math.trunc, math.isnan, math.isinf, math.isfinite, math.isqrt, math.degrees, math.radians, math.frexp, math.modf, math.gamma, math.erf, math.cbrt, math.exp2]
TWO = [math.atan2, math.pow, math.fmod, math.copysign, math.hypot, math.remainder, math.ldexp, math.gcd, math.lcm, math.nextafter, math.dist, math.log]

def run(values, functions):
    seen = []
    for function in functions:
        for x in values:
            try: seen.append(function(x))
            except Exception as problem: seen.append(error(problem))
    return seen

def pairs(values):
    seen = []
    for i in range(len(values) ** 2):
        x, y = values[i % len(values)], values[i // len(values)]
        for function in TWO:
            try: got = function(x, y)
            except Exception as problem: got = error(problem)
            seen.append(got)
    return seen

show(run(VALUES, ONE))
show(zlib.crc32(repr(pairs(VALUES[:22])).encode()), pairs(VALUES[:8]))

def kernel(n):
    total = 0.0
    for i in range(n):
        x = i * 0.37 - 10
        total += math.sin(x) * math.cos(x) + math.sqrt(x * x) + math.exp(-abs(x)) + math.atan2(x, i + 1) + math.floor(x) + math.ceil(x) + math.hypot(x, 1)
        total += math.pow(abs(x), 0.3) + math.log(abs(x) + 1) + math.fmod(x, 0.7) + math.copysign(1, x) + math.pi + math.fabs(x) + math.trunc(x) + math.log2(i + 1)
    return total

show(kernel(10), kernel(500))

# === math_errors_in_the_middle: compiled=run
import math
from show import error, show

def run(n, at, bad):
    total = 0.0
    try:
        for i in range(n):
            x = bad if i == at else i * 0.5
            total += math.sqrt(x) + math.log(x + 1) + math.sin(x) + math.exp(x * 0.001)
    except (ValueError, OverflowError, TypeError) as problem:
        return total, i, error(problem), problem.__traceback__.tb_lineno
    return total, i

for bad in (-1.0, float("nan"), float("inf"), 1e6, -2, None, 2**2000, True, "a"):
    for at in (0, 1, 30): show(run(50, at, bad))

# === math_is_replaced: compiled=run
import math
from show import show

def run(n):
    total = 0.0
    for i in range(n):
        if i == 30: math.sqrt = lambda x: -1.0
        elif i == 40: math.sqrt = sqrt
        elif i == 50: math.pi = 3
        elif i == 60: math.pi = pi
        total += math.sqrt(i) + math.pi
    return total

sqrt, pi = math.sqrt, math.pi
show(run(20), run(100))

# === identity_and_hash: compiled=run
from show import show

class Own:
    def __hash__(self): return 2**61 - 1
    def __eq__(self, other): return True

VALUES = [0, -1, -2, 2**61 - 1, 2**61, -2**61, 2**100, 0.0, -0.0, 0.5, 1e300, float("inf"), True, "a", None, (), (1, 2.5), frozenset((1, 2)), Own(), 2**61 - 2]

def run(n):
    seen = []
    for i in range(n):
        x = VALUES[i % len(VALUES)]
        seen.append(hash(x) if isinstance(x, (int, float, Own)) else hash((x,)) == hash((x,)))
        seen.append((x is VALUES[i % len(VALUES)], x is None, x is not None, x is True))
    return seen

show(run(40))

# === any_all_sorted_and_others: compiled=run
from show import show

def run(n):
    total = 0
    for i in range(n):
        items = [i % 7, i % 5, i % 3]
        total += any(items) + all(items) + sorted(items)[1] + len(sorted(items, reverse=True, key=lambda x: -x))
        total += sum(map(abs, items)) + len(list(filter(None, items))) + list(zip(items, items))[0][1] + list(enumerate(items, 2))[1][0]
        total += list(reversed(items))[0] + len(set(items)) + len(tuple(items)) + len(dict(enumerate(items))) + len(repr(i)) + len(bin(i)) + len(hex(i))
        total += next(iter(items)) + next(iter(()), 5) + callable(len) + hasattr(items, "append") + getattr(items, "none", 3) + len(range(i)) + i.bit_count()
        total += i.bit_length() + (i * 0.5).is_integer() + i.conjugate() + i.real + i.numerator + len(f"{i:>5}{i * 0.5:.2f}{i!r}") + int.from_bytes(i.to_bytes(4, "big"), "big")
    return total

show(run(3), run(150))

# === constructors_are_replaced: compiled=run
import builtins
from show import show

def run(n):
    global len, range
    total = 0
    for i in range(n):
        if i == 30: len = lambda x: 50
        elif i == 40: del len
        elif i == 50: builtins.abs = lambda x: 60
        elif i == 60: builtins.abs = saved
        elif i == 70: range = lambda n: (1, 2)
        elif i == 80: del range
        total += len("abc") + abs(-i)
        for j in range(3): total += j
    return total

saved = abs
show(run(20), run(100))

# === type_is: compiled=run
from show import show

class A: pass
class B(A): pass
class Liar:
    @property
    def __class__(self): return int

def run(things, n):
    seen = []
    for i in range(n):
        for thing in things:
            kind = type(thing)
            seen.append((type(thing) is str, type(thing) is not int, kind is B, kind is float, kind == list, isinstance(thing, A), isinstance(thing, (str, B)), isinstance(thing, int), isinstance(thing, ())))
    return seen

THINGS = ["", 1, 2**70, True, 1.5, None, [], (), {}, A(), B(), Liar(), int, b"x", len]
show(run(THINGS, 40))
for thing in THINGS: show(run([thing], 20)[-1])

def changes(n):
    seen, b = [], B()
    for i in range(n):
        if i == 30: b.__class__ = A
        elif i == 40: b.__class__ = B
        elif i == 50: B.__bases__ = (Base,)
        seen.append((type(b) is B, isinstance(b, A), isinstance(b, B)))
    return seen

class Base: pass
A = type("A", (Base,), {})
B = type("B", (A,), {})
show(changes(70))

# === sum_of_numbers_and_of_others: compiled=floats,ints,mixed
from show import show

class Odd(list):
    def __iter__(self):
        return iter((1, 2))

def floats(n, a):
    total = 0.0
    for i in range(n):
        a[i % len(a)] += 0.1
        total += sum(a)
    return total

def ints(n, a):
    total = 0
    for i in range(n):
        total ^= sum(a) + sum((i, 2, 3)) + sum([i, 1 << 70])
        a[0] = i
    return total

def mixed(n, all):
    got = []
    for i in range(n):
        try:
            got.append(sum(all[i % len(all)]))
        except (TypeError, OverflowError) as error:
            got.append(str(error))
    return got

show(floats(60, [1e16, 1.0, -1e16]), floats(60, [0.1]), ints(60, [1, 2]))
show(mixed(60, [[1, 2], (1.5, 2.5), [], [1, 2.5], [True, 2], Odd([5]), [1.5, 10 ** 400], [float("inf"), float("nan")], ["a"], (10 ** 30, 1)]))
show(mixed(60, [[1, 2]]), mixed(60, [[0.1] * 10]), mixed(60, [{1: 2}]), mixed(60, ["x"]))

# === round_to_places: compiled=run
from show import show

def run(n, x, places):
    got = []
    for i in range(n):
        got.append(round(x[i % len(x)], places[i % len(places)]))
        x[i % len(x)] *= 1.01
    return got

values = [2.675, 0.125, 1e22, -0.5, 12345.678949999, 5e-324, 1.7976931348623157e308 / 2]
show(run(200, list(values), [2]), run(200, list(values), [0, 1, 2, 3, 22]), run(100, [0.5, 1.5, 2.5, -2.5], [0]))
show(run(100, [1.005], [2, 23, -1, -2]), run(100, [15, 25, -15], [-1, 0, 2]), run(60, [float("nan"), float("inf")], [1]), run(60, [2.5], [True, None]))

# === slices_with_steps: compiled=run
from show import show

class Echo:
    def __getitem__(self, key):
        return key

    def __setitem__(self, key, value):
        self.key = key, value

def run(n, a):
    echo, total = Echo(), 0
    for i in range(n):
        total += len(a[i % 3::2]) + len(a[::-1])
        a[::2] = a[1::2]
        last = echo[i:2 * i:3]
        echo[i::1] = i
        del a[len(a) - 2:len(a):1]
        a += [i, i]
    return total, a, last, echo.key

show(run(200, [1, 2, 3, 4]), run(100, list(range(10))))

# === methods_of_fixed_types: compiled=run
import collections
import re
from show import show

class Own(collections.deque):
    def append(self, x):
        super().append(x * 2)

def run(things, n):
    total = 0
    for i in range(n):
        thing = things[i % len(things)]
        thing.append(i)
        total += thing.pop() + len(thing)
        if i % 10 == 9:
            thing.appendleft(i)
            try:
                total += thing.index(i)
            except ValueError as problem:
                total += len(str(problem))
    return total

def match(patterns, words):
    found = []
    for i, word in enumerate(words):
        m = patterns[i % len(patterns)].match(word)
        if m:
            found.append((m.group(1), m.start(1), m.span()))
    return found

deque = collections.deque
for things in ([deque()], [deque(maxlen=3)], [deque(), Own()], [Own(), deque(), deque([1, 2])]):
    show(run(things, 60), [list(thing) for thing in things])
show(match([re.compile(r"(a+)b"), re.compile(r"x?(\w)")], ["aab", "xy", "b", "ab", "", "q"] * 20))
try:
    deque.append = None
except TypeError as problem:
    print(problem)
