"""cffi against what a trace may take for granted: who dies with whom, what is one object, what a program has exchanged."""

# === a_struct_dies_with_the_pointer_that_keeps_it
import sys
import weakref
from bindings import ffi, lib
from show import show

cell = ffi.new("int *")
log, watches = [], []

def told(ref):
    frame = sys._getframe(1)
    log.append((frame.f_locals.get("i"), frame.f_lineno - frame.f_code.co_firstlineno, cell[0]))
    cell[0] += 100

def watched(n, k):
    total = 0
    p = None
    for i in range(n):
        cell[0] = i
        q = p
        p = ffi.new("struct point *")
        if i % k == k - 1:
            watches.append(weakref.ref(p[0], told))
        total += cell[0]
    return total

def given(pointers):
    total = 0
    p = None
    for i in range(len(pointers)):
        cell[0] = i
        p = pointers.pop()
        total += cell[0]
        p.x = i
        total += cell[0]
    return total

def pointers(n, at):
    made = [ffi.new("struct point *") for _ in range(n)]
    watches.extend(weakref.ref(made[i][0], told) for i in at)
    return made

for n, k in ((40, 3), (40, 20), (60, 1)):
    show(watched(n, k), log)
    log.clear()
for at in ((20, 21), (1, 38), range(40), ()):
    show(given(pointers(40, at)), log)
    log.clear()

# === structs_of_an_allocator
import sys
from bindings import ffi, lib
from show import show

cell = ffi.new("int *")
order = []

def free(block):
    frame = sys._getframe(1)
    order.append((cell[0], frame.f_locals.get("i"), frame.f_lineno - frame.f_code.co_firstlineno))
    cell[0] += 1000
    lib.give(block)

make = ffi.new_allocator(lib.take, free)

def run(pointers):
    total = 0
    p = None
    for i in range(len(pointers)):
        cell[0] = i
        p = pointers.pop()
        total += cell[0]
        p.x = i
        total += cell[0] * 3
    return total

for k in (1, 2, 7, 39):
    show(run([(make if i % k == 0 else ffi.new)("struct point *") for i in range(40)]), order)
    order.clear()

# === a_branch_takes_a_weak_reference_to_what_was_a_box: compiled=run
import sys
import weakref
from bindings import ffi, lib
from show import show

cell, points = ffi.new("int *"), ffi.new("struct point[8]")
log, watches = [], []

def told(ref):
    frame = sys._getframe(1)
    log.append((cell[0], frame.f_locals.get("i"), frame.f_lineno - frame.f_code.co_firstlineno))
    cell[0] += 1000

def run(n):
    total = 0
    p = None
    for i in range(n):
        cell[0] = i
        p = lib.id_ptr(points)
        total += cell[0]
        if i in (3, 9, 21, 25, 26):
            watches.append(weakref.ref(p, told))
        cell[0] = i * 3
    return total

for n in (24, 60):
    show(run(n), log)
    del log[:], watches[:]

# === a_callee_takes_a_weak_reference_to_what_was_a_box
import sys
import weakref
from bindings import ffi, lib
from show import show

cell = ffi.new("int *")
points = ffi.new("struct point[8]")
struct = lib.make_point(1, 2)
log, watches = [], []

def told(ref):
    frame = sys._getframe(1)
    log.append((cell[0], frame.f_locals.get("i"), frame.f_lineno - frame.f_code.co_firstlineno))
    cell[0] += 1000

def maybe(p, i):
    if i in (3, 9, 21, 25, 26):
        watches.append(weakref.ref(p, told))

