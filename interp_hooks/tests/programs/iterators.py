"""Loops over iterators of every kind, which may raise, change, end early, or be used by others in the middle."""

# === iterators_that_raise: compiled=run
import traceback
from show import error, show

class Own:
    def __init__(self, n):
        self.n = n
        self.k = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.k == at:
            raise kind(self.k)
        self.k += 1
        if self.k > self.n:
            raise StopIteration(self.k)
        return self.k

def generator(n):
    for k in range(n):
        if k == at:
            raise kind(k)
        yield k

def mapped(n):
    return map(lambda k: k if k != at else fail(k), range(n))

def fail(k):
    raise kind(k)

def called(n):
    return iter(iter(generator(n)).__next__, n - 3)

def run(values):
    total = 0
    k = None
    for k in values:
        total += k * 2
    else:
        total += 10**6
    return total, k

for make in (Own, generator, mapped, called):
    for kind in (ValueError, StopIteration, KeyError):
        for at in (-1, 0, 1, 2, 25):
            try:
                show(make.__name__, at, run(make(40)))
            except Exception as problem:
                print(error(problem), [(entry.name, entry.lineno) for entry in traceback.extract_tb(problem.__traceback__)])

# === containers_change_under_their_iterators: compiled=run
from collections import OrderedDict, deque
from show import error, show

def change(k):
    if len(seen) == at:
        action(container)
    return 1

def run(values):
    total = 0
    for k in values:
        seen.append(k)
        total += change(k)
    return total

KINDS = {
    "dict": (lambda: {k: 0 for k in range(40)}, [lambda d: d.pop(39), lambda d: d.update(x=1), lambda d: d.clear(), lambda d: (d.pop(39), d.update(new=1))]),
    "ordered": (lambda: OrderedDict((k, 0) for k in range(40)), [lambda d: d.pop(39), lambda d: d.move_to_end(3), lambda d: d.update(x=1)]),
    "set": (lambda: set(range(40)), [lambda s: s.add(100), lambda s: s.clear(), lambda s: s.discard(39)]),
    "deque": (lambda: deque(range(40)), [lambda d: d.append(1), lambda d: d.rotate(), lambda d: d.clear()]),
    "list": (lambda: list(range(40)), [lambda x: x.clear(), lambda x: x.extend(range(5)), lambda x: x.insert(0, 7), lambda x: x.__setitem__(-1, None)]),
    "bytearray": (lambda: bytearray(range(40)), [lambda b: b.clear(), lambda b: b.extend(b"abc")]),
}
for name, (make, actions) in KINDS.items():
    for number, action in enumerate(actions):
        for at in (-1, 1, 2, 3, 30):
            for view in (lambda c: c, reversed, enumerate) if name not in ("set",) else (lambda c: c, enumerate):
                container, seen = make(), []
                try:
                    show(name, number, at, run(view(container)), len(seen), seen[-2:])
                except Exception as problem:
                    print(name, number, at, error(problem), len(seen), seen[-2:])

# === iterators_that_others_use: compiled=run
import itertools
from show import show

def take(k):
    if k % 10 == at:
        taken.append(next(shared, None))
    return 1

def run(values):
    total = 0
    for k in values:
        total += k + take(k)
    return total

def twice(values):
    total = 0
    for a in values:
        for b in values:
            total += a * b
            if b % 7 == 3:
                break
    return total

for make in (lambda: iter(range(60)), lambda: iter(list(range(60))), lambda: iter(tuple(range(60))), lambda: itertools.count(0, 1),
             lambda: (k for k in range(60)), lambda: map(int, range(60)), lambda: iter(bytes(range(60)))):
    for at in (-1, 3, 0, 9):
        taken = []
        shared = make()
        show(run(itertools.islice(shared, 60) if isinstance(shared, itertools.count) else shared), taken)
    shared = make()
    show(twice(itertools.islice(shared, 60)))
    shared = make()
    if not isinstance(shared, itertools.count):
        show(twice(shared))

# === iterator_objects_after_the_loop: compiled=run
import copy
import pickle
from show import show

def run(values, stop):
    total = 0
    for k in values:
        total += k
        if total > stop:
            break
    return total

for stop in (0, 1, 3, 50, 300, 10**9):
    for values in (range(5, 60, 2), range(60, 5, -3), list(range(40)), tuple(range(40)), range(2**62, 2**62 + 40), range(0), [], ()):
        iterator = iter(values)
        show(run(iterator, stop))
        show(iterator.__length_hint__(), iterator.__reduce__()[1:], next(iterator, None), copy.copy(iterator).__length_hint__())
        show(run(iterator, 10**9), iterator.__length_hint__(), list(iterator))

# === many_kinds_of_items: compiled=run,pairs
from bindings import lib
from show import show

def run(values):
    last = None
    count = 0
    for value in values:
        last = value
        count += lib.id_i32(1)
    return last, count

