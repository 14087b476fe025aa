"""cffi's documented ways with memory, each as a small hot loop: items, slices, members, pointers, casts, new objects, strings, buffers, handles."""

# === items_of_an_array
from bindings import ffi, lib
from show import error, show

def forward(a, n):
    total = 0
    for i in range(n):
        a[i] = a[i] * 2 + i
        total += a[i]
    return total

def at(a, n, bad, where):
    i = total = 0
    try:
        for i in range(n):
            total += a[bad if i == where else i % 10]
    except Exception as problem:
        return i, total, error(problem)
    return i, total

def put(a, n, bad, where):
    i = 0
    try:
        for i in range(n):
            a[i % 10 if i != where else bad] = i
    except Exception as problem:
        return i, list(a), error(problem)
    return i, list(a)

for ctype in ("int[10]", "uint8_t[10]", "int64_t[10]", "double[10]", "float[10]", "unsigned short[10]"):
    a = ffi.new(ctype, list(range(10)))
    show(ctype, forward(a, 5), forward(a, 10), list(a))
    for bad in (-1, 10, 2**31, 2**63, -(2**70), "1", 1.0, None, True, slice(0, 2)):
        for where in (0, 3, 60):
            show(type(bad).__name__, at(a, 80, bad, where)[:2], at(a, 80, bad, where)[-1] if not isinstance(bad, slice) else "")
            show(put(ffi.new(ctype), 80, bad, where))
show(forward(lib.table, 16), list(lib.table))

# === slices
from bindings import ffi
from show import error, show

def read(a, n):
    total = 0
    for i in range(n):
        part = a[i % 5:i % 5 + 4]
        total += part[0] * 3 + part[3] + len(part)
        for x in part[1:3]:
            total += x
    return total

def write(a, n):
    for i in range(n):
        a[i % 6:i % 6 + 3] = [i, -i, i * i]
        a[0:2] = a[8:10]
    return list(a)

def wrong(a, cut, n, where):
    i = 0
    try:
        for i in range(n):
            part = a[cut if i == where else slice(1, 4)]
            part[i % 3] = i
    except Exception as problem:
        return i, error(problem)
    return list(a[0:10])

a = ffi.new("int[]", list(range(10)))
show(read(a, 30), write(a, 60))
for cut in (slice(None, 3), slice(2, None), slice(-2, 3), slice(3, 11), slice(5, 3), slice(0, 4, 2), slice("a", 3)):
    show(wrong(a, cut, 50, 0), wrong(a, cut, 50, 30))
p = ffi.cast("int *", a)
show(read(p, 30))
for cut in (slice(-1, 3), slice(3, 1), slice(1, None)):
    show(wrong(p, cut, 50, 30))

# === iteration
from bindings import ffi, lib
from show import error, show

def add(values):
    total = 0
    for v in values:
        total += v
    return total

def pairs(a, n):
    total = 0
    for turn in range(n):
        for k, v in enumerate(a):
            total += k * v
        x, y, *rest = a
        total += x - y + len(rest) + sum(a) + max(a)
    return total

def structs(a, n):
    total = 0
    for turn in range(n):
        for p in a:
            p.x += turn
            total += p.x * p.y
    return total

for ctype in ("int[100]", "uint64_t[100]", "double[100]", "_Bool[100]", "int8_t[100]"):
    show(add(ffi.new(ctype, [i % 2 for i in range(100)])))
show(add(lib.table), pairs(ffi.new("int[]", list(range(20))), 40), structs(ffi.new("struct point[7]", [(i, i * 2) for i in range(7)]), 50))
for value in (ffi.new("int *"), ffi.new("struct point *"), ffi.NULL, ffi.cast("int", 3)):
    try:
        show(add(value))
    except Exception as problem:
        print(error(problem))

# === members_of_every_type
from bindings import api, api_ffi, ffi, lib, out, out_ffi
from show import error, show

EDGES = {"i8": 7, "u8": 8, "i16": 15, "u16": 16, "i32": 31, "u32": 32, "i64": 63, "u64": 64}

def ints(e, total_of, n):
    wrong = 0
    for i in range(n):
        e.i8 = i % 128
        e.u8 = e.i8 * 2 if e.i8 < 128 else 0
        e.i16 = -i
        e.u16 = i * 7
        e.i32 = i * -1000
        e.u32 = 2**32 - 1 - i
        e.i64 = i * -(2**40)
        e.u64 = 2**64 - 1 - i
        e.b = i & 1
        total = e.i8 + e.u8 + e.i16 + e.u16 + e.i32 + e.u32 + e.i64 + e.u64 + e.b
        if (total - total_of(e)) & (2**64 - 1):
            wrong += 1
    return wrong, total

