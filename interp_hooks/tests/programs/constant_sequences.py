"""Loops over tuples and lists that are constants of the trace, whose iterators need not exist: what leaves in the middle of a turn, what changes a list, what
rebinds a name, items of all kinds."""

# === neighbours: compiled=run
from show import show

AROUND = ((-1, 0), (1, 0), (0, -1), (0, 1))
DIAGONAL = [(-1, -1), (1, 1), (-1, 1), (1, -1)]

def run(n, width):
    alive = {(k % width, k // width) for k in range(0, width * width, 3)}
    total = 0
    for i in range(n):
        x, y = i % width, i // width % width
        for dx, dy in AROUND:
            if (x + dx, y + dy) in alive:
                total += dx * 3 + dy + 5
        for dx, dy in DIAGONAL:
            total ^= (x + dx) * (y - dy)
        for step in (1, -1, 3):
            total = (total + step) % 65536
    return total, dx, dy, step

show(run(400, 7), run(400, 1), run(3, 5))

# === two_iterators_over_one_tuple: compiled=run
from show import show

seen = []

def square(i):
    total = 0
    for a in (0, 1, 2):
        for b in (0, 1, 2):
            total += a * b
            if i % 40 == 39 and a == b:
                seen.append((i, a, b))
    return total

def run(n):
    total = 0
    for i in range(n):
        total += square(i)
        for a in (0, 1, 2):
            for b in (0, 1, 2):
                total -= a + b
                if i % 40 == 19 and a == b:
                    seen.append((i, a, b, total))
    return total

show(run(300), seen)

# === leaves_in_the_middle_of_a_turn: compiled=run
from show import show

STEPS = (1, 2, 3, 4)
NAMES = ["a", "b", "c"]

def fails(i, k):
    if i % 41 == 0 and k == 3:
        raise ValueError((i, k))
    return k

def run(n, values):
    total, seen, at = 0, [], None
    for i in range(n):
        try:
            for k in STEPS:
                for name in NAMES:
                    total += values[i % len(values)]
                    if i % 29 == 0 and k == 2 and name == "b":
                        seen.append((i, k, name, total))
                        continue
                    if i % 37 == 0 and k == 3:
                        break
                else:
                    total += fails(i, k)
                    if i % 31 == 0 and k == 4:
                        seen.append((i, k))
                if i % 43 == 0 and k == 1:
                    break
        except ValueError as e:
            at = (e.args, k, name)
    return total, seen, at, k, name

show(run(300, [1, 2, 3]), run(300, [1.5, 2, 1 << 70]), run(200, [1, 2, True, 4]))

# === a_constant_list_that_changes: compiled=run
from show import show

ROWS = [1, 2, 3]

def run(n):
    total, sizes = 0, []
    for i in range(n):
        for item in ROWS:
            total += item
            if i % 50 == 7 and len(ROWS) < 6 and item == 2:
                ROWS.append(i)
            elif i % 50 == 20 and len(ROWS) > 3 and item == 1:
                ROWS.pop()
            elif i % 70 == 69 and item == 3:
                ROWS[1] = str(i) if i == 209 else i
                if i == 209:
                    sizes.append(list(ROWS))
                    ROWS[1] = 2.5
        sizes.append(len(ROWS))
    return total, sizes, ROWS

show(run(300))

# === a_name_that_is_bound_anew: compiled=run
from show import show

PAIRS = ((1, 2), (3, 4))

def bind(i):
    global PAIRS
    if i == 150:
        PAIRS = ((1, 2), (3, 4), (5, 6.5))
    elif i == 200:
        PAIRS = [("x", "y")]
    return 0

def run(n):
    total, at = 0, []
    for i in range(n):
        for a, b in PAIRS:
            if a == "x":
                at.append((i, a, b))
                continue
            total += a * b + bind(i)
    return total, at, PAIRS

show(run(260))

# === items_of_all_kinds: compiled=run
from show import show
import math

NAN = float("nan")
ITEMS = (None, True, False, 0, -1, 1 << 40, 1 << 64, 1 << 90, -0.0, 2.5, NAN, "", "text", b"b", (), (1, (2, 3)), [4], {5: 6}, int, len)

def run(n):
    seen, count, nans = [], 0, 0
    for i in range(n):
        for item in (None, True, 7, -0.0, NAN, "s", (1, 2), 1 << 65):
            if item is None or item is True:
                count += 1
            elif item != item:
                nans += 1
            elif i == n - 1:
                seen.append((item, type(item)))
        for item in ITEMS[:6]:
            count += item is not None and item
        for a, (b, c) in ((1, (2.5, "x")), (-1, (NAN, None))):
            count += a
            if i >= n - 2:
                seen.append((a, b, c))
    return seen, count, nans, math.copysign(1, seen[0][0])

def each(n):
    total, kinds = 0, []
    for i in range(n):
        k = 0
        for item in ITEMS:
            k += 1
            total += item is NAN
            if i == n - 1:
                kinds.append((k, type(item), item))
    return total, kinds

show(run(200), each(200), ITEMS[16], ITEMS[17])

# === lists_in_a_constant_tuple: compiled=run
from show import show
import sys

COLUMNS = ([1, 2, 3], [4.5], [])

def run(n):
    total = 0
    for i in range(n):
        for column in COLUMNS:
            for item in column:
                total += item
            if len(column) == 1 and i % 60 == 59:
                column[0] += i
            if not column and i == 250:
                column.append(7)
    return total, column, item

first = [sys.getrefcount(c) for c in COLUMNS]
show(run(300), COLUMNS)
show([sys.getrefcount(c) for c in COLUMNS] == first, sys.getrefcount(COLUMNS) == sys.getrefcount(COLUMNS))

# === who_looks_at_the_frame: compiled=run
from show import show
import sys

KEYS = ("a", "b", "c")
looked = []

def look(i):
    if i % 90 == 89:
        frame = sys._getframe(1)
        looked.append((frame.f_lineno, sorted(frame.f_locals.items(), key=str)))
    return i

def run(n):
    total = 0
    for i in range(n):
        for key in KEYS:
            for k in (1, 2):
                total += look(i) * k
    return total, key, k

show(run(300), looked)

# === inlined_loops_over_constants: compiled=run
from show import show

WEIGHTS = (1, 2, 4)

class Node:
    FIELDS = ("left", "right")

    def __init__(self, left, right):
        self.left, self.right = left, right

    def weigh(self, i):
        total = 0
        for weight in WEIGHTS:
            for side in (self.left, self.right):
                total += weight * side
            if i == 170 and weight == 2:
                raise KeyError(i, total)
            if i > 250 and weight == 4:
                return -total
        return total

def run(n):
    node, total, errors = Node(1, 2), 0, []
    for i in range(n):
        node.left = i & 7
        try:
            total += node.weigh(i)
        except KeyError as e:
            errors.append((e.args, e.__traceback__.tb_next.tb_lineno))
    return total, errors

show(run(300))

# === generators_and_comprehensions_over_constants: compiled=run
from show import show

POINTS = ((0, 1), (2, 3), (4, 5))

def generate(n):
    for i in range(n):
        for x, y in POINTS:
            yield x * i + y

def run(n):
    total = 0
    for i in range(n):
        total += sum([x * y for x, y in POINTS])
        total += len({x for x, _ in POINTS})
        for item in ("k", "l"):
            total += len([item for _ in (1, 2)])
    return total, sum(generate(n))

show(run(300))
