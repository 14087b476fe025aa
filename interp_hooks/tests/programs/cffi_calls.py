"""cffi's documented ways with a library, each as a small hot loop: variables, structs by value, callbacks, errno, characters, enums, variadics, files."""

# === variables_of_the_library
from bindings import api, api_ffi, ffi, lib, out, out_ffi
from show import error, show

def run(lib, n):
    total = 0.0
    for i in range(n):
        lib.factor = i * 0.5
        lib.octet = i & 255
        lib.letter = b"xyz"[i % 3:i % 3 + 1]
        lib.table[i % 16] += 1
        lib.origin.x = i
        lib.points[i % 4].y -= 1
        lib.paint[i % 3] = lib.BLUE
        lib.flag = i
        total += lib.factor + lib.octet + ord(lib.letter) + lib.table[i % 16] + lib.origin.x + lib.points[i % 4].y + lib.paint[2] + lib.flag
        total += lib.counter_var
        lib.bump_counter(1)
        total += lib.counter_var
    return total, list(lib.table), lib.origin.x

def through(lib, n):
    total = 0
    for i in range(n):
        lib.chosen = lib.pick_function(i % 3)
        total += lib.chosen(i)
    return total

def wrong(lib, value, n):
    i = 0
    try:
        for i in range(n):
            lib.octet = value if i == n - 1 else i
    except Exception as problem:
        return i, error(problem), lib.octet
    return i, lib.octet

for library in (lib, out, api):
    library.counter_var = 0
    show(run(library, 20), run(library, 90), through(library, 60), library.octet, api.octet, api_ffi.string(api.title))
    for value in (255, 256, -1, "x", 1.5, None, True):
        show(wrong(library, value, 1), wrong(library, value, 50))
try:
    lib.nothing = 3
except Exception as problem:
    print(error(problem))

# === structs_by_value
from bindings import api, api_ffi, ffi, lib, out, out_ffi
from show import error, show

def run(ffi, lib, n):
    total = 0
    p = lib.make_point(1, 2)
    r = ffi.new("struct rect *", {"weight": 1.0})[0]
    w = ffi.new("struct wide *", [1, 2, 3, 4])[0]
    s = ffi.new("struct small *")[0]
    for i in range(n):
        p = lib.add_points(p, lib.make_point(i, -1))
        total += p.x * p.y + lib.dot(p, lib.make_point(3, i)) + lib.dot(lib.origin, p)
        r = lib.grow(r, 1.5)
        w = lib.scale_wide(w, 0.5)
        s = lib.next_small(s)
        total += r.high.x + s.c
        total += lib.dot([i, 1], {"x": 2, "y": i})
        copy = p
        p.x = i
        total += copy.x
    return total, r.weight, ffi.string(r.name), w.a, w.b, w.c, w.d, s.c

def wrong(lib, value, n):
    i = total = 0
    good = lib.make_point(3, 4)
    try:
        for i in range(n):
            total += lib.dot(good, good if i != n - 1 else value)
    except Exception as problem:
        return i, total, error(problem)
    return i, total

for f, library in ((ffi, lib), (out_ffi, out), (api_ffi, api)):
    library.origin.x, library.origin.y = 1, -1
    show(run(f, library, 20), run(f, library, 60))
    for value in (f.new("struct point *"), f.new("struct small *")[0], 5, None, [1, 2, 3], {"z": 1}, [2**31, 0], (1, 2), f.NULL):
        show(wrong(library, value, 1), wrong(library, value, 40))

# === callbacks_and_function_pointers
from bindings import api, api_ffi, ffi, lib, out, out_ffi
from show import error, show

seen = []

@ffi.callback("int(int)")
def triple(x):
    seen.append(x)
    return 3 * x

def pointers(ffi, lib, n):
    ops = ffi.new("struct ops *")
    array = ffi.new("int(*[3])(int)", [lib.pick_function(k) for k in range(3)])
    total = 0
    for i in range(n):
        ops.unary = array[i % 3]
        total += ops.unary(i) + array[(i + 1) % 3](-i) + lib.pick_function(i % 3)(2)
        ops.binary = ffi.addressof(lib, "add_doubles")
        total += ops.binary(i, 0.5)
    return total

def back(n):
    total = 0
    for i in range(n):
        total += lib.call_once(triple, i) + lib.call_n(triple, i % 4)
        total += triple(i) + lib.call_once(lib.twice_pointer(), i)
    return total

def null(lib, n, where):
    i = total = 0
    try:
        for i in range(n):
            total += lib.pick_function(3 if i == where else i % 3)(i)
    except Exception as problem:
        return i, total, error(problem)

for f, library in ((ffi, lib), (out_ffi, out), (api_ffi, api)):
    show(pointers(f, library, 20), pointers(f, library, 60), null(library, 50, 0), null(library, 50, 30))
show(back(10), back(40), len(seen), seen[:9])
for value in (5, None, lib.add_doubles, ffi.new("int *"), len):
    try:
        show(lib.call_once(value, 3))
    except Exception as problem:
        print(error(problem))

# === errors_of_callbacks
import sys
from bindings import ffi, lib
from show import error, show

@ffi.callback("int(int)", error=-5, onerror=lambda kind, value, trace: problems.append(error(value)))
def fails(x):
    if x % 10 == 7:
        raise ValueError(x)
    return x if x % 10 else 2**40