def floats(e, n):
    total = 0.0
    for i in range(n):
        e.f = i * 0.1
        e.d = e.f + 1e-9
        total += e.d - e.f
    return total, e.f, e.d

def letters(e, n):
    total = 0
    for i in range(n):
        e.c = b"abc"[i % 3:i % 3 + 1]
        e.w = "\u20ac\U0001f600x"[i % 3]
        e.c16 = chr(i)
        e.c32 = chr(0x10000 + i)
        e.p = e if i % 2 else ffi.NULL
        total += ord(e.c) + ord(e.w) + ord(e.c16) + ord(e.c32) + (e.p == e) + (not e.p)
    return total, e.c, e.w, e.c16, e.c32

def store(e, name, values):
    k = 0
    try:
        for v in values:
            setattr(e, name, v)
            k += 1
    except Exception as problem:
        return k, error(problem), getattr(e, name)
    return k, getattr(e, name)

def store_i8(e, values):
    k = 0
    try:
        for v in values:
            e.i8 = v
            k += 1
    except Exception as problem:
        return k, error(problem), e.i8
    return k, e.i8

for f, library in ((ffi, lib), (out_ffi, out), (api_ffi, api)):
    e = f.new("struct every *")
    show(ints(e, library.sum_every, 20), ints(e, library.sum_every, 90), floats(e, 60))
    show(letters(f.new("struct every *"), 60) if f is ffi else None)
    for name, bits in EDGES.items():
        signed = bits % 2
        for v in (2**bits - 1, 2**bits, -(2**bits) if signed else -1, -(2**bits) - 1, "x", 1.5, None, b"a"):
            show(name, store(e, name, [1] * 30 + [v, 2]))
    for v in (127, 128, -128, -129, "x", 2.0, True, ffi.cast("int", 5), ffi.cast("double", 5)):
        show(store_i8(e, [v]), store_i8(e, [1] * 50 + [v] + [2] * 3))
    for name, values in {"b": [2, -1, 0.5, "", True], "f": [1e300, "x", 2**2000, True], "c": [b"", b"ab", "a", 65], "w": ["", "ab", b"a", 65]}.items():
        for v in values:
            show(name, store(e, name, [v]))

# === nested_members
from bindings import ffi, lib
from show import error, show

def run(r, n):
    total = 0.0
    for i in range(n):
        r.low.x = i
        r.high.x, r.high.y = i * 2, i * 3
        low = r.low
        low.y = -i
        r.weight = 0.5
        r.name[i % 8] = b"xyz"[i % 3:i % 3 + 1]
        total += lib.area(r) + r.low.y
    return total, bytes(ffi.buffer(r.name))

def whole(r, n):
    total = 0
    for i in range(n):
        r.low = [i, i + 1]
        r.high = {"y": i}
        r.high = r.low if i % 3 else r.high
        r.name = b"text" if i % 2 else b"longer"
        total += r.high.x * 2 + r.high.y
    return total, ffi.string(r.name)

def wrong(r, value, n):
    i = 0
    try:
        for i in range(n):
            r.low = (i, 2) if i != n - 2 else value
    except Exception as problem:
        return i, error(problem), r.low.x
    return r.low.x, r.low.y

r = ffi.new("struct rect *")
show(run(r, 20), run(r, 200), whole(r, 100))
for value in ([1, 2, 3], {"z": 1}, 5, None, ffi.new("struct rect *")[0], ffi.new("struct point *"), ["a"], {"x": 2**40}):
    show(wrong(r, value, 4), wrong(r, value, 60))

# === unions_and_bit_fields
from bindings import ffi, lib
from show import error, show

def union(u, n):
    total = 0
    for i in range(n):
        u.d = i * 0.5
        total ^= u.i
        u.bytes[i % 8] = i & 255
        total ^= u.i >> 3
        u.i = i << 40
        total += u.bytes[5]
    return total

def anonymous(t, n):
    total = 0.0
    for i in range(n):
        t.kind = lib.GREEN if i % 2 else lib.GREY
        if t.kind == lib.GREEN:
            t.d = i + 0.5
            total += t.d
        else:
            t.i = -i
            total += t.i
    return total

def bits(f, n):
    total = wrong = 0
    for i in range(n):
        f.a = i % 8
        f.b = i % 32 - 16
        f.c = i << 30
        f.d = i & 1
        total += f.a + f.b + f.c + f.d
        wrong += lib.sum_flags(f) != f.a + f.b + f.c + f.d
    return total, wrong