LOOPS = """
def rebound(n):
    total = 0
    p = None
    for i in range(n):
        cell[0] = i
        p = {0}
        total += cell[0]
        maybe(p, i)
        cell[0] = 2 * i
        total += cell[0]
        p = 5
        total += cell[0]
    return total

def next_turn(n):
    total = 0
    p = None
    for i in range(n):
        cell[0] = i
        p = {0}
        total += cell[0]
        maybe(p, i)
        cell[0] = i * 3
    return total

def always(n):
    total = 0
    p = None
    for i in range(n):
        cell[0] = i
        p = {0}
        total += cell[0]
        watches.append(weakref.ref(p, told))
        cell[0] = i * 3
    return total

def in_two(n):
    total = 0
    for i in range(n):
        cell[0] = i
        p = {0}
        q = p
        maybe(p, i)
        cell[0] = 3 * i
        del p
        total += cell[0] * 7
        q = i
        total += cell[0] * 5
    return total
"""
for made in (
    "ffi.cast('int *', i)", "ffi.cast('long', i)", "ffi.cast('double', i)", "points[i % 8]", "points + i", "lib.make_point(i, 2)",
    "ffi.addressof(struct, 'y')", "ffi.new('int *', i)", "ffi.new('struct point *')", "ffi.buffer(points, 8)", "lib.id_ptr(points)",
):
    exec(LOOPS.format(made))
    for loop in (rebound, next_turn, always, in_two):
        for n in (24, 60):
            show(made, loop.__name__, n, loop(n), log)
            watches.clear()
            log.clear()

# === one_box_in_two_places
from bindings import ffi, lib
from show import show

array = ffi.new("int[8]")

def same(p, q):
    return p is q

def names(n, at):
    seen = []
    kept = []
    before = None
    for i in range(n):
        p = array + i % 3
        q = p
        s = lib.make_point(i, i)
        t = s
        c = ffi.cast("int", i)
        d = c
        b = ffi.buffer(array)
        e = b
        m = ffi.cast
        o = m
        if i == at or i % 9 == 8:
            seen.append((p is q, s is t, c is d, b is e, m is o, before is p))
            kept.append((p, q, s, t, c, d, b, e, m, o))
        before = p
    return seen, [[x is y for x, y in zip(k[::2], k[1::2])] for k in kept]

def operands(n):
    total = 0
    for i in range(n):
        p = ffi.cast("void *", i)
        q = p
        s = lib.make_point(1, i)
        c = ffi.cast("short", i)
        b = ffi.buffer(array)
        m = ffi.cast
        k = m
        total += same(p, q) + 10 * same(s, s) + 100 * same(c, c) + 1000 * same(b, b) + 10000 * same(m, k)
    return total

show(names(30, 20), names(60, 50), operands(40))

# === one_struct_twice_among_the_operands
from bindings import ffi, lib
from show import show

def change(a, b):
    a.x += 100
    return b.x, a is b

def run(n):
    seen = []
    for i in range(n):
        s = lib.make_point(1, i)
        seen.append(change(s, s))
        seen.append(s.x)
    return seen

def kept(n):
    seen = []
    for i in range(n):
        s = lib.make_point(1, i)
        t = [s, s]
        t[0].x = 9
        u = (s, t[1], s)
        u[2].y = 3
        seen.append((s.x, s.y, u[0].y, t[1].x))
    return seen

show(run(30), kept(30))

# === methods_that_a_program_exchanges
import cffi
from bindings import ffi as callbacks, lib
from show import show

ffi = cffi.FFI()
ffi.cdef("struct point { int x, y; };")
ffi.typeof("int"), ffi.typeof("int *")
original = {name: vars(cffi.FFI)[name] for name in ("cast", "new", "sizeof", "typeof", "errno")}
AT = 25

def of_class(i):
    if i == AT:
        cffi.FFI.cast = lambda self, ctype, value: "another cast"
        cffi.FFI.new = lambda self, ctype, value: "another new"
        cffi.FFI.sizeof = original["cast"]
        cffi.FFI.typeof = lambda self, ctype: "another typeof"
        cffi.FFI.errno = property(lambda self: "another errno", lambda self, n: None)
    return 1

def of_instance(i):
    if i == AT:
        ffi.cast = lambda ctype, value: "its own cast"
        ffi.new = lambda ctype, value: "its own new"
    return 1

def restore():
    for name, value in original.items():
        setattr(cffi.FFI, name, value)
        vars(ffi).pop(name, None)

def looked_up_before(n, patch):
    seen = []
    for i in range(n):
        t = (ffi.cast, patch(i))
        seen.append(str(t[0]("int", i)))
    return seen

def kept_in_a_local(n, patch):
    seen = []
    for i in range(n):
        c = ffi.cast
        patch(i)
        seen.append(str(c("int", i)))
    return seen

def behind_a_foreign_call(n, patch):
    call = callbacks.callback("int(int)", patch)
    seen = []
    for i in range(n):
        c = ffi.cast
        lib.call_once(call, i)
        seen.append((str(c("int", i)), str(ffi.new("int *", i)).partition(" 0x")[0]))
    return seen

