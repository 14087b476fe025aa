"""Arithmetic where the loop's shape matters more than the values: overflow and back, unary operators, conditions, errors in the middle."""

# === overflow_and_back: compiled=climb,swing
from show import show

def climb(n):
    x = 2**62
    for i in range(n):
        x = x + 2**57
        if x > 2**64:
            x = x - 2**63 - 2**62
    show(x)

def swing(n):
    x = 1
    seen = 0
    for i in range(n):
        x = x * 3
        if x > 2**100:
            x = x >> 90
        if x >= 2**63:
            seen += 1
    show(x, seen)

climb(50)
climb(500)
swing(50)
swing(1000)

# === unary: compiled=unary
from math import inf, nan
from show import show

def unary(values):
    for v in values:
        show(-v, +v, not v)

def invert(values):
    for v in values:
        show(~v, -v, - -v)

unary([1, 2, 3, 4, 5, 0, -1, 2**63 - 1, -2**63, 2**63, -2**63 + 1, -2**62, 2**62, 2**64])
unary([1.0, 2.0, 3.0, 0.0, -0.0, inf, -inf, nan, 5e-324])
unary([True, False, True, True])
unary([1, 2.0, True, 0, 0.0, False, -0.0])
invert([1, 2, 3, 4, 0, -1, 2**63 - 1, -2**63, 2**63, True])

# === truth_operators: compiled=choose
from show import show

def choose(values):
    for a in values:
        for b in values:
            x = a and b
            y = a or b
            z = (a or b) and not (a and b)
            w = a if b else b
            u = 1 if a and b or not a else 2
            show(x, y, z, w, u)

choose([1, 0, 2, 3])
choose([1.0, 0.0, -0.0, 2.5])
choose([True, False])
choose([None, 0, 1, None, "", "text", (), [], [0], 0.0])

# === chained_comparisons: compiled=between
from math import inf, nan
from show import show

def between(values, low, high):
    inside = 0
    for v in values:
        if low <= v < high:
            inside += 1
        if low < v <= high != v:
            inside += 100
        x = low < v < high
        y = not (low == v == high)
        show(x, y)
    show(inside)

between(range(-5, 20), 0, 10)
between([0.5 * i for i in range(-10, 40)], 0, 10)
between([2**63, 2**62, -2**63, 0, 5, nan, inf, -inf, 2**53, 2.0**53], 2**53, 2**63)
between([1, 2, 3, nan, 4, 5], nan, 10)

# === none_and_identity: compiled=identity
from show import show

def identity(values):
    none = true = false = other = 0
    last = None
    for v in values:
        if v is None:
            none += 1
        elif v is True:
            true += 1
        elif v is False:
            false += 1
        else:
            other += 1
        if last is not None and v is not None:
            other += 10
        if v is not last:
            true += 100
        last = v
    show(none, true, false, other, last)

identity([None] * 20)
identity([True, False] * 10)
identity([None, True, 1, 0, False, 1.0, None, "", None] * 5)

# === float_comparison_of_big_ints: compiled=compare
from math import inf, nan
from show import show

def compare(ints, floats):
    for i in ints:
        for f in floats:
            show(i < f, i <= f, i == f, i != f, i > f, i >= f, f < i, f == i)

near = [2**53 + d for d in range(-3, 4)]
compare(near, [float(v) for v in near])
near = [2**63 + d for d in range(-1025, 2, 512)] + [2**63 - 1, 2**63, -2**63, -2**63 - 1]
compare(near, [9.223372036854775807e18, 9.223372036854774784e18, -9.223372036854775808e18, inf, -inf, nan])
compare([2**1024, -2**1024, 10**400], [1e308, inf, -inf, nan])

# === true_division_rounding: compiled=divide
from show import error, show

def divide(lefts, rights):
    for a in lefts:
        for b in rights:
            try:
                show(a / b)
            except Exception as problem:
                print(error(problem))

divide([2**53 + d for d in range(-2, 6)], [1, 2, 3, 7, 10, -1, -3])
divide([2**62 + d for d in range(-2, 6)], [1, 2, 3, 2**53 - 1, 2**53 + 1, 2**62 - 1, -2**63])
divide([1, 2, 3, 2**63 - 1, -2**63], [2**53 - 1, 2**53 + 1, 2**63 - 1, -2**63, 2**63 + 1, 0])
divide([10**400, 1, 2**1024], [10**399, 10**400, 3])

# === zero_division_in_the_middle: raises
from show import show

def ratio(n, bad):
    total = 0
    for i in range(n):
        total += 100 // (i - bad)
    return total