def out_of_range(f, value, n):
    i = 0
    try:
        for i in range(n):
            f.b = value if i == n - 1 else 3
    except Exception as problem:
        return error(problem), i, f.b
    return i, f.b

show(union(ffi.new("union number *"), 100), anonymous(ffi.new("struct tagged *"), 101))
f = ffi.new("struct flags *")
show(bits(f, 20), bits(f, 1000 % 300))
for value in (15, 16, -16, -17, 2**40, "x", 1.5, True):
    show(out_of_range(f, value, 1), out_of_range(f, value, 50))

# === lists_and_trees
from bindings import api, ffi, lib
from show import show

def walk(node):
    total = count = 0
    while node:
        total += node.value
        node.value += 1
        node = node.next
        count += 1
    return total, count

def walk_until_null(node):
    total = 0
    while node != ffi.NULL:
        total += node.value
        node = node.next
    return total

def build(n):
    nodes, node = [], ffi.NULL
    for i in range(n):
        node = ffi.new("struct node *", {"value": i, "next": node})
        nodes.append(node)
    return nodes

def reverse(node):
    before = ffi.NULL
    while node:
        node.next, before, node = before, node, node.next
    return before

def depth(tree):
    return 1 + max(depth(tree.left), depth(tree.right)) if tree else 0

def find(tree, n):
    steps = 0
    for key in range(n):
        at = tree
        while at and at.key != key:
            at = at.left if key < at.key else at.right
            steps += 1
        steps += 1000 * bool(at)
    return steps

node = ffi.NULL
for i in range(200):
    node = lib.push(node, i * i)
show(walk(node), walk(node), walk_until_null(node), lib.sum_list(node))
node = reverse(node)
show(walk(node), node.value, lib.free_list(node))
nodes = build(100)
show(walk(nodes[-1]), walk_until_null(nodes[50]), lib.sum_list(nodes[-1]))
tree = lib.plant(0, 200)
show(depth(tree), find(tree, 100), find(tree, 250))
lib.fell(tree)
show(lib.blocks())

# === pointer_arithmetic
from bindings import ffi, lib
from show import error, show

def run(a, n):
    total = 0
    p, end = a + 0, a + n
    while p < end:
        total += p[0] * (p - a)
        p += 1
        if p - 1 == end - 1:
            total += 1000
        if p == a + 3 or a + 5 != p:
            total += 1
        total += (p > a) + (p >= end) * 7 + (p <= a)
    return total

def members(points, n):
    total = 0
    for i in range(n):
        q = points + i % 4
        total += q.x + (q - points) + (q + 1 - q) + (1 + q == q + 1)
        total += (points + 3)[-(i % 4)].y
    return total

def wrong(p, q, n):
    i = total = 0
    try:
        for i in range(n):
            total += (p if i != n - 2 else q) - p
    except Exception as problem:
        return i, total, error(problem)
    return i, total

def compare(p, q, n):
    total = 0
    try:
        for i in range(n):
            total += p == q, p != q, p < q
    except Exception as problem:
        return error(problem)

a = ffi.new("int[20]", list(range(20)))
show(run(a, 10), run(a, 20), members(lib.points, 60))
for q in (a + 5, ffi.new("double *"), ffi.NULL, 3, None, ffi.cast("int", 3)):
    show(wrong(a + 1, q, 5), wrong(a + 1, q, 50), compare(a, q, 5))
for make in (lambda: ffi.NULL + 1, lambda: ffi.cast("struct nothing *", 8) + 1, lambda: a + 1.5, lambda: a + 2**70, lambda: -a):
    try:
        show(make())
    except Exception as problem:
        print(error(problem))

# === truth_and_null
from bindings import ffi, lib
from show import error, show

def truth(values, n):
    total = 0
    for i in range(n):
        v = values[i % len(values)]
        if v:
            total += 1
        if not v:
            total += 100
        total += (v == ffi.NULL) * 10000
        total += (v is None) * 3
    return total

def follow(p, where, n):
    i = total = 0
    try:
        for i in range(n):
            q = p if i != where else ffi.cast("int *", 0)
            q[0] += 1
            total += q[0]
    except Exception as problem:
        return i, total, error(problem)
    return i, total

p = ffi.new("int *")
show(truth([p, ffi.NULL, ffi.cast("int *", 0), ffi.cast("int", 0), ffi.cast("int", 5), ffi.cast("double", 0.0), ffi.new("int[0]"), lib.points, lib.chosen], 90))
for where in (0, 2, 50, 1000):
    show(follow(p, where, 60))

# === casts
from bindings import ffi, lib
from show import error, show

