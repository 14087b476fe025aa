"""Foreign calls in loops: pointers, strings, errno, results that change their type, and libraries that change under the loop."""

# === the_three_bindings_together: compiled=run
from bindings import api, calls, cdll, lib, pydll
from show import show

api.calls_reset()

def run(n):
    total = 0
    for i in range(n):
        total += lib.id_i32(i) + api.id_i64(i) * 2 - cdll.id_i16(i) + pydll.id_i8(i % 100)
        total += lib.id_f64(i * 0.5) + api.id_f32(0.25) + cdll.id_f64(1.5) + pydll.id_f32(i)
    return total

show(run(20), calls(), run(300), calls())

# === module_level: compiled=<module>
from bindings import api, calls, lib
from show import show

api.calls_reset()
total = 0
for i in range(200):
    total += lib.isum3(i, 2, total & 7)
i = 0
while i < 100:
    total -= api.fsum2(i, 0.5)
    lib.tick()
    i += 1
show(total, i, calls())

# === calls_in_branches: compiled=run
from bindings import api, calls, cdll, lib
from show import show

api.calls_reset()

def run(n):
    a = b = 0
    for i in range(n):
        if lib.id_i32(i) % 3 == 0:
            a += lib.isum2(i, a & 3)
        elif api.id_bool(i & 1):
            b += cdll.id_f64(i) + 0.5
        else:
            lib.tick()
        if i % 50 == 49:
            api.tick()
        x = lib.id_i64(i) if i & 4 else api.id_u64(i)
        y = lib.id_i32(i) and api.id_i32(i - 1) or cdll.id_i32(-1)
    return a, b, x, y

show(run(30), calls())
show(run(400), calls())

# === nested_calls_as_arguments: compiled=run
from bindings import api, calls, lib
from show import show

api.calls_reset()

def run(n):
    total = 0
    for i in range(n):
        total = lib.isum3(lib.id_i64(total & 0xFFFF), api.isum2(i, lib.id_i32(i)), api.id_u8(i & 255))
    return total

show(run(10), run(200), calls())

# === overflow_right_behind_the_call: compiled=run,accumulate
from bindings import api, calls, cdll, lib
from show import show

def run(big_every, u64_every, n, period):
    total = 0
    x = 0
    for i in range(n):
        total += big_every(i, period)
        x = u64_every(i, period) + 1
        total -= x
    return total, x

def accumulate(function, n):
    total = 2**62
    for i in range(n):
        total = total + function(2**57)
        if total > 2**65:
            total -= 2**65 - 2**62
    return total

for library in (lib, api, cdll):
    for period in (0, 97, 13, 2, 1):
        api.calls_reset()
        show(run(library.big_every, library.u64_every, 200, period), calls())
    show(accumulate(library.id_i64, 40), accumulate(library.id_i64, 400), calls())

# === result_changes_behind_the_call: compiled=run
from bindings import api, calls, lib
from show import show

def run(n, period):
    yes = no = 0
    last = None
    total = 0.0
    for i in range(n):
        x = lib.nan_every(i, period)
        if x == x:
            yes += 1
            total += x
        else:
            no += 1
        s = lib.maybe_null(i % period == 0 if period else False)
        if s:
            last = s[0]
        else:
            no += 100
        u = api.u64_every(i, period)
        if u > 2**63:
            no += 10000
    return yes, no, total, last

for period in (0, 50, 7, 1):
    api.calls_reset()
    show(run(200, period), calls())

# === cffi_pointers: compiled=run,strings
from bindings import api, api_ffi, calls, ffi, lib
from show import error, show

def run(ffi, lib, n):
    null = ffi.NULL
    cell = lib.int_cell()
    total = 0
    for i in range(n):
        lib.store_int(cell, i * 3)
        total += lib.load_int(cell)
        p = lib.id_ptr(cell)
        if p == cell:
            total += 1
        if p != null:
            total += 2
        if lib.null_ptr():
            total += 1000000
        if not lib.null_ptr() == null:
            total += 1000000
        total += lib.load_int(null)
    return total, p == null, lib.null_ptr() == null