def ratio_float(n, bad):
    total = 0.0
    for i in range(n):
        total += 1.0 / (i - bad)
    return total

show(ratio(100, -1), ratio_float(100, -1))
for function in (ratio_float, ratio):
    try:
        function(100, 63)
    except ZeroDivisionError as problem:
        print(problem, problem.__traceback__.tb_next.tb_lineno)
        show(sorted(problem.__traceback__.tb_next.tb_frame.f_locals.items()))
ratio(100, 77)

# === division_errors_at_module_level: compiled=<module> raises
from show import show

total = 0
for i in range(100):
    total += 1000 % (50 - i)
    total ^= (
        i
        // (50 - i)
    )

# === unbound_local: raises compiled=late
from show import show

def late(n, limit):
    for i in range(n):
        if i < limit:
            x = i
        else:
            del x
        if i >= limit:
            show(i)
            return x
    return x

show(late(40, 100))
late(40, 30)

# === pow_mixtures: compiled=powers
from show import error, show

def powers(bases, exponents):
    for b in bases:
        for e in exponents:
            try:
                show(b ** e)
            except Exception as problem:
                print(error(problem))

powers([2, 3, -2, 10, 0, 1, -1], [0, 1, 2, 3, 10, 20])
powers([2, 3, -2, 10, 0, 1, -1], [-1, -2, 62, 63, 64, 200])
powers([2.0, -2.0, 0.0, -0.0, 1.5], [0, 1, 2, 3, -1, 0.5, -0.5])
powers([2, -8, 0, 5], [0.5, 1.0, 2.0, -1.0, 1 / 3])
powers([1e200, -1e200], [2, 3, -2, 2.0])
powers([True, False], [True, False, 2, -1, 0.5])

# === mixed_types_change: compiled=total
from fractions import Fraction
from show import show

def total(values):
    sum = 0
    for v in values:
        sum = sum + v * 2 - 1
    return sum

show(total(range(50)))
show(total([0.25] * 50))
show(total([1] * 20 + [0.5] * 20 + [True] * 20))
show(total([1] * 20 + [2**70] + [1] * 20))
show(total([1] * 20 + [Fraction(1, 3)] * 3 + [1] * 3))
show(total([1] * 20 + [1 + 2j] + [1] * 3))

# === own_number_classes: compiled=total
from show import show

class Odd(int):
    def __add__(self, other):
        return Odd(int(self) + int(other) + 1000)

    def __radd__(self, other):
        return int(other) + int(self) + 2000

    def __bool__(self):
        return False

class Real(float):
    def __mul__(self, other):
        return Real(float(self) * float(other) + 0.5)

def total(values):
    sum = 0
    truth = 0
    for v in values:
        sum = sum + v
        if v:
            truth += 1
    show(sum, truth)

total([1] * 30)
total([1] * 30 + [Odd(3), Odd(4)] + [5] * 5)
total([1.5] * 30)
total([1.5] * 30 + [Real(3)] * 3)

def scaled(values, x):
    for v in values:
        x = v * x
    show(x)

scaled([1.5] * 30, 1.0)
scaled([1.5] * 10 + [Real(2.0)] + [1.5] * 3, 1.0)

# === bool_results_as_numbers: compiled=count
from show import show

def count(n):
    ups = 0
    mask = 0
    for i in range(n):
        up = i * 7 % 11 > 5
        ups += up
        mask = mask << 1 & 0xFFFF | up
        odd = not i & 1
        both = up & odd
        either = up | odd
        differ = up ^ odd
    show(ups, mask, up, odd, both, either, differ)

count(10)
count(100)

# === in_place_forms: compiled=places
from show import show

def places(n):
    a = 1; b = 1.0; c = 2**40; d = -1; e = 3; f = 1 << 20; g = 9.0
    for i in range(n):
        a += i; a -= 3; b *= 1.5; b /= 1.25; c //= 2; c |= i; d ^= i; d &= 0xFFFFF; e <<= 1; e >>= 1; e **= 1; f %= 1000; f += 5
        g **= 0.5; g += i; g //= 1; g %= 100
    show(a, b, c, d, e, f, g)

places(3)
places(30)
places(300)

# === whole_powers_of_any_float: compiled=run
from show import show

def run(n, k):
    total, got = 0.0, []
    for i in range(n):
        x = (i - n // 2) * 0.37
        total += x ** 2 + x ** 3.0 - (x ** 2) ** 0.5 + x ** k
        if i % 20 == 3:
            got.append(x ** 5)
        try:
            total += x ** -1
        except ZeroDivisionError:
            total += 1000
    return total, got

show(run(120, 2), run(120, 3), run(60, 0))
