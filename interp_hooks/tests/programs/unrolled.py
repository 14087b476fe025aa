"""Loops of a few turns in hot loops, which are recorded turn behind turn: what leaves in the middle of a turn, other numbers of turns, what looks at them."""

# === the_same_few_turns_each_time: compiled=run
from show import show

def run(n, a):
    total, t, k = 0, 0.0, None
    for i in range(n):
        for k in range(3):
            t += a[k]
        for k in range(4, 0, -1):
            for j in range(k - 1):
                total += i * k - j
        for k in range(1, 8, 3):
            total ^= k
        for x in (1, 2.5):
            t += x
        total &= 0xFFFFFF
    return total, t, k

show(run(300, [1.5, 2.5, 3.5]), run(300, [1, 2, 3]), run(0, []))

# === other_numbers_of_turns_later: compiled=run
from show import show

def run(n, turns):
    total = 0
    for i in range(n):
        for k in range(turns[i // 100]):
            total += i ^ k
        for k in range(2):
            for j in range(turns[-1 - i // 100]):
                total += k - j
    return total, i, k

show(run(300, (3, 2, 4)), run(300, (1, 1, 1)), run(300, (2, 0, 1)), run(300, (0, 2, 2)), run(300, (1, 40, 2)))

# === a_callee_with_a_short_loop: compiled=run
from show import show

def dot(a, b):
    total = 0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total

class Vector:
    def __init__(self, *items):
        self.items = items

    def length2(self):
        total = 0
        for item in self.items:
            total += item * item
        return total

    def scaled(self, by):
        return Vector(*[item * by for item in self.items])

def twice(a):
    total = 0
    for _ in range(2):
        total += dot(a, a)
    return total

def run(n):
    a, b, v, total = [1, 2, 3], [4, 5, 6], Vector(1, 2, 3), 0
    for i in range(n):
        a[i % 3] = i & 15
        total += dot(a, b) + v.length2()
        total += twice(a)
        if i % 50 == 0:
            v = v.scaled(2)
            v.items = v.items[:2] + (i,)
    return total

show(run(300))

# === numbers_that_no_longer_fit_in_the_middle_of_a_turn: compiled=run
from show import show

def run(n, start):
    total, product, at = start, 1, []
    for i in range(n):
        for k in range(3):
            for j in range(k, 3):
                total += total
                if total > 1 << 70:
                    at.append((i, k, j, total))
                    total = start
            product = product * 3 + k
            if product > 1 << 65:
                product = 1
    return total, product, at[:5], len(at)

show(run(200, 1), run(200, 5))

# === raising_in_the_middle_of_a_turn: compiled=run
import sys, traceback
from show import show

def inner(a, i):
    total = 0
    for k in range(3):
        total += a[k] + i
    return total

def run(n, a):
    total, seen = 0, []
    for i in range(n):
        try:
            for k in range(2):
                for j in range(2):
                    total += 7 // (i % 40 - 39 + j + k)
        except ZeroDivisionError as error:
            frame = error.__traceback__.tb_frame
            seen.append((error.__traceback__.tb_lineno - frame.f_code.co_firstlineno, i, k, j))
        if i == 150:
            del a[2]
        try:
            total += inner(a, i)
        except IndexError:
            lines = [entry.lineno for entry in traceback.extract_tb(sys.exc_info()[2])]
            seen.append((lines[1] - lines[0], i))
            a.append(i)
    return total, seen

show(run(300, [1, 2, 3]))

# === breaks_and_elses: compiled=run
from show import show

def run(n, stop):
    found = missed = 0
    for i in range(n):
        for k in range(5):
            if k == stop[i % len(stop)]:
                found += k
                break
        else:
            missed += 1
        for k in range(4):
            if k & 1:
                continue
            found += i
        k = 3
        while k > 0:
            k -= 1
            if k == 1 and i % 100 == 99:
                break
        else:
            found -= 1
    return found, missed, k

show(run(300, [2]), run(300, [9]), run(300, [2, 2, 2, 2, 2, 9]), run(300, [0, 4]))

# === foreign_calls_in_short_loops: compiled=run
from bindings import api, calls, lib
from show import show

def run(n, k):
    total = 0
    for i in range(n):
        for j in range(3):
            total += lib.isum2(i, j)
            for c in range(k):
                total ^= lib.isum2(c, total & 255)
        if i % 97 == 96:
            total += len(str(i))
    return total

api.calls_reset()
show(run(300, 2), calls(), run(300, 0), calls())

# === who_looks_at_the_frame: compiled=run
import sys
from show import show

seen = []

def look():
    frame = sys._getframe(1)
    seen.append((frame.f_lineno - frame.f_code.co_firstlineno, sorted(frame.f_locals.items())))

def run(n):
    total = 0
    for i in range(n):
        for k in range(2):
            for j in range(2):
                total += k * j + i
                if i % 100 == 99 and j == k:
                    look()
    return total

show(run(300), seen)

# === changed_by_what_it_calls: compiled=run
from show import show

rows = [[1, 2, 3], [4, 5, 6]]

def change(i):
    rows[1] = rows[1][::-1] if i % 50 else [i, i + 1]

def run(n):
    total = 0
    for i in range(n):
        for row in rows:
            for x in row:
                total += x
        if i % 10 == 0:
            change(i)
    return total

show(run(300), rows)

# === a_loop_around_the_loop_around: compiled=run
from show import show

def run(m, n):
    total = 0
    for a in range(m):
        for i in range(n):
            for k in range(2):
                total += a * i + k
        total &= 0xFFFFF
    return total

show(run(40, 20), run(3, 300), run(300, 3), run(200, 1), run(100, 0))

# === in_a_generator: compiled=run
from show import show

def pairs(n):
    for i in range(n):
        for k in range(2):
            yield i + k

def run(n):
    total = 0
    for x in pairs(n):
        for k in range(3):
            total += x * k
    return total

show(run(200))

# === recursion_with_a_short_loop: compiled=run
from show import show

def tree(depth):
    total = 1
    if depth:
        for _ in range(2):
            total += tree(depth - 1)
    return total

def run(n):
    total = 0
    for i in range(n):
        total += tree(3)
    return total

show(run(100), tree(9))
