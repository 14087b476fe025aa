"""Pointers, strings and errno through the bindings: what is accepted, refused and changed while it is in use."""

# === a_buffer_is_rebound_during_its_call: compiled=check
import os
import sys
import cffi
from show import show

ffi = cffi.FFI()
ffi.cdef("int64_t sum_bytes_later(void *callback, const unsigned char *p, int n);")
lib = ffi.dlopen(os.environ["HARDWIRE_TEST_CLIB"])

@ffi.callback("int(int)")
def back(x):
    global buffer, keep, turns
    turns += 1
    if turns == at:
        # Lets go of what the call under way reads, and takes its memory for something else.
        buffer = bytes([66]) * 1000
        keep = [bytes([1]) * 1000 for _ in range(20)]
    return 1

@ffi.callback("int(int)")
def back_in_the_frame(x):
    # On 3.13 this is a write to the loop's own local.
    sys._getframe(1).f_locals["mine"] = None
    return 1

callback, callback_in_the_frame = ffi.cast("void *", back), ffi.cast("void *", back_in_the_frame)
buffer = bytes([65]) * 1000
keep = None

def check(n):
    total = 0
    for turn in range(n):
        total += lib.sum_bytes_later(callback, buffer, 1000)
    return total

def check_local(n, what):
    total = 0
    for turn in range(n):
        mine = bytes(what)
        total += lib.sum_bytes_later(what_back, mine, 1000)
    return total

turns = 0
for at in (0, 0, 70, 0, 1, 2, 25):
    turns = 0
    buffer = bytes([65]) * 1000
    show(check(20), check(60))
what_back = ffi.NULL
show(check_local(30, [3] * 1000))
what_back = ffi.cast("void *", callback_in_the_frame)
show(check_local(30, [3] * 1000), check_local(30, [5] * 1000))

# === strings_as_arguments: compiled=lengths
import ctypes
from bindings import ffi, lib, open_cdll
from show import error, show

class Bytes(bytes):
    pass

def lengths(function, values):
    out = [None] * len(values)
    k = 0
    for value in values:
        out[k] = function(value)
        k += 1
    return out

good = [b"abc", b"", b"a\0b", b"x" * 5000] * 10
own = open_cdll()
array = ctypes.create_string_buffer(b"array")
of_cffi = ["str", bytearray(b"abc"), memoryview(b"abc"), None, 5, ffi.new("char[]", b"hello"), ffi.new("char *", b"\0"), [1, 2], [b"a", b"\0"], Bytes(b"own"), array]
of_ctypes = ["str", bytearray(b"abc"), 5.5, [1], ctypes.c_char_p(b"inside"), array, Bytes(b"own"), ctypes.c_int(3), object(), ffi.new("char[]", b"cdata")]
for function, odd_ones in ((lib.str_len, of_cffi), (own.str_len, of_ctypes)):
    show(lengths(function, good))
    for odd in odd_ones:
        for values in ([odd] * 5, [b"abc"] * 5 + [odd] + [b"abcd"] * 5):
            try:
                show(type(odd).__name__, lengths(function, values))
            except Exception as problem:
                print(type(odd).__name__, error(problem))

# === addresses_as_ints: compiled=through
import ctypes
from bindings import open_cdll
from show import error, show

own = open_cdll()
own.id_ptr.argtypes, own.id_ptr.restype = [ctypes.c_void_p], ctypes.c_void_p
array = ctypes.create_string_buffer(b"array")
place = ctypes.addressof(array)

def through(values):
    out = [None] * len(values)
    k = 0
    for value in values:
        out[k] = own.id_ptr(value)
        k += 1
    return out

for odd in (0, None, -1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, True, 1.5, array, ctypes.c_void_p(7), ctypes.c_void_p(None), ctypes.byref(array),
            [1], 2**31, 2**32, object()):
    try:
        got = through([1, 2, 3, 4, odd, 5, 6, 7])
        show(type(odd).__name__, [value if value != place else "the array" for value in got])
    except Exception as problem:
        print(type(odd).__name__, error(problem))

# === pointers_that_the_loop_makes: compiled=results,walk
from bindings import ffi, lib
from show import show

def results(n):
    last = None
    same = 0
    for i in range(n):
        pointer = lib.int_cell()
        same += pointer == last
        last = pointer
        lib.store_int(pointer, i)
    return same, last[0], ffi.typeof(last).cname

def walk(n):
    cells = ffi.new("int[]", list(range(100)))
    total = 0
    for i in range(n):
        total += lib.load_int(cells + i) - cells[i]
        cells[i] = i * 2
    return total, cells[n - 1]

show(results(50), results(100), walk(50), walk(100))

# === errno_between_calls: compiled=of_cffi,of_ctypes
import ctypes
from bindings import cdll, ffi, lib, open_cdll
from show import show

own = open_cdll(use_errno=True)

def of_cffi(n):
    seen = 0
    for i in range(n):
        lib.set_errno(i)
        seen += lib.get_errno() == i
        seen += ffi.errno == i
        ffi.errno = 7
        seen += lib.get_errno() == 7
    return seen

def of_ctypes(n):
    seen = 0
    for i in range(n):
        ctypes.set_errno(i)
        seen += own.get_errno() == i
        own.set_errno(i + 1)
        seen += ctypes.get_errno() == i + 1
        cdll.set_errno(55)
        seen += ctypes.get_errno() == i + 1
    return seen

show(of_cffi(30), of_cffi(100), of_ctypes(30), of_ctypes(100))
