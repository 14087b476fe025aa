"""When cffi's objects die, and what they keep alive: as in the interpreter, to the turn. And memory that another thread changes."""

# === owned_memory_dies_when_it_is_rebound
import weakref
from bindings import ffi
from show import show

log = []

def run(n):
    total = 0
    for i in range(n):
        p = ffi.new("int *", i)
        watch = weakref.ref(p, lambda ref, i=i: log.append(i))
        watches.append(watch)
        log.append(-i)
        total += p[0]
        if i % 3 == 0:
            q = p
    log.append("end")
    return total

watches = []
show(run(6), log)
log.clear()
show(run(60), log)

# === what_keeps_what_alive
import gc
import weakref
from bindings import ffi
from show import show

def parts(n):
    """Members and items of an owned struct do not keep it; structs taken out of their pointer do."""
    alive = 0
    for i in range(n):
        p = ffi.new("struct rect *")
        watch = weakref.ref(p)
        s = p[0]
        del p
        alive += watch() is None
        s.low.x = i
        low = s.low
        alive += low.x
    return alive

def made_of(n):
    """A struct does not keep what its pointers point to; a dict of weak keys may."""
    keys = weakref.WeakKeyDictionary()
    dead = 0
    for i in range(n):
        inner = ffi.new("int[4]", [i, 0, 0, 0])
        outer = ffi.new("struct every *", {"p": inner})
        keys[outer] = inner
        watch = weakref.ref(inner)
        del inner
        dead += watch() is None
        dead += ffi.cast("int *", outer.p)[0]
    return dead, len(keys)

def casts(n):
    dead = 0
    for i in range(n):
        p = ffi.new("int[10]")
        watch = weakref.ref(p)
        q = ffi.cast("char *", p)
        r = p + 3
        s = p[2:5]
        del p
        dead += (watch() is None) + 10 * (len(s) == 3)
        del q, r, s
        dead += 100 * (watch() is None)
    return dead

show(parts(20), parts(60), made_of(20), made_of(60), casts(20), casts(60))

# === destructors
from bindings import ffi, lib
from show import show

def run(n):
    total = 0
    kept = None
    for i in range(n):
        p = ffi.new("int *", i)
        g = ffi.gc(p, lambda p, i=i: print("gone", i, p[0]))
        if i % 5 == 4:
            print("kept", i)
            kept = g
        if i % 7 == 6:
            print("taken back", i)
            ffi.gc(g, None)
        total += g[0]
        print("turn", i)
    print("end")
    return total

def of_c(n):
    for i in range(n):
        block = ffi.gc(lib.take(64), lib.give, size=64)
        ffi.cast("int *", block)[3] = i
        print(lib.blocks(), end=" ")
    print("end")

show(run(8), run(30))
of_c(5)
of_c(50)
show(lib.blocks())

# === destructors_that_raise_and_look
import sys
from bindings import ffi
from show import show

problems = []

def hook(info):
    problems.append(str(info.exc_value))

def look(p):
    frame = sys._getframe(1)
    print(frame.f_code.co_name, frame.f_lineno, sorted((k, v) for k, v in frame.f_locals.items() if isinstance(v, int)))

def bad(p):
    raise RuntimeError("in a destructor")

def run(n):
    total = 0
    for i in range(n):
        total += i
        p = ffi.gc(ffi.new("int *"), look if i % 4 == 1 else bad)
        if i % 6 == 5:
            p = None
        after = total
    return after

sys.unraisablehook, before = hook, sys.unraisablehook
show(run(8), run(40), len(problems), set(problems))
sys.unraisablehook = before

# === allocators_that_tell
from bindings import ffi, lib
from show import show

def allocate(size):
    print("take", size, end="; ")
    return lib.take(size)

def free(block):
    print("give", end="; ")
    lib.give(block)

make = ffi.new_allocator(allocate, free)

def run(n):
    total = 0
    for i in range(n):
        a = make("int[]", i % 3 + 1)
        a[i % 3] = i
        total += a[i % 3]
        if i % 4 == 3:
            ffi.release(a)
        print("turn", i, lib.blocks())
    return total

show(run(7))
show(run(40), lib.blocks())

# === an_allocator_that_fails
from bindings import ffi, lib
from show import error, show

calls = 0

def allocate(size):
    global calls
    calls += 1
    return ffi.NULL if calls % 30 == 0 else lib.take(size) if calls % 50 else 7

make = ffi.new_allocator(allocate, lib.give)

def run(n):
    i = total = 0
    try:
        for i in range(n):
            p = make("int *", 1)
            total += p[0]
    except Exception as problem:
        return i, total, error(problem), problem.__traceback__.tb_lineno
    return i, total

show([run(100) for _ in range(6)], lib.blocks())

# === release_and_with
from bindings import ffi, lib
from show import error, show

def with_blocks(n):
    total = 0
    for i in range(n):
        with ffi.gc(ffi.new("int *", i), lambda p: order.append(p[0])) as p:
            total += p[0]
            order.append(-p[0])
        with ffi.new("int[3]") as a:
            a[1] = i
            total += a[1]
    return total

def released(n, where):
    i = total = 0
    try:
        for i in range(n):
            own = ffi.new("int *", 1)
            p = ffi.gc(own, lambda p: order.append("released"))
            if i == where:
                ffi.release(p)
                ffi.release(p)
            total += p[0]
    except Exception as problem:
        return i, total, error(problem)
    return i, total

def wrong(value, n):
    i = 0
    try:
        for i in range(n):
            ffi.release(ffi.new("int *") if i != n - 1 else value)
    except Exception as problem:
        return i, error(problem)
    return i

