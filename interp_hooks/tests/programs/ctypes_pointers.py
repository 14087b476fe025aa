"""ctypes functions that take pointers and characters: instances of POINTER classes, arrays, structs, bytes of length 1."""

# === pointers_and_arrays: compiled=run,items
import ctypes
from bindings import api, calls, open_cdll, open_pydll
from show import show

POINTER, pointer, c_int, c_double = ctypes.POINTER, ctypes.pointer, ctypes.c_int, ctypes.c_double

def run(library, cell, n):
    total = 0
    for i in range(n):
        library.store_int(cell, i * 3)
        total += library.load_int(cell)
    return total

def items(library, numbers, n):
    total = 0.0
    for i in range(n):
        numbers[i % 4] = i * 0.5
        total += library.sum_doubles(numbers, i % 5)
    return total

class Mine(c_int):
    pass

class MyPointer(POINTER(c_int)):
    _type_ = c_int

for library in (open_cdll(), open_pydll()):
    number = c_int(7)
    cells = [pointer(number), c_int(1), (c_int * 3)(1, 2, 3), ctypes.cast(ctypes.addressof(number), POINTER(c_int)), Mine(3), pointer(Mine(4))]
    mine = MyPointer()
    mine.contents = number
    cells += [mine, ctypes.byref(number)]
    api.calls_reset()
    for cell in cells:
        show(type(cell).__name__, run(library, cell, 50), calls(), number.value)
    for numbers in ((c_double * 8)(*range(8)), pointer((c_double * 4)(1, 2, 3, 4)).contents):
        show(items(library, numbers, 60), list(numbers))
    p = ctypes.cast((c_double * 6)(6, 5, 4, 3, 2, 1), POINTER(c_double))
    show(items(library, p, 60), p[:6])
    library.id_ptr.argtypes = [ctypes.c_void_p]
    addresses = []

    def addressed(thing, n):
        same = 0
        for i in range(n):
            same += library.id_ptr(thing) == ctypes.addressof(base)
        return same

    base = (c_int * 4)(1, 2, 3, 4)
    show(addressed(base, 60), addressed(ctypes.cast(base, POINTER(c_int)), 60), addressed(ctypes.addressof(base), 60))

# === what_a_pointer_does_not_take: compiled=run
import ctypes
from bindings import open_cdll
from show import show

library = open_cdll()
POINTER, c_int = ctypes.POINTER, ctypes.c_int

def run(thing, n):
    total = 0
    for i in range(n):
        total += library.load_int(things[i % len(things)] if thing is None else thing)
    return total

number = c_int(5)
good = ctypes.pointer(number)
show(run(good, 50))
for wrong in (ctypes.c_long(3), (ctypes.c_long * 2)(), ctypes.pointer(ctypes.c_double(1)), 5, 1.5, "a", b"abcd", ctypes.pointer(good), object()):
    try:
        show(run(wrong, 50))
    except ctypes.ArgumentError as problem:
        show(str(problem).split(":")[0], type(wrong).__name__)
for things in ([good, number], [good] * 20 + [(c_int * 2)(8, 9)], [good] * 30 + ["x"]):
    try:
        show(run(None, 60))
    except ctypes.ArgumentError as problem:
        show(str(problem).split(":")[0])

# === pointers_to_pointers_and_structs: compiled=run
import ctypes
from bindings import PATH
from show import show

class Pair(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_int)]

class Triple(Pair):
    _fields_ = [("z", ctypes.c_int)]

class Either(ctypes.Union):
    _fields_ = [("i", ctypes.c_int), ("d", ctypes.c_double)]

library = ctypes.CDLL(PATH)

def taking(class_):
    function = ctypes.CDLL(PATH).load_int
    function.argtypes, function.restype = [ctypes.POINTER(class_)], ctypes.c_int
    return function

def run(function, thing, change, n):
    total = 0
    for i in range(n):
        change(i)
        total += function(thing)
    return total

pair, triple, either = Pair(1, 2), Triple(3, 4, 5), Either(9)

def change(i):
    pair.x += i
    triple.x ^= i
    either.i = i

for function, things in (
    (taking(Pair), [pair, triple, ctypes.pointer(pair), ctypes.pointer(triple), (Pair * 2)((6, 7), (8, 9)), ctypes.byref(pair)]),
    (taking(Triple), [triple, ctypes.pointer(triple), pair]),
    (taking(Either), [either, ctypes.pointer(either)]),
    (taking(ctypes.c_int * 2), [(ctypes.c_int * 2)(5, 6), ctypes.pointer((ctypes.c_int * 2)(7, 8))]),
):
    for thing in things:
        try:
            show(type(thing).__name__, run(function, thing, change, 60))
        except ctypes.ArgumentError as problem:
            show(type(thing).__name__, str(problem).split(":")[0])
identity = ctypes.CDLL(PATH).id_ptr
identity.restype = ctypes.c_void_p
for class_, thing in ((ctypes.POINTER(Pair), ctypes.pointer(pair)), (ctypes.POINTER(ctypes.c_int), ctypes.pointer(ctypes.c_int(4)))):
    identity.argtypes = [ctypes.POINTER(class_)]
    show([identity(thing) == ctypes.addressof(thing) for _ in range(60)].count(True))

# === characters: compiled=run
import ctypes
from bindings import PATH, open_cdll
from show import show

library = open_cdll()
library.id_char.argtypes, library.id_char.restype = [ctypes.c_char], ctypes.c_char
letters = [bytes([n]) for n in range(256)]

def run(things, n):
    seen = []
    for i in range(n):
        seen.append(library.id_char(things[i % len(things)]))
    return seen

def widened(n):
    function = ctypes.CDLL(PATH).id_i64
    function.argtypes, function.restype = [ctypes.c_char], ctypes.c_int64
    return [function(letters[i % 256]) for i in range(n)]

show(run(letters, 600) == [letters[i % 256] for i in range(600)], run([b"a", 98, bytearray(b"c")], 60)[-3:])
show(sum(n & 0xFF for n in widened(600)))
for wrong in (b"", b"ab", "a", 256, -1, None):
    try:
        show(run([b"x"] * 30 + [wrong], 60)[-1])
    except ctypes.ArgumentError as problem:
        show(str(problem).split(":")[0], wrong)

# === the_memory_of_an_argument_moves: compiled=run
import ctypes
from bindings import open_cdll
from show import show

library = open_cdll()
first, second = ctypes.c_int(10), ctypes.c_int(20)
cell = ctypes.pointer(first)
numbers = (ctypes.c_double * 2)(1, 2)

def change(i):
    if i % 20 == 10:
        cell.contents = second
    if i % 20 == 15:
        cell.contents = first
    if i == 70:
        ctypes.resize(numbers, 8 * 1000)
    return i

def run(n):
    total = 0
    for i in range(n):
        change(i)
        total += library.load_int(cell)
        total += library.sum_doubles(numbers, 2)
    return total

show(run(100), run(100))
