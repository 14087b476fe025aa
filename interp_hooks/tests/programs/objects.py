"""Items of lists, tuples, bytes and strings; attributes of instances."""

# === list_items: compiled=read,write,swap
from show import show

def read(xs, n):
    total = 0
    for i in range(n):
        total += xs[i % len(xs)] + xs[-1 - i % len(xs)] + xs[True]
    return total

def write(xs, n):
    for i in range(n):
        xs[i % 7] = xs[i % 5] + i
        xs[-1] = i * 0.5
        xs[-2] = None if i & 1 else i
        xs[True] += 1
    return xs

def swap(xs, n):
    for i in range(n):
        j = i % 3
        xs[j], xs[j + 1] = xs[j + 1], xs[j]
        xs[0], xs[-1] = xs[-1], xs[0]
    return xs

show(read([1, 2, 3, 4], 60), read([0.5, 2, -0.0], 60), read([2**70, 1, 5], 50), read([True, False, 3], 40))
show(write([0] * 10, 60), write([0.5] * 9, 61), write([2**62] * 12, 50))
show(swap([1, "two", 3.0, None, [5]], 60), swap([2**40, 2**41, 2**42, 2**43], 61))

# === list_index_errors: compiled=run
from show import error, show

def run(xs, n, step):
    total = at = 0
    try:
        for i in range(n):
            at = i * step
            total += xs[at]
            xs[at] = total
    except Exception as problem:
        return total, at, error(problem)
    return total, at, xs

show(run(list(range(30)), 40, 1))
show(run(list(range(30)), 40, -1))
show(run(list(range(30)), 20, 1))
show(run([], 3, 1), run([1] * 20, 5, 2**61), run([1] * 20, 5, 2**70), run([1] * 20, 5, -(2**70)))
show(run([1] * 20, 9, 0.5), run(tuple(range(9)), 9, 1), run({n: n for n in range(9)}, 12, 1), run("text", 9, 1))

# === list_subclasses_and_changing_types: compiled=run
from show import error, show

class Loud(list):
    def __getitem__(self, key):
        log.append(("get", key))
        return list.__getitem__(self, key)

    def __setitem__(self, key, value):
        log.append(("set", key))
        list.__setitem__(self, key, value)

class Quiet(list):
    pass

class Index:
    def __init__(self, n):
        self.n = n

    def __index__(self):
        log.append(("index", self.n))
        return self.n

class Int(int):
    pass

def run(things, keys, n):
    total = 0
    for i in range(n):
        xs = things[i % len(things)]
        key = keys[i % len(keys)]
        total += xs[key]
        xs[key] = i
    return total

log = []
show(run([[1, 2, 3]], [1], 30))
show(run([[1, 2, 3], Loud([4, 5, 6]), Quiet([7, 8, 9])], [0, 1, 2], 60), len(log))
show(run([[1, 2, 3]], [0, Index(1), Int(2), True], 40), len(log))
show(run([[1, 2, 3], Loud([1, 2, 3])], [Index(2), -1], 40), len(log))

# === items_of_changing_type
from show import show

def run(xs, n):
    kinds = []
    last = None
    for i in range(n):
        last = xs[i % len(xs)]
        if last is None:
            kinds.append(i)
    return kinds, last

show(run([1, 2.5, "three", None, True, 2**80, (), [], {}], 90))
show(run([None, None, 1], 31), run([float("nan"), 1.5], 41), run([2**63, 2**64 - 1, 2**64], 41))

# === the_list_changes_in_the_loop: compiled=run
from show import error, show

class Thing:
    def __init__(self, xs, how):
        self.xs, self.how = xs, how

    def __del__(self):
        log.append(("dies", len(self.xs)))
        if self.how == "clear":
            self.xs.clear()
        elif self.how == "grow":
            self.xs.extend(range(1000))
        elif self.how == "shrink":
            del self.xs[3:]
        elif self.how == "same":
            self.xs[0] = "set by a finaliser"
        elif self.how == "local":
            import sys
            log.append(sorted(sys._getframe(1).f_locals))

def run(how, n):
    xs = [0] * 10
    total = 0
    try:
        for i in range(n):
            if i % 13 == 12:
                xs[0] = Thing(xs, how)
            xs[0] = i
            total += len(xs) + xs[5]
            xs[4] += 1
    except Exception as problem:
        return total, error(problem), xs[:5]
    return total, xs[:5], len(xs)