def strings(lib, texts):
    total = 0
    for text in texts:
        total += lib.str_len(text)
    return total

for f, library in ((ffi, lib), (api_ffi, api)):
    api.calls_reset()
    show(run(f, library, 20), run(f, library, 200), calls())
    show(strings(library, [b"abc"] * 30 + [b"", b"with\0zero", b"long" * 1000] + [b"x"] * 5))
    show(f.string(library.greeting()), strings(library, [library.greeting()] * 30), strings(library, [f.new("char[]", b"array")] * 30))
    for bad in ("text", None, 5, 1.5, f.new("int *"), [b"list"], bytearray(b"array"), memoryview(b"view"), f.cast("void *", 0), f.NULL):
        try:
            show(strings(library, [b"abc"] * 30 + [bad, b"more"]))
        except Exception as problem:
            print(error(problem))
    show(calls())

# === cffi_arrays: compiled=run,bytes_of
from bindings import api, api_ffi, calls, ffi, lib
from show import error, show

def run(lib, values, n):
    total = 0.0
    for i in range(n):
        total += lib.sum_doubles(values, i % 5)
    return total

def bytes_of(lib, values):
    total = 0
    for v in values:
        total += lib.sum_bytes(v, 2)
    return total

for f, library in ((ffi, lib), (api_ffi, api)):
    api.calls_reset()
    array = f.new("double[5]", [0.5, 1.5, 2.5, 3.5, 4.5])
    show(run(library, array, 100), run(library, [1.0, 2.0, 3.0, 4.0, 5.0], 30), run(library, (1, 2, 3, 4, 5), 30), run(library, f.NULL, 30))
    show(bytes_of(library, [b"ab"] * 30 + [b"\xff\xff"]), calls())
    for bad in (["x", 1, 2, 3, 4], "text", f.new("float[5]"), None, 5):
        try:
            show(run(library, bad, 3))
        except Exception as problem:
            print(error(problem))
    show(calls())

# === ctypes_pointers: compiled=run,strings
import ctypes
from bindings import api, calls, cdll, pydll
from show import error, show

def run(lib, cell, n):
    total = 0
    nones = 0
    for i in range(n):
        lib.store_int(cell, i * 3)
        total += lib.load_int(cell)
        total += lib.load_int(None)
        if lib.null_ptr() is None:
            nones += 1
        if lib.null_string() is None:
            nones += 1
        if lib.id_ptr(None) is None:
            nones += 1
        total += lib.id_ptr(0x12345678)
        s = lib.maybe_null(i % 10 == 3)
        if s is None:
            nones += 100
        else:
            total += len(s)
    return total, nones, s

def strings(lib, texts):
    total = 0
    for text in texts:
        total += lib.str_len(text)
    return total

for lib in (cdll, pydll):
    api.calls_reset()
    cell = lib.int_cell()
    show(run(lib, cell, 20), run(lib, cell, 200), calls())
    own = ctypes.c_int(5)
    show(run(lib, ctypes.byref(own), 50), run(lib, ctypes.pointer(own), 50), run(lib, (ctypes.c_int * 2)(), 50), own.value, calls())
    show(strings(lib, [b"abc"] * 30 + [b"", b"with\0zero", None, b"long" * 1000] + [b"x"] * 5), lib.greeting())
    show(strings(lib, [ctypes.create_string_buffer(b"buffer")] * 20), strings(lib, [ctypes.c_char_p(b"pointer"), ctypes.c_char_p(None)] * 20))
    for bad in ("text", 5, 1.5, own, ctypes.byref(own), [b"list"], bytearray(b"array"), memoryview(b"view"), ctypes.c_void_p(None)):
        try:
            show(strings(lib, [b"abc"] * 30 + [bad, b"more"]))
        except Exception as problem:
            print(error(problem))
        try:
            show(lib.id_ptr(bad) is None)
        except Exception as problem:
            print(error(problem))
    show(calls())

