"""Iteration over dicts and their views, sets and texts: no Python code runs for the next item."""

# === each_kind: compiled=run
from show import show

def run(n):
    table = {k: k * 0.5 for k in range(n)}
    names = {str(k): [k] for k in range(n)}
    total, seen, pairs = 0, [], []
    for k in table: total += k
    for v in table.values(): total += v
    for k, v in table.items(): total += k * v
    for k in table.keys(): total -= k
    for name in names: seen.append(name)
    for name, rest in names.items(): rest.append(len(name))
    for pair in names.items(): pairs.append(pair)
    for item in {k & 15 for k in range(n)}: total += item
    for item in frozenset(names): seen.append(item + "!")
    for char in "text \u0416 " * n: seen.append(char)
    for char in "ascii" * n: seen.append(char)
    for number in b"bytes" * n: total += number
    for number in bytearray(range(n % 256)): total += number
    return total, sorted(seen), pairs, names

show(run(0), run(1), run(3), run(60), run(200))

# === over_and_over: compiled=run
from show import show

def run(n):
    rows = [{}, {"a": 1}, {"a": 1, "b": 2.5}, {"a": [1], "b": None, "c": 3}]
    total, last = 0, None
    for i in range(n):
        for name, value in rows[i % 4].items():
            last = name, value
            total += len(name)
        else:
            total += 10
        for name in rows[i % 3]:
            if name == "b": break
            for char in name: total += ord(char)
        for value in rows[i & 1].values():
            if i % 5 == 3: continue
            total += value
    return total, last

show(run(3), run(100), run(500))

# === changed_meanwhile: compiled=run
from show import show

def run(table, at, how):
    seen = []
    for turn in range(3):
        try:
            for n, (k, v) in enumerate(table.items()):
                seen.append((k, v))
                if n == at: how(table, k)
            for k in table:
                seen.append(k)
                table[k] = k + turn
        except RuntimeError as problem:
            seen.append(str(problem))
    return seen

def added(table, k): table[k + 1000] = 1
def removed(table, k): del table[k]
def replaced(table, k): table[k] = "new"
def exchanged(table, k):
    del table[k]
    table[k] = "again"

for how in (added, removed, replaced, exchanged):
    for at in (0, 3, 20, 49, 60):
        show(how.__name__, at, run({k: k for k in range(50)}, at, how))

# === who_dies_when: compiled=run
from show import show

class Noisy:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(("dies", self.n))

def run(n):
    table = {k: Noisy(k) for k in range(n)}
    for k, v in table.items():
        log.append(k)
        table[k] = None
        del v
    log.append("over")
    for k in {k: Noisy(-k) for k in range(n)}: log.append(k)
    log.append("gone")
    for v in {k: Noisy(1000 + k) for k in range(n)}.values(): log.append(v.n)
    log.append("gone too")
    for k, v in {k: Noisy(2000 + k) for k in range(n)}.items(): log.append(v.n)
    for thing in {Noisy(3000)}: log.append(thing.n)
    log.append("end")

log = []
run(3)
run(40)
show(log)

# === kept_pairs: compiled=run
from show import show

def run(n):
    table = {k: [k] for k in range(n)}
    kept, same, before = [], 0, None
    for pair in table.items():
        kept.append(pair)
        same += pair is before
        before = pair
    for k, v in table.items():
        kept.append((k, v))
        if k % 7 == 3: kept.append(v)
    views = iter(table.items())
    for pair in views:
        kept.append(pair)
        if len(kept) % 5 == 2: kept.append(next(views, "end"))
    return kept, same

show(run(5), run(80))

# === other_classes: compiled=run
import collections
from show import show

class Table(dict):
    def __iter__(self): return iter(["mine"])
    def items(self): return [("a", 1)]
class Name(str):
    def __iter__(self): return iter("other")

def run(n):
    total = []
    for i in range(n):
        for k in Table(a=1): total.append(k)
        for k in Name("x"): total.append(k)
        for k, v in Table(a=i).items(): total.append((k, v))
        for k in collections.OrderedDict(a=i, b=2): total.append(k)
        for k, v in collections.Counter("hello").items(): total.append((k, v))
        for k, v in collections.defaultdict(int, {i: i}).items(): total.append((k, v))
        for k in reversed({1: 2, i: 3}): total.append(k)
    return total

show(run(40))

# === raises_in_the_middle: compiled=run
import traceback
from show import show

def pick(k):
    if k != "new" and k % 9 == 8: raise KeyError(k)
    return k

def run(n):
    table, got = {k: str(k) for k in range(n)}, []
    for turn in range(4):
        try:
            for k, v in table.items():
                got.append(pick(k) if turn else len(v))
                if k == 5 and turn == 2: table["new"] = 1
        except (KeyError, RuntimeError) as problem:
            got.append((repr(problem), [line for _, line in traceback.walk_tb(problem.__traceback__)]))
    return got

show(run(3), run(8), run(60))