for how in ("nothing", "clear", "grow", "shrink", "same", "local"):
    log = []
    show(how, run(how, 60), log)

# === a_callee_changes_the_list: compiled=run
from show import error, show

def change(xs, i):
    if i == 40:
        xs.append(i)
    elif i == 45:
        del xs[2:]
    elif i == 48:
        xs[:] = [0.5] * 20
    return i

def run(n):
    xs = [1, 2, 3, 4]
    total = 0
    try:
        for i in range(n):
            total += xs[1] + change(xs, i) + xs[-1] + xs[3]
    except IndexError as problem:
        return total, error(problem), xs
    return total, xs

show(run(30), run(44), run(60), run(47))

# === rows: compiled=product,grid,rows_die
from show import show

def product(a, b, n):
    c = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            s = 0.0
            for k in range(n):
                s += a[i][k] * b[k][j]
            c[i][j] = s
    return c

def grid(cells, n):
    for i in range(n):
        y, x = i % 5, i % 7
        cells[y][x] += cells[y - 1][x - 1] + 1
        cells[y][x], cells[x % 5][y] = cells[x % 5][y], cells[y][x]
    return cells

class Row(list):
    def __del__(self):
        log.append(len(log))

def rows_die(n):
    rows = [Row([k, k + 1]) for k in range(4)]
    total = 0
    for i in range(n):
        total += rows[i % 4][i % 2] * rows[-1][1]
        if i % 10 == 9:
            rows[i % 4] = Row([i, total])
            total += rows[0][0]
    return total

log = []
show(product([[1.0, 2.0], [3.0, 4.0]], [[0.5, 1.5], [2.5, 3.5]], 2))
m = [[float(i * 7 % 5 - j) for j in range(9)] for i in range(9)]
show(product(m, m, 9))
show(grid([[0] * 7 for _ in range(5)], 200))
show(rows_die(75), log)

# === a_row_dies_while_it_is_used: compiled=run
from show import show

def drop(rows, i):
    rows[0] = [i, i + 1, i + 2]
    return 1

class Watch(list):
    def __del__(self):
        log.append(sum(self))

def run(n):
    rows = [Watch([1, 2, 3])]
    total = 0
    for i in range(n):
        total += rows[0][drop(rows, i)]
        if i % 4 == 0:
            rows[0] = Watch([i, i * 2, i * 3])
        total += rows[0][1] + (rows[0] is rows[0])
    return total

log = []
show(run(60), log)

# === identity_of_items: compiled=run
from show import show

def run(n):
    big = 2.0**70
    xs = [None] * 4
    same = []
    for i in range(n):
        x = i * 0.25 + big
        xs[0] = x
        xs[1] = x
        xs[2] = y = x * 2
        xs[3] = [x, y]
    same.append(xs[0] is xs[1])
    same.append(xs[0] is x)
    same.append(xs[2] is y)
    same.append(xs[3][0] is x and xs[3][1] is y)
    return same, xs

show(run(50), run(51))

# === tuples: compiled=run
from show import error, show

def run(t, n):
    total = 0
    try:
        for i in range(n):
            total += t[i % 3] + t[-1] + len(t)
            a, b = t[0], t[1]
            total += a - b
    except Exception as problem:
        return total, error(problem)
    return total

show(run((1, 2, 3), 40), run((1.5, 2, True), 40), run((1, 2), 40), run((), 3), run((1, None, 3), 5), run((2**65, 1, 2), 40))

# === bytes_and_strings: compiled=read,write,text,codes
from show import error, show

def read(data, n):
    total = 0
    for i in range(n):
        total += data[i % len(data)] * data[-1 - i % len(data)]
    return total

def write(data, values, n):
    try:
        for i in range(n):
            data[i % len(data)] = values[i % len(values)]
            data[-1] ^= 1
    except Exception as problem:
        return bytes(data), error(problem)
    return bytes(data)

def text(words, n):
    found = {}
    count = 0
    for i in range(n):
        c = words[i % len(words)]
        if c == "e":
            count += 1
        elif c >= "\u0101":
            count += 100
        found[c] = i
    return count, found

def codes(words, n):
    total = 0
    for i in range(n):
        total += ord(words[i % len(words)])
    return total

