"""The kinds of loops: what they iterate over, how they end, how they nest, at module level and in functions."""

# === range_shapes: compiled=steps
from show import show

def steps(start, stop, step):
    total = 0
    i = "untouched"
    for i in range(start, stop, step):
        total += i * 3 - 1
    show(i, total)

for bounds in ((0, 50, 1), (50, 0, -1), (0, 50, 7), (-50, 50, 3), (50, -50, -9), (0, 0, 1), (5, 0, 1), (0, 5, -1), (0, 1, 1), (0, 2, 1)):
    steps(*bounds)
steps(2**62, 2**62 + 40, 1)
steps(2**63 - 40, 2**63 - 1, 1)
steps(2**63 - 40, 2**63 + 40, 3)
steps(-2**63 + 40, -2**63, -1)
steps(-2**63 + 40, -2**63 - 40, -3)
steps(2**64, 2**64 + 30, 1)
steps(0, 2**63, 2**58)
steps(2**63 - 1, -2**63, -2**59)
steps(True, 30, True)

# === range_huge: compiled=first_above
from show import show

def first_above(numbers, limit):
    total = 0
    for i in numbers:
        total += i
        if total > limit:
            return i, total
    return None, total

show(first_above(range(10**18), 5000))
show(first_above(range(-10**18, 10**18, 10**15), 5000))
show(first_above(range(2**62, 2**63 + 2**62, 2**57), 2**66))
show(first_above(range(10**30, 10**30 + 50), 10**40))

# === range_module_level: compiled=<module>
from show import show

total = 0
for i in range(300):
    total += i
    if i % 7 == 3:
        total -= 1000
show(i, total)
for i in range(300, 0, -3):
    total ^= i
show(i, total)
i = 0
while i < 200:
    i += 1
    total += i * i
else:
    show("else", i, total)

# === list_and_tuple: compiled=total,pairs
from show import show

def total(values):
    sum = 0
    for v in values:
        sum += v
    else:
        sum += 1000000
    show(sum)

def pairs(values):
    sum = 0
    for a, b in values:
        sum += a * b
    show(sum)

total([])
total(())
total([1])
total(list(range(100)))
total(tuple(range(100)))
total([0.5] * 60)
total([1, 2.5, True, 2**70] * 20)
pairs([(i, i + 1) for i in range(60)])
pairs(tuple((i, 0.5) for i in range(60)))
pairs([[i, 2] for i in range(40)])

# === other_iterables: compiled=total
from show import show

def total(values):
    sum = 0
    for v in values:
        sum += v
    show(sum)

total(list(range(50)))
total(set(range(50)))
total({i: i for i in range(50)})
total({i: i for i in range(50)}.values())
total(bytes(range(50)))
total(i * i for i in range(50))
total(map(abs, range(-25, 25)))
total(iter(list(range(50))))
total(reversed(list(range(50))))

# === iterating_wrong_things: raises
from show import show

def total(values):
    sum = 0
    for v in values:
        sum += v
    return sum

for bad in ([1] * 40 + ["text"], (1,) * 40 + (None,), 5, None):
    try:
        show(total(bad))
    except TypeError as problem:
        print(problem, problem.__traceback__.tb_next.tb_lineno)
total([1] * 40 + [[]])

# === while_forms: compiled=collatz,until_break,with_continue
from show import show

def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps

def until_break(n):
    i = 0
    while True:
        i += 3
        if i > n:
            break
    else:
        show("not reached")
    return i

def with_continue(n):
    i = total = 0
    while i < n:
        i += 1
        if i % 3 == 0:
            continue
        if i % 5 == 0:
            total -= 1
            continue
        total += i
    else:
        total += 10**6
    return total

def never():
    while False:
        show("not reached")
    while 0 > 1:
        pass
    else:
        return "else"

for n in (27, 97, 871, 6171):
    show(collatz(n))