INTS = "int8_t uint8_t int16_t uint16_t int32_t uint32_t int64_t uint64_t long size_t _Bool".split()
VALUES = [0, 1, -1, 127, 128, 255, 256, -129, 2**31, 2**32 + 5, -(2**31) - 1, 2**63, 2**64 - 1, 2**64 + 7, -(2**63) - 1, 2.9, -2.9, True, b"A", "A"]

def ints(ctype, values):
    total = 0
    for v in values:
        total = (total * 31 + int(ffi.cast(ctype, v))) & 0xFFFFFFFF
    return total

def to_i32(n):
    total = 0
    for i in range(n):
        total += int(ffi.cast("int32_t", i * 2**30)) + int(ffi.cast("uint8_t", -i))
        total += float(ffi.cast("float", i * 0.1)) + int(ffi.cast("int", i * 0.7))
        total += int(ffi.cast("int", ffi.cast("double", i + 0.5))) + int(ffi.cast("char", i)) + int(ffi.cast("enum colour", i))
    return total

def pointers(a, n):
    total = 0
    for i in range(n):
        address = ffi.cast("uintptr_t", a + i % 8)
        total += int(address) - int(ffi.cast("intptr_t", a))
        p = ffi.cast("int *", address)
        p[0] += i
        q = ffi.cast("uint8_t *", ffi.cast("void *", p))
        total += q[0] + q[3]
        s = ffi.cast("struct point *", a)
        total += s.x + s[1].y
    return total

def comparisons(n):
    total = 0
    for i in range(n):
        x, y = ffi.cast("int", i), ffi.cast("long", i)
        total += (x == y) + (x == i) * 10 + (int(x) < int(y)) * 100 + bool(x) * 1000 + (hash(x) == hash(i))
    return total

for ctype in INTS:
    show(ctype, ints(ctype, VALUES * 3))
show(to_i32(50), pointers(ffi.new("int[8]"), 60), comparisons(50))
for ctype, value in (("int", "x"), ("int", "ab"), ("int", None), ("int *", 1.5), ("double", None), ("double", "a"), ("struct point", 1), ("int[3]", 1), ("int", [])):
    try:
        show(ints(ctype, [value]))
    except Exception as problem:
        print(error(problem))
for ctype in ("float", "double", "long double", "char", "wchar_t", "enum colour"):
    show(ctype, [repr(ffi.cast(ctype, v)) for v in (0, 65, 65.9, ffi.cast("int", 66))] * 2)

# === new_objects
from bindings import api_ffi, ffi, lib
from show import error, show

def plain(f, n):
    total = 0
    for i in range(n):
        p = f.new("int *", i)
        a = f.new("double[]", 3)
        b = f.new("int[]", [i, i + 1])
        c = f.new("char[]", b"text")
        s = f.new("struct point *", {"x": i})
        t = f.new("struct point *", [i, 2 * i])
        u = f.new("struct point *", s[0])
        a[i % 3] = p[0] + 0.5
        total += a[0] + a[2] + b[1] + len(c) + s.x + s.y + t.y + u.x + len(a)
    return total

def allocators(n):
    make = ffi.new_allocator(should_clear_after_alloc=True)
    own = ffi.new_allocator(lib.take, lib.give)
    total = 0
    for i in range(n):
        p = make("struct point *")
        q = own("int[]", 5)
        q[i % 5] = i
        total += p.x + q[i % 5] + len(q) + lib.blocks()
    return total

def flexible(n):
    total = 0
    for i in range(n):
        p = ffi.new("struct packet *", {"count": i % 5, "items": list(range(i % 5))})
        q = ffi.new("struct packet *", [3, 4])
        q.items[i % 4] = i
        total += lib.sum_packet(p) + len(p.items) + q.items[i % 4] + ffi.sizeof(p[0]) + ffi.sizeof(q[0])
    return total

def wrong(ctype, value, n):
    i = 0
    try:
        for i in range(n):
            made = ffi.new(ctype, 0 if i != n - 1 else value)
    except Exception as problem:
        return i, error(problem)
    return i, ffi.typeof(made).cname

for f in (ffi, api_ffi):
    show(plain(f, 20), plain(f, 100))
show(allocators(50), lib.blocks(), flexible(60))
for value in (2**31, -(2**31) - 1, "x", None, 1.5, [1], 5):
    show(wrong("int *", value, 1), wrong("int *", value, 40))
for value in (-1, "text", [2**40], None, 1.5, ["a"], 2):
    show(wrong("int[]", value, 1), wrong("int[]", value, 40))

# === questions_about_types
from bindings import ffi, lib
from show import error, show