show(read(b"0123456789", 60), read(bytearray(range(256)), 300), read(b"x", 40))
show(write(bytearray(10), [1, 2, 255], 50), write(bytearray(10), [0, 256], 50), write(bytearray(10), [0, -1], 50))
show(write(bytearray(10), [1, True], 50), write(bytearray(10), [1, "a"], 50), write(bytearray(3), [2**70], 5))
show(text("the tree", 60), text("\u00e9\u0101\U0001f600e", 60), text("e", 40))
show(codes("the tree", 60), codes("\u00e9\u0101\U0001f600e", 60))

# === a_bytearray_is_resized: compiled=run
from show import error, show

def resize(data, i):
    if i % 20 == 19:
        data.extend(bytes(1000))
    elif i % 20 == 9:
        del data[5:]
    return i & 7

def run(n):
    data = bytearray(range(10))
    total = 0
    try:
        for i in range(n):
            total += data[i % 10]
            data[resize(data, i) % 5] = i & 255
    except IndexError as problem:
        return total, error(problem), len(data)
    return total, len(data)

show(run(8), run(60))

# === lengths: compiled=run
from show import show

class Sized(list):
    def __len__(self):
        return 1000

def run(things, n):
    total = 0
    for i in range(n):
        for thing in things:
            total += len(thing)
            if thing:
                total += 1
    return total

show(run([[1, 2], (3,), "four", b"five", {5: 6}, bytearray(7), set("8"), frozenset(), range(9), Sized()], 50))
show(run([{}, {1: 2}], 50), run([""], 50))

# === attributes: compiled=run,slots,chain
from show import show

class Point:
    SCALE = 3
    def __init__(self, x, y):
        self.x, self.y = x, y

class Slots:
    __slots__ = ("a", "b", "c")
    SCALE = 0.5

    def __init__(self):
        self.a, self.b = 1, 2.5

class Node:
    def __init__(self, grid, other):
        self.grid, self.other, self.count = grid, other, 0

def run(p, n):
    for i in range(n):
        p.x += i * p.SCALE
        p.y = p.x * 0.5 - p.y
    return p.x, p.y, vars(p)

def slots(s, n):
    for i in range(n):
        s.a += i
        s.b = s.b * s.SCALE + s.a
        s.a, s.b = s.b, s.a
    return s.a, s.b, hasattr(s, "c")

def chain(node, n):
    for i in range(n):
        node.other.grid[i % 3][i % 2] += node.count
        node.other.other.count += 1
        node.grid = node.other.grid
    return node.grid, node.count, node.other.count

show(run(Point(1, 2.5), 60), run(Point(0.5, 1), 61), run(Point(2**70, 1), 60))
show(slots(Slots(), 60))
inner = Node([[1, 2], [3, 4], [5, 6]], None)
outer = Node([], inner)
inner.other = outer
show(chain(outer, 70))

# === attributes_change_their_place: compiled=run
from show import error, show

class Thing:
    def __init__(self):
        self.n = 0
        self.m = 0.5

class Other:
    def __init__(self):
        self.m = 1.5
        self.n = 100

class Sub(Thing):
    pass

def poke(thing, how, i):
    if i != 30:
        return i
    if how == "dict":
        vars(thing)["n"] = 5
    elif how == "new dict":
        thing.__dict__ = {"n": 7, "m": 8}
    elif how == "delete":
        del thing.n
    elif how == "delete and set":
        del thing.n
        thing.n = "text"
    elif how == "class":
        thing.__class__ = Other
    elif how == "subclass":
        thing.__class__ = Sub
    elif how == "property":
        Thing.n = property(lambda self: 1000, lambda self, value: log.append(value))
    elif how == "data descriptor of a base":
        object_like.n = property(lambda self: 1000, lambda self, value: log.append(value))
    elif how == "class attribute":
        Thing.n = 12345
    elif how == "getattribute":
        Thing.__getattribute__ = lambda self, name: 77 if name == "n" else object.__getattribute__(self, name)
    elif how == "getattr":
        Thing.__getattr__ = lambda self, name: 88
        del thing.n
    elif how == "setattr":
        Thing.__setattr__ = lambda self, name, value: log.append((name, value))
    elif how == "many":
        for k in range(40):
            setattr(thing, f"more{k}", k)
    elif how == "look":
        log.append(dict(vars(thing)))
    return i