order = []
show(with_blocks(5), with_blocks(40), order)
order.clear()
show(released(20, 0), released(60, 50), len(order))
p = ffi.new("struct point *")
for value in (p[0], ffi.cast("int *", 0), ffi.NULL, 5, None, lib.points):
    show(wrong(value, 1), wrong(value, 40))

# === views_of_buffers
import gc
from bindings import ffi, lib
from show import error, show

def held(n):
    """A bytearray cannot be resized as long as a view of it lives."""
    data = bytearray(b"0123456789")
    refused = total = 0
    for i in range(n):
        view = ffi.from_buffer("uint8_t[]", data)
        total += view[i % 10]
        try:
            data.append(1)
        except BufferError as problem:
            refused += len(str(problem))
        part = view[0:3] if i % 2 else view + 1
        total += part[0]
        del view  # what is a part of it does not keep it
        try:
            data.append(2)
            data.pop()
        except BufferError:
            refused += 1000
        del part
        data.append(i & 255)
    return refused, total, len(data)

def rebound(n):
    data = bytearray(100)
    view = None
    for i in range(n):
        view = ffi.from_buffer("int[]", data)
        view[i % 25] = i
    try:
        data.clear()
    except BufferError as problem:
        print(error(problem))
    view = None
    data.clear()
    return len(data)

def released(n):
    data = bytearray(16)
    total = 0
    for i in range(n):
        with ffi.from_buffer(data) as view:
            total += len(view)
        data.extend(b"x")
        other = ffi.from_buffer("char[]", data)
        ffi.release(other)
        data.pop()
        total += len(data)
    return total

def temporary(n):
    total = 0
    for i in range(n):
        total += lib.sum_bytes(ffi.from_buffer("unsigned char[]", bytes([i & 255, 1])), 2)
        total += ffi.from_buffer("uint8_t[]", bytearray([i & 255]))[0]
        buffer = ffi.buffer(ffi.new("int *", i))
        total += buffer[0][0]
    return total

show(held(20), held(60), rebound(20), rebound(60), released(50), temporary(20), temporary(80))

# === handles_die_with_their_object
import weakref
from bindings import ffi
from show import show

class Thing:
    def __init__(self, number):
        self.number = number

    def __del__(self):
        log.append(self.number)

log = []

def run(n):
    total = 0
    for i in range(n):
        thing = Thing(i)
        handle = ffi.new_handle(thing)
        del thing
        log.append(-i)
        pointer = ffi.cast("void *", handle)
        total += ffi.from_handle(pointer).number
        if i % 3 == 2:
            again = ffi.from_handle(handle)
            del handle
            log.append("handle is gone")
            del again
    log.append("end")
    return total

show(run(7), log)
log.clear()
show(run(50), log)

# === callbacks_die_with_their_object
import weakref
from bindings import ffi, lib
from show import show

log = []

def run(n):
    total = 0
    for i in range(n):
        def back(x, i=i):
            return x + i
        weakref.finalize(back, log.append, i)
        pointer = ffi.callback("int(int)", back)
        del back
        total += lib.call_once(pointer, 5) + pointer(1)
        log.append(-i)
    return total

show(run(6), log)
log.clear()
show(run(40), log)

# === cycles_through_cdata
import gc
import weakref
from bindings import ffi
from show import show

class Owner:
    pass

def run(n):
    dead = 0
    watches = []
    for i in range(n):
        owner = Owner()
        owner.handle = ffi.new_handle(owner)
        watches.append(weakref.ref(owner))
        if i % 10 == 9:
            owner = None
            gc.collect()
            dead = sum(watch() is None for watch in watches)
    return dead

show(run(20), run(45))

# === references_are_given_back
import sys
from bindings import ffi, lib
from show import show

def run(a, s, n):
    total = 0
    for i in range(n):
        b = a
        total += b[i % 4] + s.x
        q = ffi.addressof(s)
        q.y = i
        p = a + i % 4
        p[0] += 1
        total += lib.load_int(a) + lib.dot(s, s) + (p - a)
    return total

a, p = ffi.new("int[4]"), ffi.new("struct point *")
s = p[0]
before = [sys.getrefcount(thing) for thing in (a, s, ffi, lib)]
show(run(a, s, 20), run(a, s, 90))
show([sys.getrefcount(thing) - count for thing, count in zip((a, s, ffi, lib), before)])

# === memory_that_another_thread_changes
import time
from bindings import api, ffi, lib
from show import show

def wait(p, last):
    turns = 0
    while p[0] < last:
        turns += 1
    return turns > 0

def wait_for_a_variable(library):
    turns = 0
    while not library.flag:
        turns += 1
    return turns >= 0

def wait_in_a_member(s):
    turns = 0
    while s.y < 50:
        turns += s.x
    return turns

def never_backwards(p, last):
    before = 0
    wrong = 0
    while before < last:
        now = p[0]
        if now < before:
            wrong += 1
        before = now
    return wrong

place = ffi.new("int *")
for last in (20, 200, 500):
    place[0] = 0
    show(lib.count_elsewhere(place, last), wait(place, last), wait_for_a_variable(lib), place[0])
    place[0] = 0
    show(lib.count_elsewhere(place, last), never_backwards(place, last), wait_for_a_variable(api))
for turn in range(3):
    s = ffi.new("struct point *")
    show(lib.count_elsewhere(ffi.addressof(s, "y"), 50), wait_in_a_member(s), wait_for_a_variable(lib))