show(until_break(500), until_break(0), with_continue(500), with_continue(0), never())

# === float_while: compiled=newton
from show import show

def newton(x):
    guess = x
    count = 0
    while abs(guess * guess - x) > 1e-12 * x and count < 200:
        guess = (guess + x / guess) / 2
        count += 1
    return guess, count

for x in (2.0, 3.0, 1e10, 1e-10, 12345.678, 2, 10**20):
    show(newton(x))

# === nested: compiled=table,triangle,find
from show import show

def table(n, m):
    total = 0
    for i in range(n):
        for j in range(m):
            total += i * j
        total -= i
    return total

def triangle(n):
    total = 0
    for i in range(n):
        j = i
        while j > 0:
            for k in range(3):
                total += j ^ k
            j -= 2
    return total, i, j, k

def find(n, wanted):
    for i in range(n):
        for j in range(n):
            if i * j == wanted:
                break
        else:
            continue
        return i, j
    return None

show(table(30, 30), table(0, 3), table(3, 0), table(100, 1), table(1, 100))
show(triangle(40))
show(find(30, 13 * 29), find(30, 31 * 37), find(30, 0))

# === nested_break_and_continue: compiled=primes
from show import show

def primes(n):
    found = []
    for candidate in range(2, n):
        divisor = 2
        while divisor * divisor <= candidate:
            if candidate % divisor == 0:
                break
            divisor += 1
        else:
            found.append(candidate)
            continue
        if candidate == 200:
            break
    return found

show(primes(100))
show(primes(300))

# === branches_in_turn: compiled=walk
from show import show

def walk(n):
    a = b = c = d = 0
    for i in range(n):
        k = i % 10
        if k == 0:
            a += 1
        elif k < 4:
            b += i
        elif k < 7 and i % 2:
            c -= 1
        else:
            d ^= i
            if d & 1:
                a -= 1
            else:
                b += 0.5
    show(a, b, c, d)

walk(10)
walk(100)
walk(1000)

# === phase_change: compiled=phases
from show import show

def phases(n):
    x = 0
    kinds = []
    for i in range(n):
        if i == 40:
            x = float(x)
        elif i == 80:
            x = int(x) * 2**60
        elif i == 120:
            x = True
        elif i == 160:
            x = x * 0.5
        if i % 40 == 39:
            kinds.append(x)
        x = x + 1
    show(kinds, x)

phases(30)
phases(250)

# === list_changes_under_the_loop: compiled=grow,shrink,clear
from show import show

def grow(values, limit):
    total = 0
    for v in values:
        total += v
        if len(values) < limit:
            values.append(v + 1)
    show(total, len(values))

def shrink(values):
    seen = []
    for v in values:
        seen.append(v)
        if v % 3 == 0:
            values.remove(v)
    show(seen, values)

def clear(values, when):
    total = 0
    for v in values:
        total += v
        if v == when:
            values.clear()
    show(total, values)

def replace(values):
    total = 0
    for v in values:
        total += v
        if v == 20:
            values[21:] = [0.5, 1.5, True]
    show(total, values)

grow([1], 60)
shrink(list(range(60)))
clear(list(range(60)), 45)
replace(list(range(60)))

# === name_of_the_iterable_changes: compiled=rebind
from show import show

def rebind(values):
    total = 0
    for v in values:
        total += v
        values = None
    show(total, values)

rebind(list(range(50)))
rebind(range(50))
rebind(tuple(range(50)))

# === iterator_shared_outside: compiled=pairs,rest
from itertools import islice
from show import show

def pairs(iterator):
    total = 0
    for x in iterator:
        y = next(iterator, None)
        if y is None:
            total += 10**6
        else:
            total += x * y
    show(total)

def rest(iterator, limit):
    total = 0
    x = None
    for x in iterator:
        total += x
        if total > limit:
            break
    show(total, x, list(islice(iterator, 3)))