# === cffi_errno: compiled=run
from bindings import api, api_ffi, calls, ffi, lib
from show import show

def run(ffi, lib, n):
    wrong = 0
    ffi.errno = 77
    for i in range(n):
        if lib.get_errno() != (77 if i == 0 else i + 1):
            wrong += 1
        lib.fail_with(i)
        if ffi.errno != i:
            wrong += 100
        lib.tick()
        if lib.get_errno() != i:
            wrong += 10000
        ffi.errno = i + 2
    return wrong, ffi.errno

def quiet(lib, n):
    for i in range(n):
        lib.set_errno(i)
    return i

for f, library in ((ffi, lib), (api_ffi, api)):
    api.calls_reset()
    show(run(f, library, 10), run(f, library, 150), calls())
    show(quiet(library, 100), f.errno, library.get_errno())
    f.errno = 5
    show(quiet(library, 1), f.errno)

# === errno_of_another_call_in_between: compiled=run
import os
from bindings import api, ffi, lib
from show import show

def disturb():
    try:
        os.stat("/does/not/exist/at/all")
    except FileNotFoundError:
        return 1

def run(n):
    total = 0
    for i in range(n):
        lib.set_errno(33)
        disturb()
        if lib.get_errno() == 33:
            total += 1
        if ffi.errno == 33:
            total += 1000
    return total

show(run(20), run(100))

# === ctypes_errno: compiled=run,plain
import ctypes
from bindings import api, calls, open_cdll
from show import show

own = open_cdll(use_errno=True)
other = open_cdll()

def run(lib, n):
    wrong = 0
    ctypes.set_errno(77)
    for i in range(n):
        if lib.get_errno() != (77 if i == 0 else i - 1):
            wrong += 1
        lib.fail_with(i)
        if ctypes.get_errno() != i:
            wrong += 100
        lib.tick()
    return wrong, ctypes.get_errno()

def plain(lib, n):
    ctypes.set_errno(88)
    for i in range(n):
        lib.fail_with(i)
    return ctypes.get_errno()

api.calls_reset()
show(run(own, 10), run(own, 150), plain(other, 100), plain(own, 100), calls())

# === function_of_the_library_is_rebound: compiled=run
from bindings import api, calls, open_abi, open_bare, open_cdll
from show import error, show

def change(lib, i, other):
    if i == 40:
        lib.isum2 = other
    elif i == 60:
        # A function that looks at no more arguments than it is given, also where nobody checks their number.
        lib.isum2 = lib.isum1
    elif i == 80:
        del lib.isum2

def run(lib, n, other):
    total = 0
    for i in range(n):
        try:
            change(lib, i, other)
        except Exception as problem:
            # cffi's `__setattr__` recurses for ever: at which call CPython ends that is its own affair.
            print(type(problem).__name__)
        try:
            total += lib.isum2(i, 1)
        except Exception as problem:
            print(i, error(problem))
            total += 10**6
    return total

for library in (open_abi()[1], open_cdll(), open_bare()):
    api.calls_reset()
    show(run(library, 30, None), calls())
    show(run(library, 110, lambda a, b: a * b), calls())

# === names_of_the_library_are_rebound: compiled=run
import types
from bindings import api, calls, cdll, lib
from show import show

lib_now = lib
f = lib.isum2
holder = types.SimpleNamespace(lib=lib)

def change(i):
    global lib_now, f
    if i == 40:
        lib_now = api
    elif i == 50:
        f = cdll.isum2
    elif i == 60:
        lib_now = cdll
        holder.lib = api
    elif i == 70:
        f = lambda a, b: -1
    elif i == 80:
        lib_now = types.SimpleNamespace(isum2=f)