def pairs(values):
    total = 0
    for name, (a, b) in values:
        total += a * b + len(name) + lib.id_i32(a)
    return total

text = "häßlich 😀" * 8
for values in (text, text.encode(), bytearray(text, "utf8"), memoryview(b"abc" * 20), text.split(), {1.5: 2, "x": 3}, {1, 2, 3}, frozenset("a"),
               zip(range(50), text), enumerate(text), filter(None, [0, 1, 2] * 20), reversed(text), open(__file__), "one\ntwo".splitlines(),
               range(0), (x for x in [None, True, 2**70, 1.5, "s", b"b", (), [], {}] * 6), {}.items(), dict(a=1, b=2).values()):
    show(run(values))
show(pairs([("n" * k, (k, k + 1)) for k in range(50)]))
show(pairs({str(k): (k, 3) for k in range(50)}.items()))


# === a_subclass_of_list_in_an_inner_loop: compiled=run
from show import show

class Rows(list):
    """Its iterator is a list's own."""

class Pair(tuple):
    """Likewise."""

class Odd(list):
    """Not this one's."""
    def __iter__(self):
        return iter([1])

def run(n):
    total = 0
    for i in range(n):
        for row in Rows([i, 2.5, i]):
            total += row
        for row in Pair((i, 1)):
            total += row
        for row in Odd([5, 6]):
            total += row
    return total

def used_up(n):
    it = iter([1, 2])
    total = 0
    for i in range(n):
        for x in it:
            total += x
        total += i
    return total

show(run(50))
show(used_up(50))

# === one_iterator_in_several_places: compiled=two,three,drop,again
from show import show

KINDS = [lambda n: iter(range(n)), lambda n: iter(range(n, 0, -1)), lambda n: iter(list(range(n))), lambda n: iter(tuple(range(n)))]

class Source:
    """Gives iterators of its own: new ones, or the last one again, which it may let go of first."""

    def __init__(self, make, n, shared, held):
        self.make, self.n, self.shared, self.held, self.last, self.calls = make, n, shared, held, None, 0

    def __iter__(self):
        self.calls += 1
        last = self.last
        if last is None or not self.shared(self.calls):
            last = self.make(self.n)
        self.last = last if self.held(self.calls) else None
        return last

def two(source, n):
    total = last = 0
    for k in range(n):
        for a in source:
            total = total * 3 + a & 0xFFFFFFF
            for b in source:
                total += a * 5 + b
                last = b
                if b % 7 == 3: break
            if a % 11 == 6: break
    return total, last

def three(source, n):
    total = 0
    for a in source:
        for b in range(3):
            for c in source:
                total = total * 3 + a * b - c & 0xFFFFFFF
                if c % 5 == 2: break
    return total

def drop(make, n):
    # The operand stack alone holds it from the first turn on, in two slots.
    total, it = 0, make(n)
    for a in it:
        for b in it:
            it = ()
            total = total * 3 + a - b & 0xFFFFFFF
            if b % 4 == 1: break
        for b in it:
            total += 10**6
    return total, it

def again(its, n):
    # The same object under another name: pairs from one iterator, then from two.
    total = 0
    for k in range(n):
        first, second = its[k % len(its)], its[k * 7 % len(its)]
        for a in first:
            for b in second:
                total = total * 3 + a * k - b & 0xFFFFFFF
                break
            if total & 3 == k & 3: break
    return total, [next(it, None) for it in its]

never, always, sometimes, late = (lambda k: False), (lambda k: True), (lambda k: k % 5 == 0), (lambda k: k > 60)
for make in KINDS:
    for shared in (never, sometimes, late, always):
        for held in (always, never, sometimes, late):
            source = Source(make, 40, shared, held)
            show(two(source, 12), source.calls)
            source = Source(make, 40, shared, held)
            show(three(source, 3), source.calls)
    for n in (0, 1, 2, 30, 300):
        show(drop(make, n), drop(lambda n: make(n), n))
        show(again([make(n), make(n + 3)], 60), again([make(n)] * 2, 60), again([make(n), make(n), make(9)], 200))

# === one_iterator_under_the_iterators_of_others: compiled=run
from show import show

def run(it, n):
    total = 0
    for k in range(n):
        for a, b in zip(it, it):
            total = total * 3 + a * 7 - b & 0xFFFFFFF
            if b % 9 == 4: break
        for i, a in enumerate(it):
            total += i * a
            if i == 3: break
        for a in it:
            b = next(it, -1)
            total = total * 3 + a * 5 - b & 0xFFFFFFF
            if a % 7 == 5: break
        for a in (x * 2 for x in it):
            total += a
            if a % 6 == 2: break
        for a in [x for x in it if x % 2] if k % 8 == 7 else ():
            total -= a
    return total, next(it, None)

for make in (lambda n: iter(range(n)), lambda n: iter(list(range(n))), lambda n: iter(tuple(range(n)))):
    for n in (0, 3, 50, 400):
        show(run(make(n), 20))
