"""Sets, keys of other kinds than text and numbers, and classes made from dict: looked up, added to and taken from in a trace."""

# === found_and_added: compiled=run
from show import show

def run(n):
    words = ["a", "b", "c", "lost", "ä", "\U0001f600", "a" * 3]
    seen, numbers, got = {"a", "ä", 7}, set(), []
    for i in range(n):
        word = words[i % 7]
        got.append(word in seen)
        got.append(i % 9 not in numbers)
        if i % 3: seen.add(word)
        numbers.add(i % 11)
        numbers.add(i % 11)
        seen.add(i % 5)
    return got, sorted(map(str, seen)), sorted(numbers), len(seen), len(numbers)

show(run(3), run(200))

# === taken_off: compiled=run
from show import show

def run(n):
    left, got = set(range(50)), []
    for i in range(n):
        left.discard(i * 7 % 60)
        if i in left: left.remove(i)
        left.add(i % 20)
        got.append(len(left))
        if not left: got.append("none")
    return got, sorted(left)

def emptied(n):
    left, got = set(range(n)), 0
    for i in range(n):
        left.remove(i)
        got += len(left) + bool(left)
    return got, left

show(run(200), emptied(100))

# === removed_twice
from show import show

def run(n):
    left, got = set(range(20)), []
    for i in range(n):
        try:
            left.remove(i % 23)
        except KeyError as problem:
            got.append(problem.args)
        left.add(i * i % 23)
    return got, sorted(left)

show(run(200))

# === hash_of_minus_one: compiled=run
from show import show

P = 2**61 - 1
KEYS = [0, 1, -1, -2, P, P - 1, P + 1, -P, -P - 1, 2**62, 2**63 - 1, -(2**63), 2**64, -(2**64), 2**61]

def run(n):
    known, got = set(KEYS[::2]), []
    for i in range(n):
        key = KEYS[i % len(KEYS)]
        got.append((key in known, -1 in known, True in known, len(known)))
        if i % 4 == 3: known.discard(key)
        else: known.add(key)
    return got, sorted(known)

show(run(200))

# === equal_keys: compiled=run
from show import show

log = []
class Seven:
    def __hash__(self): return 7
    def __eq__(self, other):
        log.append(repr(other))
        return isinstance(other, int)

class Plain:
    pass

def run(n, known, keys):
    got = []
    for i in range(n):
        key = keys[i % len(keys)]
        got.append(key in known)
        if i % 5 == 0: known.add(key)
        if i % 7 == 6: known.discard(key)
    return got, len(known)

PLAIN = Plain()
show(run(100, {7, Seven()}, [7, 8, 7.0]), log[:20], len(log))
log.clear()
show(run(100, {1, 2.0, None}, [1.0, True, 2, None, False, 0.0, -0.0]))
show(run(100, {"a", 1}, [Seven(), "a", 7]), log[:20], len(log))
show(run(100, {(1, "a"), (1, 2)}, [(1, "a"), (1, 2.0), (True, 2), (), ((1, 2), 3), (Seven(), 1)]), len(log))
show(run(100, {PLAIN, Plain}, [PLAIN, Plain, Plain(), run, len]))
show(run(100, set(), [b"a", "a", b"", frozenset({1}), range(3)]))

# === tuples_as_keys: compiled=run
from show import show

def run(n):
    seen, counts, places, got = set(), {}, {}, []
    for i in range(n):
        x, y = i % 7, i % 5
        counts[x, y] = counts.get((x, y), 0) + 1
        if (y, x) in seen: got.append((x, y))
        seen.add((x, y))
        places[x, "at", y] = i
        if (x, y) in places: got.append("never")
        got.append(places[x, "at", y])
    return got, sorted(counts.items()), sorted(seen), sorted(places.items())

def life(cells, turns):
    for _ in range(turns):
        counts = {}
        for x, y in cells:
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1):
                    if dx or dy:
                        place = (x + dx, y + dy)
                        counts[place] = counts.get(place, 0) + 1
        cells = {place for place, count in counts.items() if count == 3 or (count == 2 and place in cells)}
    return sorted(cells)

show(run(3), run(200))
show(life({(0, 1), (1, 2), (2, 0), (2, 1), (2, 2), (9, 9), (9, 10), (10, 9)}, 30))

# === the_key_that_is_kept: compiled=run
from show import show

def run(n):
    table, seen, got = {}, set(), []
    first, second = (1000, "a"), tuple([1000, "a"])
    for i in range(n):
        key = second if i % 2 else first
        table[key] = i
        seen.add(key)
        got.append([k is first for k in table] + [k is first for k in seen])
        if i % 10 == 9:
            del table[first]
            seen.discard(second)
    return got, table

show(run(100))

# === made_from_dict: compiled=run
from show import show
from collections import Counter, OrderedDict, defaultdict

class Plain(dict):
    pass
class Missing(dict):
    def __missing__(self, key):
        self[key] = found = len(self)
        return found
class Loud(dict):
    def __getitem__(self, key):
        log.append(("get", key))
        return dict.__getitem__(self, key)
    def __setitem__(self, key, value):
        log.append(("set", key))
        dict.__setitem__(self, key, value)
    def __contains__(self, key):
        log.append(("in", key))
        return dict.__contains__(self, key)
