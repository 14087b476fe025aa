"""When objects die: finalisers, weak references and reference counts are as in the interpreter."""

# === finaliser_order: compiled=run
from show import show

class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)

def run(n):
    total = 0
    thing = None
    for i in range(n):
        if i % 10 == 9:
            print("store", i)
            thing = Noisy(i)
            print("stored", i)
        other = Noisy(-i) if i % 15 == 14 else None
        total += i
    print("end")
    return total

show(run(20))
show(run(100))

# === finaliser_on_overwrite_every_turn: compiled=run
from show import show

died = []

class Counted:
    def __init__(self, number):
        self.number = number

    def __del__(self):
        died.append((self.number, turn))

turn = None

def run(n):
    global turn
    for i in range(n):
        turn = i
        thing = Counted(i)
        turn = i + 0.5
    return thing.number

show(run(60))
show(died)

# === weak_references: compiled=run
import weakref
from show import show

class Thing:
    pass

log = []

def run(n):
    previous = None
    alive = 0
    for i in range(n):
        thing = Thing()
        weak = weakref.ref(thing, lambda ref, i=i: log.append(i))
        if previous is not None and previous() is not None:
            alive += 1
        previous = weak
        if i % 3 == 0:
            del thing
            alive += weak() is not None
    return alive

show(run(20), log)
log.clear()
show(run(100), log)

# === finaliser_raises_or_looks: compiled=run
import sys
from show import show

problems = []

class Bad:
    def __del__(self):
        raise RuntimeError("in __del__")

class Looks:
    def __del__(self):
        frame = sys._getframe(1)
        show(frame.f_code.co_name, frame.f_lineno, sorted((k, v) for k, v in frame.f_locals.items() if isinstance(v, (int, float))))

def hook(info):
    problems.append(str(info.exc_value))

def run(n):
    total = 0
    x = None
    for i in range(n):
        total += i * 0.5
        if i % 20 == 10:
            x = Bad()
        if i % 20 == 15:
            x = Looks()
        if i % 20 == 19:
            x = None
        after = total
    return total

sys.unraisablehook, before = hook, sys.unraisablehook
show(run(100), problems)
sys.unraisablehook = before

# === finaliser_changes_globals: compiled=run
from show import show

factor = 2

class Changer:
    def __del__(self):
        global factor
        factor += 0.5

def run(n):
    total = 0
    x = None
    for i in range(n):
        if i == 50 or i == 70:
            x = Changer()
        if i == 60 or i == 80:
            x = i
        total += factor
    return total

show(run(40), run(100), factor)

# === exception_variable_dies_at_the_end_of_the_handler: compiled=run
from show import show

class Noisy(Exception):
    def __del__(self):
        print("gone", self.args[0])

def fail(i):
    raise Noisy(i)

def run(n):
    total = 0
    for i in range(n):
        total += i
        if i % 30 == 29:
            try:
                fail(i)
            except Noisy as problem:
                print("caught", problem.args)
            print("behind")
    return total

show(run(100))

# === locals_die_when_the_function_ends: compiled=run
from show import show

class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)

def run(n):
    first = Noisy("first")
    for i in range(n):
        last = Noisy("last") if i == n - 1 else i
    second = Noisy("second")
    for i in range(n):
        second = second
    print("return")

run(50)
run(60)

# === iterated_list_dies: compiled=run
from show import show

class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)

def make(n):
    return [Noisy(i) if i % 20 == 0 else i for i in range(n)]

def run(n, stop):
    count = 0
    for v in make(n):
        count += 1
        if count == stop:
            break
    print("left", count)
    v = None
    print("cleared")

run(60, 1000)
run(60, 45)

# === cdata_owns_memory: compiled=run
import gc
from bindings import ffi, lib
from show import show

freed = []

def run(n):
    total = 0
    for i in range(n):
        cell = ffi.new("int *", i)
        kept = ffi.gc(cell, lambda p, i=i: freed.append(i))
        total += lib.load_int(kept)
        total += lib.load_int(ffi.new("int *", 1))
    return total

show(run(20), freed)
freed.clear()
show(run(100), len(freed), freed[:40])

# === handles_and_buffers: compiled=run
import ctypes
from bindings import cdll, ffi, lib
from show import show

def run(n):
    buffer = bytearray(b"0123456789")
    total = 0
    for i in range(n):
        view = ffi.from_buffer(buffer)
        total += lib.sum_bytes(ffi.cast("unsigned char *", view), 3)
        if i == 50:
            try:
                buffer.append(1)
            except BufferError as problem:
                show(str(problem))
        del view
        buffer.append(i & 255)
        total += cdll.str_len(ctypes.create_string_buffer(b"x" * (i % 5)))
    return total, len(buffer)