def run(thing, how, n):
    total = 0
    try:
        for i in range(n):
            total += thing.n + poke(thing, how, i)
            thing.n += 1
            thing.m = thing.n * 0.5
    except Exception as problem:
        return total, error(problem)
    return total, {name: value for name, value in vars(thing).items() if not name.startswith("more")}

def make():
    global Thing, Other, Sub, object_like

    class object_like:
        pass

    class Thing(object_like):
        def __init__(self):
            self.n = 0
            self.m = 0.5

    class Other(object_like):
        def __init__(self):
            self.m = 1.5
            self.n = 100

    class Sub(Thing):
        pass

hows = ("nothing", "dict", "new dict", "delete", "delete and set", "class", "subclass", "property", "data descriptor of a base",
        "class attribute", "getattribute", "getattr", "setattr", "many", "look")
for how in hows:
    log = []
    make()
    thing = Thing()
    show(how, run(thing, how, 60), log)
    show(run(Thing(), "nothing", 45), log)

# === class_attributes_through_instances: compiled=run
from show import error, show

def make():
    class Base:
        K = 1

    class Thing(Base):
        def __init__(self):
            self.n = 0

    class Bare(Base):
        __slots__ = ()

    return Base, Thing, Bare

def poke(how, base, kind, thing, i):
    if i != 35:
        return
    if how == "instance":
        thing.K = 50
    elif how == "another instance":
        kind().K = 60
    elif how == "base":
        base.K = 70
    elif how == "class":
        kind.K = 80
    elif how == "delete":
        del base.K
    elif how == "dict":
        vars(thing)["K"] = 90
    elif how == "descriptor":
        base.K = property(lambda self: 100)

def run(how, base, kind, thing, n):
    total = 0
    try:
        for i in range(n):
            poke(how, base, kind, thing, i)
            total += thing.K
    except Exception as problem:
        return total, error(problem)
    return total

for which in (1, 2):
    for how in ("nothing", "instance", "another instance", "base", "class", "delete", "dict", "descriptor"):
        kinds = make()
        try:
            show(how, run(how, kinds[0], kinds[which], kinds[which](), 60))
        except Exception as problem:
            show(how, error(problem))

# === slots_that_are_not_set: compiled=run
from show import error, show

class Thing:
    __slots__ = ("a", "b", "__dict__")

class Sub(Thing):
    __slots__ = ("c",)

def run(thing, n):
    done = 0
    try:
        for i in range(n):
            thing.a = i
            done = i
            if i == 20:
                del thing.b
            if i == 10:
                thing.b = 0.5
            if i > 10:
                thing.b += thing.a
            thing.extra = i
    except AttributeError as problem:
        return done, error(problem), thing.a, vars(thing)
    return done, vars(thing)

show(run(Thing(), 9), run(Thing(), 40), run(Sub(), 40))
Thing.d = Thing.a
show(run(Thing(), 18))

# === finalisers_of_attributes: compiled=run
from show import show

class Noisy:
    def __init__(self, owner, k):
        self.owner, self.k = owner, k

    def __del__(self):
        log.append((self.k, type(self.owner.held).__name__, self.owner.count))
        if self.k % 3 == 0:
            self.owner.count += 1000
        if self.k % 5 == 0:
            self.owner.held = None

class Owner:
    def __init__(self):
        self.held = None
        self.count = 0

def run(n):
    owner = Owner()
    for i in range(n):
        owner.held = Noisy(owner, i) if i % 4 == 0 else i
        owner.count += 1
    owner.held = None
    return owner.count

log = []
show(run(60), log)

# === identity_of_attributes: compiled=run
from show import show

class Pair:
    def __init__(self):
        self.a = self.b = None
        self.c = 0.0

def run(n):
    p, q = Pair(), Pair()
    items = [0.0, 0.0]
    for i in range(n):
        x = i + 2.0**60
        p.a = x
        p.b = q.a = y = x * 2
        q.b = p.a
        p.c = q.c = items[0] = x + y
        items[1] = p.c
    return [p.a is x, p.b is q.a, p.b is y, p.c is q.c, p.c is items[0]], vars(p), vars(q), items

show(run(50))

# === one_instance_by_two_names: compiled=run
from show import show

class Cell:
    def __init__(self):
        self.n = 1
        self.x = 0.5

def run(a, b, n):
    total = 0
    for i in range(n):
        a.n += b.n
        b.n = i - a.n
        total += a.n * 3 + b.n
        a.x, b.x = b.x + 1.0, a.x * 0.5
    return total, a.n, b.n, a.x, b.x