for make in (lambda n: iter(range(n)), lambda n: iter(list(range(n))), lambda n: iter(tuple(range(n))), lambda n: (i for i in range(n))):
    pairs(make(100))
    pairs(make(101))
    rest(make(100), 1000)
    rest(make(100), 10**9)
    used = make(60)
    rest(used, 100)
    rest(used, 500)
    rest(used, 10**9)

# === two_loops_share_an_iterator: compiled=share
from show import show

def share(iterator):
    trail = []
    for a in iterator:
        for b in iterator:
            trail.append((a, b))
            if b % 7 == 6:
                break
        else:
            trail.append("end")
    show(trail)

share(iter(range(60)))
share(iter(list(range(60))))

# === iterator_length_hint_after_break: compiled=part
import operator
from show import show

def part(values, stop):
    iterator = iter(values)
    total = 0
    for x in iterator:
        total += x
        if x == stop:
            break
    show(total, operator.length_hint(iterator), iterator.__reduce__()[1:])

part(range(100), 37)
part(range(100), 1000)
part(list(range(100)), 37)
part(list(range(100)), 1000)
part(tuple(range(100)), 37)
part(tuple(range(100)), 1000)

# === deleting_locals
from show import show

def delete(n):
    total = 0
    for i in range(n):
        x = i * 2
        total += x
        del x
        try:
            x
        except UnboundLocalError as problem:
            if i % 10 == 0:
                show(str(problem))
    del i
    try:
        show(i)
    except UnboundLocalError as problem:
        show(str(problem), total)

delete(50)

# === many_locals: compiled=many
from show import show

def many(n):
    a = b = c = d = e = f = g = h = 1
    k = l = m = o = p = q = r = s = 0.5
    for i in range(n):
        a, b = b, a + 1
        c, d, e = d, e, c + b
        f = g = h = f + a
        k, l = l * 0.5 + i, k
        m, o, p = o, p + k, m
        q += r; r -= s; s *= 1.0009765625
    show(a, b, c, d, e, f, g, h, k, l, m, o, p, q, r, s, i)

many(3)
many(100)
many(101)

# === unpacking_and_swaps: compiled=fibonacci
from show import show

def fibonacci(n):
    a, b = 0, 1
    for i in range(n):
        a, b = b, a + b
    return a

def rotate(n):
    a, b, c, d = 1, 2.5, True, None
    for i in range(n):
        a, b, c, d = b, c, d, a
        (a, b), c = (b, a), c
    return a, b, c, d

for n in (0, 1, 2, 50, 90, 92, 93, 94, 95, 200):
    show(fibonacci(n))
for n in range(40, 60):
    show(rotate(n))

# === restarted_often: compiled=short
from show import show

def short(n):
    total = 0
    for i in range(n):
        total += i
    return total

total = 0
for n in range(200):
    total += short(n % 5)
for n in range(50):
    total += short(3 if n % 2 else 100)
show(total, short(0), short(1), short(2), short(3))

# === many_loops_in_one_function: compiled=loops
from show import show

def loops(n):
    total = 0
    for i in range(n): total += i
    for i in range(n): total ^= i
    for i in range(n): total -= 2 * i
    while total < 10**6: total += 777
    while total > 0: total -= 7777
    for i in (1, 2, 3) * n: total += i
    for i in [1.5] * n: total += i
    return total

show(loops(20), loops(100))

# === one_line: compiled=<module>
from show import show
x = 0
for i in range(200): x += i
while x > 10: x = x // 2 - 1
show(x)

# === three_globals_that_vary: compiled=called
from show import show

g = h = k = 1

def put(v):
    global g, h, k
    g = v
    h = v + 1
    k = v * 2
    return v

def called(n):
    a = 0
    for i in range(n):
        a += g + h + k
        put(i & 15)
        a = a * 3 + g + h - k & 0xFFFF
    return a

show(*[called(100) for _ in range(40)])