show(run(20), run(100))

# === reference_counts: compiled=run
import sys
from show import show

class Thing:
    pass

def take(x):
    return x

def run(n, things):
    count = 0
    x = None
    for i in range(n):
        x = take(things[i % 3])
        if x is things[0]:
            count += 1
        y = x
    return count, sys.getrefcount(x)

things = [Thing(), 2**80, 12345.678]
before = [sys.getrefcount(thing) for thing in things]
show(run(20, things), run(200, things), run(201, things))
show([sys.getrefcount(thing) - count for thing, count in zip(things, before)])

# === last_of_several_owners: compiled=run,pairs,twice,appended
import weakref
from show import show

class D:
    def __init__(self, name): self.name, self.x = name, 0
    def __del__(self): log.append(self.name)

log = []

def run(n):
    row = [D(k) for k in range(5)]
    last = None
    for i in range(n):
        for d in row:
            d.x += 1
            if i % 7 == 3 and d.x % 3 == 0: last = d
        if i % 10 == 9:
            d = last
            row[i % 5] = D(i)
            log.append("replaced")
        elif i % 10 == 5:
            row.pop()
            log.append("popped")
            row.append(D(-i))
        log.append(i)
    return [d.name for d in row]

show(run(60), log)
log.clear()

def pairs(n):
    rows = [(D(k), [D(k + 10)]) for k in range(4)]
    total = 0
    for i in range(n):
        for a, b in rows:
            total += a.x + len(b)
            c, = b
            a.x = c.x = i
        if i % 8 == 7:
            rows[i % 4] = (D(i), [D(i + 100)])
            log.append("row")
            a = None
            log.append("a")
            b = c = None
            log.append("bc")
        x, y = (D("x"), D("y"))
        (x, y), z = (y, x), i
        log.append(z)
    return total

show(pairs(40), log)
log.clear()

def twice(n):
    one = [D("shared")]
    for i in range(n):
        a = b = one[0]
        if i % 6 == 5:
            one[0] = D(i)
            log.append("gone")
        a, b = b, a
        a, b = i, i
        log.append(i)
    return a, b

show(twice(40), log)
log.clear()

def appended(n):
    kept = []
    for i in range(n):
        d = D(i)
        kept.append(d)
        kept.append((d, [d, i]))
        w = weakref.ref(d)
        d = None
        if len(kept) > 6:
            log.append(("clear", w() is None))
            kept.clear()
            log.append(("cleared", w() is None))
        log.append(i)
    return len(kept)

show(appended(40), log)

# === owners_in_callees: compiled=run
from show import show

class D:
    def __init__(self, name): self.name = name
    def __del__(self): log.append(self.name)

log = []

def swapped(row, k):
    a = row[k]
    a = b = row[k - 1]
    b = row[k - 2]
    a, b = b, a
    pair = (a, b)
    x, y = pair
    x = y
    return x, k

def fresh(k):
    d = D(k)
    e = d
    d = [e, k]
    e = d[0]
    d = None
    return e

def run(n):
    row, kept = [D(k) for k in "abc"], []
    for i in range(n):
        d, k = swapped(row, i % 3)
        row[k] = d
        if i % 11 == 10: row[k] = D(i)
        kept.append(fresh(-i))
        if i % 5 == 4: kept.clear()
        d = i
        log.append(i)
    return [d.name for d in row], k

show(run(60), log)

# === a_variable_replaced_while_the_loop_is_recorded: compiled=run
from show import show

log = []

class Loud:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        log.append(("gone", self.n))

def run(n, m):
    global held
    held = Loud(-1)
    total = 0
    for i in range(n):
        for j in range(i // m):
            for k in range(1, 4):
                total += k
        held = Loud((i, held.n if i & 1 else 0))
        log.append(("set", i))
        for j in range(2):
            total += i % 3 & 2
        log.append(("end", i))
    return total

show(run(40, 3), run(60, 50), log)

# === generators_that_are_collected: compiled=walk
import gc
from show import show

def names(k):
    return ["%d" % k]

def folders(n, seen, walkers):
    for k in range(n):
        # The collector finds no iterator that is at its end in a generator that runs.
        seen.append([type(o) for walker in walkers for o in gc.get_referents(walker)].count(type(iter([]))))
        if k % 100 == 0: gc.collect()
        yield k

def walk(folders):
    for folder in folders:
        for name in names(folder):
            yield name

seen, walkers = [], []
walkers.append(walk(folders(300, seen, walkers)))
show(len(list(walkers[0])), set(seen))