def run(n):
    total = 0
    for i in range(n):
        change(i)
        total += lib_now.isum2(i, 1) + f(1, i) + holder.lib.isum2(i, i)
    return total

api.calls_reset()
show(run(30), calls())
show(run(120), calls())

# === different_functions_through_one_name: compiled=run
from bindings import api, calls, cdll, lib, pydll
from show import error, show

def run(functions):
    total = 0
    for f in functions:
        try:
            total += f(3, 4)
        except Exception as problem:
            print(error(problem))
    return total

api.calls_reset()
show(run([lib.isum2] * 30 + [api.isum2] * 10 + [cdll.isum2, lib.isum2, pydll.isum2] * 10), calls())
show(run([lib.isum2] * 30 + [lib.fsum2, lib.isum3, max, lib.isum2, None, lib.isum2]), calls())

# === argtypes_change_in_the_loop: compiled=run
import ctypes
from bindings import api, calls, open_cdll
from show import error, show

class Checked(ctypes.c_int):
    pass

class Half:
    @classmethod
    def from_param(cls, value):
        return ctypes.c_int64(value * 2)

def check(result, function, arguments):
    return result + 5000, arguments

def refuse(result, function, arguments):
    if result > 100:
        raise OSError("refused", result)
    return result

changes = {
    "argtypes": lambda f: setattr(f, "argtypes", [ctypes.c_int8, ctypes.c_int8]),
    "argtypes_wide": lambda f: setattr(f, "argtypes", [ctypes.c_uint64, ctypes.c_size_t]),
    "argtypes_pointer": lambda f: setattr(f, "argtypes", [ctypes.c_void_p, ctypes.c_void_p]),
    "argtypes_own": lambda f: setattr(f, "argtypes", [Half, Half]),
    "argtypes_fewer": lambda f: setattr(f, "argtypes", [ctypes.c_int64]),
    "argtypes_more": lambda f: setattr(f, "argtypes", [ctypes.c_int64] * 3),
    "argtypes_none": lambda f: setattr(f, "argtypes", None),
    "argtypes_deleted": lambda f: delattr(f, "argtypes"),
    "argtypes_list_item": lambda f: f.argtypes.__setitem__(0, ctypes.c_char),
    "argtypes_wrong": lambda f: setattr(f, "argtypes", [5]),
    "restype_narrow": lambda f: setattr(f, "restype", ctypes.c_uint8),
    "restype_none": lambda f: setattr(f, "restype", None),
    "restype_bool": lambda f: setattr(f, "restype", ctypes.c_bool),
    "restype_own": lambda f: setattr(f, "restype", Checked),
    "restype_callable": lambda f: setattr(f, "restype", lambda x: x - 7),
    "restype_deleted": lambda f: delattr(f, "restype"),
    "errcheck": lambda f: setattr(f, "errcheck", check),
    "errcheck_refuses": lambda f: setattr(f, "errcheck", refuse),
}

def run(f, n, change):
    total = 0
    seen = None
    for i in range(n):
        if i == 50:
            change(f)
        seen = f(i, 2)
        if isinstance(seen, int):
            total += seen
    return total, type(seen).__name__

for name, change in changes.items():
    library = open_cdll()
    api.calls_reset()
    print(name)
    for n in (40, 80):
        try:
            show(run(library.isum2, n, change))
        except Exception as problem:
            print(error(problem))
    show(calls())

# === errcheck_from_the_start: compiled=run
import ctypes
from bindings import api, calls, open_cdll
from show import error, show

def check(result, function, arguments):
    if arguments[0] == 66:
        raise OSError("errcheck", arguments)
    return result * 2

library = open_cdll()
library.isum2.errcheck = check

def run(n):
    total = 0
    for i in range(n):
        try:
            total += library.isum2(i, 2)
        except OSError as problem:
            print(error(problem))
    return total

api.calls_reset()
show(run(40), run(100), calls())

# === closed_library: compiled=run
from bindings import api, calls, open_abi
from show import error, show