c, d = Cell(), Cell()
show(run(c, d, 50), run(c, c, 50), run(d, c, 51), run(d, d, 51))

# === class_per_call: compiled=run
from show import show

def run(n):
    class Local:
        def __init__(self):
            self.n = 0
    thing = Local()
    for i in range(n):
        thing.n += i
    return thing.n

show([run(40) for _ in range(12)])

# === metaclasses_and_odd_attributes: compiled=run
import types
from show import error, show

class Meta(type):
    def __getattr__(cls, name):
        return 5

class Odd(metaclass=Meta):
    def __init__(self):
        self.n = 1

class Dynamic:
    def __getattr__(self, name):
        return len(name)

class Seen:
    def __get__(self, instance, owner=None):
        return 40 if instance is None else instance.n + 1

class Uses:
    seen = Seen()

    def __init__(self):
        self.n = 2

class Simple(types.SimpleNamespace):
    pass

def run(thing, n):
    total = 0
    for i in range(n):
        total += thing.n
        try:
            total += thing.seen
        except AttributeError:
            total -= 1
    return total

uses = Uses()
uses2 = Uses()
vars(uses2)["seen"] = 1000
dynamic = Dynamic()
dynamic.n = 3
show(run(Odd(), 40), run(Odd, 40), run(dynamic, 40), run(uses, 40), run(uses2, 40), run(Simple(n=3, seen=4), 40), run(types.SimpleNamespace(n=2), 40))

# === floats_over_floats: compiled=run,shared,changing,slots
from show import show

class P:
    __slots__ = "x", "y"

class Q:
    def __init__(self): self.x, self.y = 0.5, 1.5

def run(n):
    row, old, twice = [0.0, 1.5, 2.5], [], [0.25] * 3
    for i in range(n):
        before = row[1]
        row[1] += i * 0.5
        row[0], row[2] = row[2], row[0] + before
        if i % 7 == 0: old.append(before)
        twice[i % 3] += 1.0
        twice[0] = twice[1]
        row[1] -= 0.25
    return row, old, twice, before

show(run(100))

def shared(n):
    a, b, seen = [1.0, 2.0], [3.0, 4.0], set()
    for i in range(n):
        b[0] = a[0]
        a[0] += 0.5
        b[1] = a[1] = a[1] * 0.5 + i
        seen.add(b[0] is a[0])
        seen.add(b[1] is a[1])
    return a, b, sorted(seen)

show(shared(60))

def changing(n):
    row = [1.0, 2, None, float("nan"), True, 2**70, -0.0]
    for i in range(n):
        for k in range(len(row)):
            held = row[k]
            row[k] = i * 0.5 if i % 9 != k else (i, 1.5, None, float("nan"), "x")[i % 5]
    return row, held

show(changing(80))

def slots(n):
    p, q, kept = P(), Q(), []
    p.x = p.y = 1.0
    for i in range(n):
        p.x += 0.5
        q.x -= p.x
        p.y, q.y = q.y, p.y * 0.5
        if i == 30: kept = [p.x, q.x, p.y, q.y]
    return p.x, p.y, q.x, q.y, kept

show(slots(70))

# === list_displays: compiled=constants,starred,mixed
import sys
from show import error, show

class Pair:
    def __iter__(self):
        return iter((1, 2))

def constants(n):
    kept = []
    for i in range(n):
        a = [1, 2, 3]
        b = [b"a", b"b", "c", None, 0.5]
        a[i % 3] += i
        b[0] = i
        kept.append((sum(a), len(b), sys.getsizeof([1, 2, 3]), sys.getsizeof(b)))
        if i == 40:
            kept.append((a, b))
    return kept, a, b

def starred(n, more):
    total = []
    for i in range(n):
        a = [*more, i, *more, *total[-2:]]
        total.append(len(a) + a[-1])
    return total, a

def mixed(n, all):
    lengths = 0
    try:
        for i in range(n):
            a = [i, *all[i * len(all) // n]]
            lengths += len(a)
    except Exception as problem:
        return lengths, error(problem)
    return lengths, a

show(constants(60))
show(starred(60, (7, 8)), starred(50, [1.5]), starred(40, []))
show(mixed(60, [(1, 2), [3], (), (4,)]), mixed(90, [(1, 2), [3], Pair(), "ab", {1: 2}]), mixed(80, [(1,), 5]))
