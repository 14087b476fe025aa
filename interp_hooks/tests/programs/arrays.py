"""Items of `array.array` and of memoryviews, as a part of a trace."""

# === every_type: compiled=run
from array import array
from show import show

def run(n, numbers):
    total = 0
    for i in range(n):
        numbers[i % len(numbers)] = i % 100
        numbers[-1 - i % 3] = numbers[i % 5] + 1
        total += numbers[i % 7] + numbers[-2]
    return total, list(numbers)

for code in "bBhHiIlLqQ":
    show(code, run(100, array(code, range(8))), run(100, memoryview(array(code, range(8)))))
show(run(100, bytearray(8)), run(100, memoryview(bytearray(8))))

# === floats: compiled=run
from array import array
from show import show

def run(n, numbers):
    total = 0.0
    for i in range(n):
        numbers[i & 7] = i * 0.1
        numbers[i + 3 & 7] = i
        numbers[True] = i % 2 == 0
        total += numbers[i & 3] * numbers[-1]
    return total, list(numbers)

for code in "fd":
    show(run(100, array(code, [0.5] * 8)), run(100, memoryview(array(code, [0.5] * 8))))
def odd(n, numbers):
    got = []
    for i in range(n):
        numbers[i & 1] = (float("nan"), 1e300, -0.0, float("inf"), 2**60 + 1)[i % 5]
        got.append(repr(numbers[i & 1]))
        x = numbers[0]
        got.append(x in [x])
    return got
show(odd(30, array("d", [0, 0])), odd(30, array("f", [0, 0])))

# === out_of_range: compiled=run
from array import array
from show import show

def run(n, numbers, values):
    got = []
    for i in range(n):
        try:
            numbers[i % 4] = values[i % len(values)]
        except (OverflowError, TypeError, ValueError) as error:
            got.append((i, type(error).__name__, str(error)))
    return got, list(numbers)

VALUES = [0, 1, -1, 127, 128, -128, -129, 255, 256, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1]
for code in "bBhHiIlLqQ":
    show(code, run(60, array(code, [0] * 4), VALUES))
    show(code, run(60, memoryview(array(code, [0] * 4)), VALUES))
show(run(60, array("i", [0] * 4), [1, 2.5, "x", None, True, 7]), run(60, array("d", [0] * 4), [1, 2.5, "x", None, True, 7, 10**400]))

# === indexes: compiled=run
from array import array
from show import show

class Three:
    def __index__(self): return 3

def run(n, numbers):
    got = []
    for i in range(n):
        key = (i % 12 - 6, 2**70, True, Three(), slice(0, 2))[i % 5 if i % 7 == 6 else 0]
        try:
            got.append(list(numbers[key]) if isinstance(key, slice) else numbers[key])
            if not isinstance(key, slice): numbers[key] = i
        except (IndexError, TypeError) as error:
            got.append(str(error))
    return got, list(numbers), len(numbers)

show(run(90, array("i", range(4))), run(90, memoryview(array("i", range(4)))), run(20, array("i")))

# === subclasses: compiled=run
from array import array
from show import show

class Own(array):
    def __getitem__(self, key): return array.__getitem__(self, key) + 1000
    def __len__(self): return 3
class Plain(array):
    pass

def run(n, kinds):
    got = []
    for i in range(n):
        numbers = kinds[i % len(kinds)]
        numbers[i % 3] = i % 100
        got.append((numbers[i % 3], len(numbers)))
    return got

show(run(60, [Own("i", [1, 2, 3])]), run(60, [Plain("i", [1, 2, 3])]))
show(run(100, [array("i", [1, 2, 3]), array("q", [1, 2, 3]), Own("i", [1, 2, 3]), [1, 2, 3], bytearray(3), memoryview(bytearray(3)), array("d", [1, 2, 3])]))

# === grows: compiled=run
from array import array
from show import show

def shrink(numbers): del numbers[2:]

def run(n):
    numbers, got = array("q", range(10)), []
    for i in range(n):
        numbers.append(i)
        numbers[-1] = numbers[-1] + 1
        got.append((numbers[len(numbers) - 1], len(numbers)))
        if i % 50 == 49: shrink(numbers)
        try:
            got.append(numbers[5])
        except IndexError as error:
            got.append(str(error))
    return got

show(run(120))

# === views: compiled=run
from array import array
from show import show

def run(n, view):
    total, got = 0, []
    for i in range(n):
        try:
            total += view[i % 5]
            view[i % 4] = i & 63
        except (IndexError, TypeError, ValueError, NotImplementedError) as error:
            got.append(str(error))
    return total, got[:3], len(got)

numbers = array("h", range(20))
show(run(60, memoryview(numbers)[::2]), run(60, memoryview(numbers)[::-3]), run(60, memoryview(numbers)[3:8]))
show(run(60, memoryview(bytes(range(9)))), run(60, memoryview(bytearray(12)).cast("i")))
show(run(60, memoryview(bytearray(12)).cast("B", [3, 4])), run(60, memoryview(bytearray(8)).cast("c")), run(60, memoryview(bytearray(8)).cast("?")))
show(run(60, memoryview(bytearray(8)).toreadonly()), list(numbers))

# === released: compiled=run
from array import array
from show import show

def run(n, close):
    held = bytearray(range(8))
    view, got = memoryview(held), []
    part = view[2:6]
    for i in range(n):
        if i == 50: close(view, part)
        try:
            got.append(view[i & 7])
        except ValueError as error:
            got.append(str(error))
        try:
            part[i & 3] = i
            got.append(part[0])
        except ValueError as error:
            got.append(str(error))
    return got, held

show(run(100, lambda view, part: view.release()), run(100, lambda view, part: part.release()), run(100, lambda view, part: (view.release(), part.release())))

# === several_views: compiled=run
from array import array
from show import show

def run(n):
    numbers = array("i", range(16))
    views = [memoryview(numbers), memoryview(numbers).cast("B"), memoryview(numbers)[::2], memoryview(array("d", [1.5] * 16))]
    total = 0
    for i in range(n):
        view = views[i % 4 if i % 9 == 8 else 0]
        view[i & 7] = i & 127
        total += numbers[i & 7] + views[1][i & 31] + views[2][i & 3]
    return total, numbers

show(run(300))

# === exported: compiled=run
import ctypes
from show import show

def run(n):
    block, total = (ctypes.c_int * 8)(), 0
    view = memoryview(block).cast("B").cast("i")
    raw = memoryview(block)
    for i in range(n):
        view[i & 7] = i
        block[i + 1 & 7] = 5
        total += view[i + 1 & 7] + view[i & 7]
        try:
            if i % 5 == 4: total += raw[i & 7]
        except NotImplementedError as error:
            total += len(str(error))
    return total, list(block)

show(run(100))

# === arrays_let_go: compiled=run
from array import array
from show import show

class Kept(array):
    def __del__(self): log.append(self[0])

def made(i): return array("i", [i, i + 1])

def run(n):
    total = 0
    for i in range(n):
        total += made(i)[1] + memoryview(made(i))[0] + len(made(i))
        made(i)[0] = i
        memoryview(Kept("i", [i]))[0] = i + 100
        log.append("turn")
    return total

log = []
show(run(60), log)