def among_arguments(n, patch):
    seen = []
    for i in range(n):
        seen.append(str(ffi.cast("int", patch(i))))
        seen.append(str(ffi.typeof("int")))
    return seen

def errno(n, patch):
    seen = []
    for i in range(n):
        ffi.errno = i
        patch(i)
        seen.append(ffi.errno)
    return seen

for loop in (looked_up_before, kept_in_a_local, behind_a_foreign_call, among_arguments, errno):
    for patch in (of_class, of_instance):
        show(loop.__name__, loop(40, patch)[20:])
        # The loop sees the other methods from its first turn on, too.
        show(loop(40, patch)[30:])
        restore()
        show(loop(20, patch)[15:])
        restore()

# === a_library_is_closed
from bindings import open_abi
from show import error, show

def read(lib, ffi, n, at):
    i = total = 0
    try:
        for i in range(n):
            total += lib.counter_var
            if i == at:
                ffi.dlclose(lib)
    except Exception as problem:
        return i, error(problem).partition("'")[0]
    return i, total

def written(lib, ffi, n, at):
    i = 0
    try:
        for i in range(n):
            lib.counter_var = i
            if i == at:
                ffi.dlclose(lib)
    except Exception as problem:
        return i, error(problem).partition("'")[0]
    return i

def item(lib, ffi, n, at):
    i = total = 0
    try:
        for i in range(n):
            total += lib.table[i % 16] * 0
            if i == at:
                ffi.dlclose(lib)
    except Exception as problem:
        return i, error(problem).partition("'")[0]
    return i, total

for loop in (read, written, item):
    for at in (50, 3):
        ffi, lib = open_abi()
        show(loop(lib, ffi, 100, at), loop(lib, ffi, 100, at))

# === bit_fields_of_every_width
import random
import cffi
from show import error, show

ffi = cffi.FFI()
ffi.cdef("""
enum signed_one { LOW = -3, HIGH = 2 };
struct wide { int64_t a : 64; uint64_t b : 64; int64_t c : 63; uint64_t d : 63; };
struct mixed { int a:1; unsigned b:1; int c:2; short d:3; unsigned short e:16; signed char f:8; unsigned char g:7; _Bool h:1; long long i:33; };
struct characters { wchar_t a:5; wchar_t b:32; char c:4; char d:8; char16_t e:7; char32_t f:9; };
struct of_enum { enum signed_one a:3; int b:20; };
""")
ffi.cdef("struct tight { char a; int b:7; int c:25; unsigned d:9; short e; uint64_t f:60; };", packed=True)
VALUES = [0, 1, -1, 2, -3, 15, 31, -128, 255, 65536, 2**31, 2**33, 2**59, -(2**62), 2**62, 2**63 - 1, 2**63, -(2**63), 2**64 - 1, True]
LOOPS = """
def get(p, memory, contents):
    seen = []
    for content in contents:
        memory[:] = content
        seen.append(p.{0})
    return seen

def put(p, memory, value):
    seen = []
    for fill in FILLS:
        memory[:] = fill * len(memory)
        try:
            p.{0} = value
        except Exception as problem:
            seen.append(error(problem))
        seen.append(bytes(memory))
    return seen
"""
FILLS = [b"\0", b"\xff", b"\x5a"] * 5
chance = random.Random(5)
for name in ("wide", "mixed", "characters", "of_enum", "tight"):
    p = ffi.new(f"struct {name} *")
    memory = ffi.buffer(p)
    for field, _ in ffi.typeof(f"struct {name}").fields:
        exec(LOOPS.format(field))
        contents = [chance.randbytes(len(memory)) for _ in range(30)] + [b"\xff" * len(memory)]
        seen = get(p, memory, contents)
        if name + field == "tighta":
            continue
        show(name, field, seen)
        show([put(p, memory, value)[-4:] for value in VALUES])

# === addresses_that_overflow
from bindings import ffi
from show import error, show

array = ffi.new("int[10]")

def items(of, indices):
    i = 0
    try:
        for i in range(len(indices)):
            p = ffi.addressof(of, indices[i])
    except Exception as problem:
        return i, error(problem)
    return i, (int(ffi.cast("intptr_t", p)) - int(ffi.cast("intptr_t", array))) % 2**64