def run(lib, ffi, n, close_at):
    total = 0
    for i in range(n):
        if i == close_at:
            ffi.dlclose(lib)
        total += lib.isum2(i, 1)
    return total

for n, close_at in ((60, 50), (60, 0), (60, 59)):
    ffi, lib = open_abi()
    api.calls_reset()
    show(run(lib, ffi, 40, -1))
    try:
        show(run(lib, ffi, n, close_at))
    except Exception as problem:
        print(error(problem), problem.__traceback__.tb_next.tb_lineno)
    show(calls())
    try:
        show(run(lib, ffi, 20, -1))
    except Exception as problem:
        print(error(problem))

# === null_function_pointer: compiled=run
from bindings import api, api_ffi, calls, ffi, lib
from show import error, show

def run(function, n):
    total = 0
    for i in range(n):
        total += function(i)
    return total

def turns(functions):
    total = 0
    for function in functions:
        try:
            total += function(5)
        except Exception as problem:
            print(error(problem))
            total += 1000
    return total

for f, library in ((ffi, lib), (api_ffi, api)):
    api.calls_reset()
    twice, null = library.twice_pointer(), library.null_pointer()
    show(run(twice, 100), calls())
    show(turns([twice] * 30 + [null, twice, null]), calls())
    show(turns([f.cast("int(*)(int)", twice)] * 20 + [f.NULL, f.cast("int(*)(int)", 0)]), calls())

# === ctypes_function_pointers: compiled=run
import ctypes
from bindings import api, calls, cdll, lib, ffi
from show import error, show

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)

def run(function, n):
    total = 0
    for i in range(n):
        total += function(i)
    return total

api.calls_reset()
show(run(cdll.twice_pointer(), 100), run(INT_INT(int(ffi.cast("intptr_t", lib.twice_pointer()))), 100), calls())
show(run(INT_INT(lambda x: x + 1), 100), run(INT_INT(("id_i32", cdll)), 50), calls())
show(bool(cdll.null_pointer()))

# === global_variable_of_the_library: compiled=run
from bindings import api, calls, lib
from show import show

def run(lib, n):
    total = 0
    for i in range(n):
        lib.bump_counter(1)
        total += lib.counter_var
        if i % 10 == 9:
            lib.counter_var = i
        lib.counter_var += 1
    return total, lib.counter_var

for library in (lib, api):
    api.calls_reset()
    show(run(library, 20), run(library, 150), calls())

# === missing_function: raises compiled=run
from bindings import api, calls, cdll, lib
from show import error, show

def run(lib, n, bad):
    total = 0
    for i in range(n):
        total += lib.isum1(i)
        if i == bad:
            total += lib.no_such_function(i)
    return total

api.calls_reset()
for library in (lib, cdll, api):
    show(run(library, 50, -1))
    try:
        run(library, 80, 70)
    except AttributeError as problem:
        print(type(problem).__name__, problem.__traceback__.tb_next.tb_lineno)
    show(calls())
run(api, 80, 70)

# === wrong_argument_in_the_middle: raises compiled=run
from bindings import api, calls, cdll, lib
from show import error, show

def run(f, values):
    total = 0
    for v in values:
        total += f(
            v,
            2
        )
    return total

for f in (lib.isum2, api.isum2, cdll.isum2):
    api.calls_reset()
    for bad in (None, 1.5, "text", 2**63, -2**63 - 1, True, [1], b"1"):
        try:
            show(run(f, [*range(40), bad, 1]))
        except Exception as problem:
            trace = problem.__traceback__.tb_next
            print(error(problem), trace.tb_lineno, trace.tb_frame.f_locals["total"])
    show(calls())
run(lib.isum2, [*range(60), "text"])

# === cdata_numbers_as_arguments: compiled=run
from bindings import api, calls, ffi, lib
from show import error, show

def run(f, values):
    total = 0
    for v in values:
        total += f(v)
    return total