problems = []

def run(n):
    total = 0
    for i in range(n):
        total += lib.call_once(fails, i)
    return total

show(run(20), run(60), problems)

# === errno
import errno
from bindings import api, api_ffi, ffi, lib, out, out_ffi
from show import show

def run(ffi, lib, n):
    total = 0
    for i in range(n):
        ffi.errno = i
        total += ffi.errno + lib.get_errno()
        if lib.fail_with(i + 1) < 0:
            total += ffi.errno * 3
        ffi.errno = errno.ENOENT
        lib.tick()
        total += ffi.errno
    return total

show(run(ffi, lib, 20), run(ffi, lib, 80), run(api_ffi, api, 20), run(api_ffi, api, 80))

# === characters
from bindings import api, ffi, lib, out
from show import error, show

def chars(lib, n):
    total = 0
    last = b"a"
    for i in range(n):
        last = lib.id_char(bytes([i & 255]))
        total += last[0] + (last == b"a") + lib.id_uchar(last[0])
    return total, last

def wide(lib, n):
    total = 0
    w, u, v = "a", "\u20ac", "\U0001f600"
    for i in range(n):
        w, u, v = lib.next_wide(w), lib.next_u16(u), lib.next_u32(v)
        total += ord(w) + ord(u) + ord(v)
    return total, w, u, v

def one(function, value, good, n):
    i = 0
    try:
        for i in range(n):
            got = function(value if i == n - 1 else good)
    except Exception as problem:
        return i, error(problem)
    return i, got

for library in (lib, out, api):
    show(chars(library, 50), chars(library, 300), wide(library, 40))
    for value in (b"", b"ab", "a", 65, None, ffi.cast("char", b"q"), bytearray(b"a")):
        show(one(library.id_char, value, b"x", 1), one(library.id_char, value, b"x", 40))
    for value in ("", "ab", b"a", 65, "\U0001f600", ffi.cast("wchar_t", "q"), ffi.cast("char16_t", "q")):
        show(one(library.next_wide, value, "x", 40), one(library.next_u16, value, "x", 40), one(library.next_u32, value, "x", 40))
        show(one(library.wide_length, value, "text", 40) if isinstance(value, str) else None)

# === enums
from bindings import api, api_ffi, ffi, lib, out, out_ffi
from show import error, show

def run(lib, n):
    total = 0
    colour = lib.RED
    for i in range(n):
        colour = lib.next_colour(colour)
        total = total * 3 + colour & 0xFFFFFF
        total += lib.colour_value(lib.GREEN) + lib.colour_value(i) + (colour == lib.GREY)
    return total, colour

def one(lib, value, n):
    i = 0
    try:
        for i in range(n):
            got = lib.colour_value(value if i == n - 1 else 3)
    except Exception as problem:
        return i, error(problem)
    return i, got

for f, library in ((ffi, lib), (out_ffi, out), (api_ffi, api)):
    show(run(library, 20), run(library, 90))
    for value in (-(2**31), 2**31 - 1, 2**31, "RED", "#5", None, 1.5, f.cast("enum colour", -2), f.cast("int", 5), True):
        show(one(library, value, 1), one(library, value, 40))

# === variadic_calls
from bindings import ffi, lib
from show import error, show

def run(n):
    text = ffi.new("char[]", b"four")
    total = 0.0
    for i in range(n):
        total += lib.sum_args(b"") + lib.sum_args(b"i", ffi.cast("int", i)) + lib.sum_args(b"dd", ffi.cast("double", 0.5), ffi.cast("double", i))
        total += lib.sum_args(b"ilds", ffi.cast("int", -i), ffi.cast("long long", 2**40), ffi.cast("float", 1.5), text)
        total += lib.sum_args(b"s", ffi.NULL) + lib.sum_args(b"p", lib.points[i % 4]) + lib.sum_args(b"i", ffi.cast("short", i))
        total += lib.sum_args(b"ddddddddddi", *[ffi.cast("double", k) for k in range(10)], ffi.cast("int", i))
    return total

def wrong(value, n):
    i = 0
    try:
        for i in range(n):
            got = lib.sum_args(b"i", value if i == n - 1 else ffi.cast("int", 3))
    except Exception as problem:
        return i, error(problem)
    return i, got

lib.points[1].y = 10
show(run(20), run(60))
for value in (3, 1.5, None, b"x", "x", [1]):
    show(wrong(value, 1), wrong(value, 40))

# === files_of_the_c_library
import os
import tempfile
from bindings import ffi
from show import error, show

own = type(ffi)()
own.cdef("int fputs(const char *, FILE *); int fputc(int, FILE *); int fflush(FILE *); FILE *fdopen(int, const char *);")
libc = own.dlopen(None)

def run(file, n):
    total = 0
    for i in range(n):
        total += libc.fputs(b"ab", file) >= 0
        total += libc.fputc(48 + i % 10, file)
    libc.fflush(file)
    return total

with tempfile.TemporaryFile("w+b") as file:
    show(run(file, 50))
    stream = libc.fdopen(os.dup(file.fileno()), b"w")
    show(run(stream, 50))
    file.seek(0)
    show(file.read())
try:
    show(run("no file", 3))
except Exception as problem:
    print(error(problem))