for index in (2**62, 2**61, -(2**61), 2**61 - 1, -(2**61) - 1, -(2**63), 2**63, 2**64, True, -5):
    show(items(array, [*range(30), index]), items(array + 0, [*range(30), index]))

# === errors_in_the_middle
from bindings import ffi, lib
from show import error, show

array = ffi.new("int[10]", list(range(10)))
every = ffi.new("struct every *")
raw = ffi.cast("uint8_t *", ffi.addressof(every, "b"))
wide = ffi.cast("uint32_t *", ffi.addressof(every, "c32"))
odd = ffi.cast("int *", ffi.cast("char *", array) + 2)

def index(i):
    return array[i % 10 if i < 25 else i]

def run(n, body):
    i = 0
    total = 0
    try:
        for i in range(n):
            if body == 0:
                total += array[i]
            elif body == 1:
                every.i8 = i * 4
            elif body == 2:
                every.u64 = 4 ** (i + 2)
            elif body == 3:
                every.c = (b"x", b"xy")[i > 24]
            elif body == 4:
                every.w = ("x", "xy")[i > 24]
            elif body == 5:
                raw[0] = (1, 2)[i > 24]
                total += every.b
            elif body == 6:
                wide[0] = i * 0x10000
                total += ord(every.c32)
            elif body == 7:
                total += (array + 1, odd)[i > 24] - array
            elif body == 8:
                every.p = (array, 5)[i > 24]
            elif body == 9:
                total += lib.id_i8(i * 5)
            elif body == 10:
                total += ffi.new("int[5]")[i % 5 if i < 25 else -1]
            elif body == 11:
                ffi.memmove(every, b"abcdefgh", 8 - i)
    except Exception as problem:
        return i, total, error(problem), problem.__traceback__.tb_lineno
    return i, total

for body in range(12):
    show(run(9, body), run(60, body))

# === temporaries_die_in_order
from bindings import api, api_ffi, ffi, lib
from show import error, show

base = ffi.new("int[16]")
pointers, seven = ffi.new("int **"), ffi.new("int *", 7)
log = []

def made(number, what=None):
    return ffi.gc(ffi.cast("int *", base) if what is None else what, lambda p: log.append(number))

STATEMENTS = [
    "ffi.memmove(made(1), made(2), 8)", "api_ffi.memmove(made(1), made(2), 8)", "ffi.memmove(made(1), b'abc', 2)", "made(1) - made(2)",
    "made(1) == made(2)", "made(1) < made(2)", "made(1) is made(2)", "made(1) + seven[0] - made(2)", "made(1)[made(2)[0]]", "made(1)[i & 3] = seven[0]",
    "pointers[0] = made(1)", "made(1)[0] = made(2)[0]", "ffi.cast('char *', made(1))", "lib.load_int(made(1))", "lib.store_int(made(1), seven[0])",
    "lib.sum_args(b'pp', made(1), made(2))", "api.sum_args(b'pp', made(1), made(2))", "ffi.new('int **', made(1))", "ffi.sizeof(made(1)), ffi.buffer(made(2), 4)",
    "lib.dot(made(1, ffi.new('struct point *'))[0], made(2, ffi.new('struct point *'))[0])", "made(1, ffi.new('struct point *')).x = seven[0]",
    "ffi.addressof(made(1, ffi.new('struct point *')), 'y')", "ffi.unpack(made(1, ffi.new('char[]', b'ab')), 2)", "made(1) if made(2) else made(3)",
    "made(1) and made(2)", "[made(1), made(2)]", "made(1) in (made(2), made(3))", "same(made(1), made(2))", "made(1) + 'a'", "lib.load_int(made(1), made(2))",
]

def same(p, q):
    log.append("called")
    return p is q

for statement in STATEMENTS:
    exec(f"""
def run(n):
    for i in range(n):
        try:
            {statement}
            log.append("done")
        except Exception as problem:
            log.append(error(problem))
""")
    for n in (4, 40):
        run(n)
        turn = len(log) // n
        show(statement, log[:turn], [i for i in range(n) if log[i * turn : (i + 1) * turn] != log[:turn]])
        log.clear()