def run(p, n):
    total = 0
    for i in range(n):
        total += ffi.sizeof("struct rect") + ffi.sizeof(p[0]) + ffi.alignof("double") + ffi.offsetof("struct rect", "weight")
        total += ffi.offsetof("struct rect", "high", "y") + ffi.offsetof("int[]", i % 7) + len(ffi.typeof(p).cname)
        q = ffi.addressof(p[0], "high")
        q.x = i
        r = ffi.addressof(p.high, "x")
        r[0] += 1
        total += p.high.x + (q == ffi.addressof(p[0], "high")) + ffi.addressof(p[0], "name", i % 8)[0][0] + (ffi.typeof("int") is ffi.typeof("int"))
        total += ffi.addressof(lib, "table")[i % 16] + ffi.addressof(lib, "factor")[0]
        total += isinstance(q, ffi.CData) + isinstance(ffi.typeof(q), ffi.CType)
    return total

p = ffi.new("struct rect *")
show(run(p, 20), run(p, 100), ffi.getctype("int *", "x"), ffi.typeof(lib.dot).args[0].cname)
for f in (lambda: ffi.sizeof("struct nothing"), lambda: ffi.addressof(p[0], "none"), lambda: ffi.addressof(3), lambda: ffi.offsetof("struct rect", "z")):
    try:
        show(f())
    except Exception as problem:
        print(error(problem))

# === strings_and_buffers
import array
from bindings import ffi, lib
from show import error, show

def strings(n):
    total = 0
    c = ffi.new("char[20]", b"hello")
    w = ffi.new("wchar_t[20]", "w\u20ac")
    for i in range(n):
        c[i % 5] = b"abcde"[i % 5:i % 5 + 1]
        total += len(ffi.string(c)) + len(ffi.string(c, 3)) + len(ffi.string(w)) + lib.str_len(c) + lib.wide_length(w)
        total += len(ffi.unpack(c, i % 20)) + sum(ffi.unpack(lib.table, 4)) + len(ffi.string(lib.title)) + len(lib.title[0])
        total += len(ffi.string(ffi.cast("enum colour", 5)))
    return total, ffi.string(c), ffi.unpack(c, 7)

def buffers(n):
    a = ffi.new("int[4]")
    b = ffi.buffer(a)
    total = 0
    for i in range(n):
        b[i % 16] = bytes([i & 255])
        total += a[i % 4] & 0xFFFF
        a[i % 4] = i
        total += b[(i % 4) * 4][0] + len(b) + b[:4][0] + bytes(b)[5]
        b[4:8] = b"abcd"
        ffi.memmove(a + 2, a, 8)
        ffi.memmove(b, b"wxyz", i % 5)
    return total, list(a), bytes(b)

def views(n):
    total = 0
    data, numbers = bytearray(range(16)), array.array("i", range(8))
    view = memoryview(data)[4:12]
    p, q, r = ffi.from_buffer("uint8_t[]", data), ffi.from_buffer("int[]", numbers), ffi.from_buffer("int[2]", view)
    s = ffi.from_buffer(b"constant")
    for i in range(n):
        p[i % 16] = i & 255
        q[i % 8] += i
        total += data[i % 16] + numbers[i % 8] + r[i % 2] + ord(s[i % 8]) + len(p) + len(q)
    return total, bytes(data), numbers.tolist()

show(strings(20), strings(60), buffers(20), buffers(60), views(50))
for f in (lambda: ffi.string(ffi.NULL), lambda: ffi.string(ffi.new("int[3]")), lambda: ffi.unpack(ffi.new("char[3]"), -1), lambda: ffi.from_buffer("x"),
          lambda: ffi.from_buffer("int[]", b"abc")[0], lambda: ffi.buffer(ffi.cast("int", 3)), lambda: ffi.memmove(b"abc", b"d", 1), lambda: ffi.from_buffer(b"a", require_writable=True)):
    try:
        show(f())
    except Exception as problem:
        print(error(problem))

# === handles
from bindings import ffi, lib
from show import error, show

class Thing:
    def __init__(self, number):
        self.number = number

def run(things, n):
    handles = [ffi.new_handle(thing) for thing in things]
    place = ffi.new("void **")
    total = 0
    for i in range(n):
        place[0] = lib.id_ptr(handles[i % len(handles)])
        total += ffi.from_handle(place[0]).number * (i % 7)
        total += ffi.from_handle(ffi.cast("void *", handles[0])) is things[0]
    return total

show(run([Thing(1), Thing(20), Thing(300)], 20), run([Thing(5)], 90))
for value in (ffi.NULL, 5, ffi.new("int *")):
    try:
        show(ffi.from_handle(value))
    except Exception as problem:
        print(error(problem))