api.calls_reset()
show(run(lib.id_i64, [ffi.cast("int64_t", 7)] * 30 + [ffi.cast("int8_t", -7)] + [5] * 3))
show(run(lib.id_f64, [ffi.cast("double", 7.5)] * 30 + [ffi.cast("float", -7.5)] + [5] * 3))
show(run(api.id_u8, [ffi.cast("uint8_t", 200)] * 30 + [ffi.cast("int", 255)]))
show(calls())
for value in (ffi.cast("int", 256), ffi.cast("void *", 5), ffi.new("int *", 3)):
    try:
        show(run(lib.id_u8, [1] * 30 + [value]))
    except Exception as problem:
        print(error(problem))
show(calls())

# === char_results: compiled=run
from bindings import api, calls, cdll, lib
from show import error, show

def run(lib, values):
    last = None
    count = 0
    for v in values:
        last = lib.id_char(v)
        if last == b"x":
            count += 1
    return last, count

for library in (lib, api, cdll):
    api.calls_reset()
    show(run(library, [b"a", b"x", b"\xff", b"\0"] * 20), calls())
    for bad in (b"", b"two", "x", 5, None):
        try:
            show(run(library, [b"x"] * 30 + [bad]))
        except Exception as problem:
            print(error(problem))
    show(calls())

# === addresses_are_ints_or_none: compiled=run
from bindings import cdll, pydll
from show import show

def run(library, n):
    total = nones = 0
    address = 2**64 - 5
    for i in range(n):
        p = library.id_ptr(address if i % 5 else None)
        if p is None:
            nones += 1
        else:
            total ^= p
        if library.null_ptr() is not None:
            total += 1
        q = library.id_ptr(-1 - i)
        total ^= q
        if library.id_ptr(0) is None:
            nones += 10
        total ^= library.id_ptr(True)
    return total, nones

for library in (cdll, pydll):
    show(run(library, 4), run(library, 60), run(library, 20))

# === variadic_functions_declared_as_others: compiled=run
import ctypes
from show import show

libc = ctypes.CDLL(None)
# Enough for a register-passed variadic call: libffi sets what such a function reads, and so must a direct call.
libc.snprintf.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_double, ctypes.c_int, ctypes.c_double]

def run(n):
    buffer = ctypes.create_string_buffer(64)
    address = ctypes.addressof(buffer)
    lengths = 0
    for i in range(n):
        lengths += libc.snprintf(address, 64, b"%.3f %d %g", i * 0.5, i, i * 1.25)
    return lengths, buffer.value

show(run(3), run(60))

# === changes_behind_the_recorded_call: compiled=run
import ctypes
from show import show

libc = ctypes.CDLL(None)

def prototype(at):
    function = ctypes.CDLL(None).labs
    function.argtypes, function.restype = [ctypes.c_long], ctypes.c_int
    seen = []
    for i in range(40):
        seen.append(function(-(2**32) - i))
        if i == at:
            function.restype = ctypes.c_long
    return seen

def run(at):
    libc.chosen = libc.abs
    total = 0
    for i in range(40):
        total += libc.chosen(-i)
        if i == at:
            libc.chosen = libc.toupper
    return total

for at in range(12):
    show(at, prototype(at), run(at))

# === arguments_wider_than_they_are_declared: compiled=run
import ctypes
from show import show

def functions():
    for argtypes in (None, [ctypes.c_int], [ctypes.c_uint], [ctypes.c_long], [ctypes.c_short], [ctypes.c_ubyte]):
        function = ctypes.CDLL(None).labs
        function.restype = ctypes.c_long
        if argtypes is not None:
            function.argtypes = argtypes
        yield function

def run(function, x):
    total = 0
    for i in range(20):
        total += function(x)
    return total

for function in functions():
    for x in (5, -5, 2**32 + 5, -(2**32) - 5, 2**31, -(2**31), 2**63 - 1, True):
        show(run(function, x))
