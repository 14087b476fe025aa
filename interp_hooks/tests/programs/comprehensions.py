"""Comprehensions in the middle of a loop, which are part of it: a variable of theirs waits on the operand stack meanwhile."""

# === in_a_loop: compiled=run
from show import show

def run(n):
    got = []
    for i in range(n):
        squares = [k * i for k in range(3)]
        pairs = [(a, b) for a in range(2) for b in (i, i + 1)]
        table = {k: v + 1 for k, v in enumerate(squares)}
        known = {k % 2 for k in squares}
        got.append((squares, pairs, table, sorted(known)))
        total = sum([x for x in squares if x % 2])
        got.append(total)
    return got

show(run(3), run(100))

# === a_name_of_both: compiled=run,texts,objects
from show import show

def run(n):
    k, got = -1, 0
    for i in range(n):
        rest = [k for k in (i, i + 1)]
        got += k + len(rest)
        k = i * 2
    return got, k

def texts(n):
    word, got = "first", []
    for i in range(n):
        parts = [word for word in ("a", "b%d" % i)]
        got.append((word, parts))
        word = "w%d" % i
    return got, word

class Thing:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(self.n)
log = []

def objects(n):
    x, got = Thing(-1), []
    for i in range(n):
        got.append([x.n for x in (Thing(i), Thing(1000 + i))])
        got.append((x.n, len(log)))
        if i % 3 == 0: x = Thing(i * 10)
    return got

show(run(100), texts(60), objects(60), log)

# === a_name_of_many_types: compiled=run
from show import show

class A:
    def __init__(self, n): self.n = n
class B(A):
    pass

def run(n, things):
    got, m = [], things[0]
    for i in range(n):
        got.append("|".join([m.n for m in (A("a"), B("b"))]))
        if i % 5 == 4: got.append(m)
        if i % 5 == 4: m = things[i // 5 % len(things)]
    return [m.n if isinstance(m, A) else m for m in got]

show(run(400, [A("x"), B("y"), 1, 2.5, "text", (1, 2), None, [3], A("z"), 2**70, True, b"raw"]))

# === a_name_that_is_not_set: compiled=run
from show import show

def run(n):
    got = []
    for i in range(n):
        if i % 4 == 3:
            late = i
        got.append([late for late in range(i % 3)])
        try:
            got.append(late)
        except UnboundLocalError as problem:
            got.append(str(problem))
        if i % 4 == 3:
            del late
    return got

show(run(80))

# === over_what_lives_on: compiled=merge
from show import show

def merge(sequences):
    result = []
    while True:
        sequences = [s for s in sequences if s]
        if not sequences:
            return result
        for first in sequences:
            candidate = first[0]
            for s in sequences:
                if candidate in s[1:]:
                    candidate = None
                    break
            else:
                break
        if candidate is None:
            return result, sequences
        result.append(candidate)
        for sequence in sequences:
            if sequence[0] == candidate:
                del sequence[0]

def run(n):
    got = []
    for i in range(n):
        got.append(merge([[i, 3, 5], ["a", 3, 5], [i, "a"], [], [4, 5]]))
    return got

show(run(3), run(100))

# === over_objects_of_others: compiled=outer
from show import show

class P:
    def __init__(self, v): self.v = v

def inner(xs):
    r = [x for x in xs]
    return len(r)

def outer(n, xs):
    t = 0
    for k in range(n): t += inner(xs)
    return t

xs = [P(1)]
for r in range(3): show(outer(200, xs), xs[0].v)

# === that_raise
from show import show

def run(n):
    got, k = [], "outside"
    for i in range(n):
        try:
            got.append([10 // k for k in (2, 1, i % 5)])
        except ZeroDivisionError as problem:
            got.append(str(problem))
        got.append(k)
        if i % 7 == 6: k = i
    return got

show(run(80))

# === over_nothing: compiled=run
from show import show

def run(n):
    got = []
    for i in range(n):
        items = [x for x in got[:i % 2]]
        more = {x: x for x in ()}
        got.append(len(items) + len(more))
    return got

show(run(80))

# === longer_ones
from show import show

def run(n):
    got = []
    for i in range(n):
        got.append(sum([k * i for k in range(i % 40)]))
        got.append(len({k % 7: i for k in range(30)}))
    return got

show(run(120))

# === in_callees: compiled=run
from show import show

def both(i):
    return [k + i for k in (1, 2)], i

def run(n):
    got = []
    for i in range(n):
        items, j = both(i)
        got.append([a + b for a, b in zip(items, both(j)[0])])
    return got

show(run(80))