log = []

def run(n, table):
    got = []
    for i in range(n):
        key = i * i % 13
        if key in table: got.append(table[key])
        table[key] = table[key] + 1 if key in table else i
        got.append(len(table))
    return got, sorted(table.items()), type(table)

def counted(n, table, words):
    for i in range(n):
        table[words[i * i % len(words)]] += 1
        table[words[i % len(words)], i % 3] += 2
    return list(table.items())

for kind in (dict, Plain, Missing, Counter, OrderedDict, Loud):
    show(run(60, kind()), log[:10], len(log))
    log.clear()
WORDS = "the quick brown fox jumps over the lazy dog".split()
show(counted(100, Counter(), WORDS), counted(100, defaultdict(int), WORDS), counted(100, Missing(), WORDS))

# === class_that_changes
from show import show

class Table(dict):
    pass

def look(self, key):
    return ("looked up", key)

def run(n, table):
    got = []
    for i in range(n):
        got.append(table[i % 3])
        table[i % 3] = i
        if i == 60: Table.__getitem__ = look
        if i == 80: Table.__setitem__ = lambda self, key, value: got.append(("set", key))
        if i == 90: del Table.__getitem__
        got.append(i % 4 in table)
    return got, dict(table)

show(run(100, Table({0: "a", 1: "b", 2: "c"})))

# === displays_and_empty_ones: compiled=run
from show import show

def run(n):
    got = []
    for i in range(n):
        a, b, c = {i}, {i % 3, "x"}, {i % 2, 1.5, (i, 2)}
        g, h = {(i, 1), (i, 1)}, {i % 2, (i, "a"), (i, "a")}
        got.append((sorted(g), len(h)))
        d, e, f = set(), list(), dict()
        d.add(i); e.append(i); f[i] = i
        a.add(i + 1)
        got.append((sorted(a), len(b), len(c), (i, 2) in c, i % 2 in c, 1.5 in c, d, e, f))
    return got

show(run(80))

# === truth_of_containers: compiled=run
from show import show

def run(n):
    items, table, known, text, raw, pair = [], {}, set(), "", bytearray(), ()
    got = 0
    for i in range(n):
        if items: got += 1
        if not table: got += 2
        got += 4 if known else 8
        got += 16 if text and not raw else 32
        while items: items.pop()
        if pair: got += 64
        if i % 3 == 0: items.append(i); text = "x" * (i % 2)
        if i % 5 == 0: table[i] = i; pair = (i,)
        if i % 7 == 0: known.add(i); raw.append(1)
        if i % 50 == 49: table = {}; known = set(); pair = (); raw = bytearray()
    return got

show(run(3), run(300))

# === keys_that_die: compiled=run
import weakref
from show import show

class Key:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(self.n)
log = []

def run(n):
    known, got = set(), []
    for i in range(n):
        known.add(Key(i))
        if i % 10 == 9: known.clear()
        got.append((len(log), len(known)))
    known = None
    return got

def discarded(n):
    known, got = set(), []
    key = None
    for i in range(n):
        key = Key(i)
        known.add(key)
        if i % 3 == 2:
            last, key = key, None
            known.discard(last)
            last = None
        got.append(len(log))
    return got

show(run(50), len(log))
log.clear()
show(discarded(60), log[:20], sorted(log))

# === grows_while_it_is_read
from show import show

def run(n):
    known, got = {0}, []
    for i in range(n):
        try:
            for k in known:
                known.add(k + i % 2 * 100 + 1)
                got.append(k)
        except RuntimeError as problem:
            got.append(str(problem))
        known = {i % 4}
    return got

show(run(60))

# === watched_from_outside: compiled=run
import gc
from show import show

def run(n):
    known, got = set(), []
    for i in range(n):
        known.add(("a", i % 4))
        if i % 20 == 0: got.append(sorted(next(o for o in gc.get_referents(known, [known]) if type(o) is set)))
    return got

show(run(100))

# === keys_that_are_kept: compiled=run
import gc
import sys
from show import show

def run(n, keys):
    table, known, same = {}, set(), 0
    for i in range(n):
        table[int(keys[i % len(keys)])] = i
        known.add(keys[i % len(keys)])
        if i % 11 == 0: table.clear(); known.clear()
    for key in known: same += any(key is k for k in keys)
    return len(table), same

KEYS = [str(2**70 + k) for k in range(5)] + [str(2**40 + k) for k in range(9)]
blocks = []
for turn in range(5):
    show(run(400, KEYS))
    gc.collect()
    blocks.append(sys.getallocatedblocks())
show(abs(blocks[-1] - blocks[-2]) < 60)

# === comparisons_that_fail
from show import show

def deep(n):
    key = 1
    for _ in range(n): key = (key,)
    return key

KEYS = [deep(2), deep(3), (1, (2, 3))]

def inside(keys):
    return [{q for q in keys}, [q in {(1, (2, 3)): 1} for q in keys]]

def at_depth(n):
    return at_depth(n - 1) if n else inside(KEYS)

def run():
    got = []
    for n in range(60):
        got.append(len(at_depth(n % 7)[0]))
    return got

show(run())
