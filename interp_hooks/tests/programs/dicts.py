"""Dicts by str and int keys, and the ends of lists: looked up, stored and taken off in a trace."""

# === looked_up: compiled=run
from show import show

def run(n):
    words = ["a", "b", "c", "lost", "ä", "\U0001f600", "a" * 3]
    table = {"a": 1, "b": 2.5, "c": None, "ä": [1], "\U0001f600": (2,), "aaa": "text"}
    numbers = {k * k - 5: k for k in range(40)}
    mixed = {1: "one", "1": "text", (1, 2): "pair", -1: "minus", -2: "two", 2**62: "large", None: 0}
    got, total = [], 0
    for i in range(n):
        word = words[i % 7]
        got.append(table.get(word))
        got.append(table.get(word, i))
        total += (word in table) + (i in numbers) + (i not in mixed) + numbers.get(i - 5, 100)
        if word in table: got.append(table[word])
        got.append(mixed.get(i % 4 - 2, "nothing"))
        got.append(mixed["1"])
        total += len(mixed[-1]) + (word[0] in table)
    return got, total

show(run(3), run(100))

# === hashes_of_numbers: compiled=run
from show import show

P = 2**61 - 1
KEYS = [0, 1, -1, -2, P, P - 1, P + 1, -P, -P - 1, -P - 2, 2**62, 2**63 - 1, -(2**63), 2**61, -(2**61), 2 * P, 3 * P + 7]

def run(n):
    table = {key: at for at, key in enumerate(KEYS)}
    got = []
    for i in range(n):
        key = KEYS[i % len(KEYS)]
        got.append((table[key], table.get(key + 1, "nothing"), key in table))
        table[key] = i
    return got, table

show(run(100))

# === equal_keys: compiled=run
from show import show

class Text(str):
    pass
class Loud(str):
    def __hash__(self): return str.__hash__(self)
    def __eq__(self, other):
        log.append(str(other))
        return str.__eq__(self, other)
class Seven:
    def __hash__(self): return 7
    def __eq__(self, other):
        log.append(other)
        return isinstance(other, int)

def run(n, table, keys):
    got = []
    for i in range(n):
        key = keys[i % len(keys)]
        got.append((table.get(key), key in table))
        if key in table: table[key] = table[key] + 1
    return got, table

log = []
show(run(40, {1.0: 1, True + 1: 2, "x": 3, 5: 4}, [1, 2, 5, 3, True, 1.0, "x"]))
show(run(40, {Text("x"): 1, "y": 2}, ["x", "y", Text("y"), "z"]))
show(run(40, {Loud("x"): 1, "y": 2}, ["x", "y", "z"]), log)
log = []
show(str(run(40, {Seven(): 1, 8: 2}, [7, 8, 9])[0]), log)

# === missing: compiled=run
from show import show

class Zero(dict):
    def __missing__(self, key): return key * 2
class Other(dict):
    def get(self, key, default=None): return "other"
    def __getitem__(self, key): return dict.__getitem__(self, key) + 1
    def __contains__(self, key): return True
    def __setitem__(self, key, value): dict.__setitem__(self, key, value + 1)

def run(n, table):
    got = []
    for i in range(n):
        try:
            got.append(table[i % 5])
        except KeyError as error:
            got.append(str(error))
        got.append(table.get(i % 5, "nothing"))
        got.append(i % 5 in table)
        if i % 3 == 0: table[i % 7] = i
    return got

from collections import OrderedDict, defaultdict
show(run(60, {1: 2, 3: 4}), run(60, Zero({1: 2})), run(60, Other({1: 2})), run(60, defaultdict(int)), run(60, OrderedDict({1: 1})))

# === stored: compiled=run
from show import show

def run(n):
    table, names, counts = {}, {"x": 0, "y": 0.5, "z": "text"}, {}
    for i in range(n):
        table[i] = i * 2
        table[i // 2] = i
        names["x"] += i
        names["y"] = names["y"] * 0.5 + i
        names["z"] = "even" if i % 2 == 0 else "odd"
        counts[names["z"]] = counts.get(names["z"], 0) + 1
        names[str(i % 4)] = i
        names["row"] = [i]
        names["pair"] = (i, names["x"])
    return table, names, counts

show(run(3), run(100))

# === stored_over_objects: compiled=run
from show import show

class Noisy:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(self.n)

def run(n):
    table, other = {"a": Noisy(-1), 5: Noisy(-2)}, {}
    for i in range(n):
        table["a"] = Noisy(i)
        log.append("stored")
        table[5] = i if i % 3 else Noisy(i + 100)
        other[i % 4] = Noisy(i + 1000) if i % 5 == 0 else i
    return sorted(other, key=str), len(table)

log = []
show(run(60), log)

# === owned_parts: compiled=run
from show import show

class Noisy:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(self.n)
def made(i): return {"a": i, "b": Noisy(i), "key": [i], i: None}

def run(n):
    got, table = [], {"ab": [1], "bc": (2,), "x": 5}
    for i in range(n):
        text = "abc" * 2
        got.append(table["abcabc"[i % 2 : i % 2 + 2]] if i % 3 != 2 else table[text[1:3]])
        got.append(table.get(text[i % 3 : i % 3 + 2]))
        got.append(made(i)["a"])
        got.append(made(i)["key"])
        got.append(made(i).get("b").n)
        got.append(made(i).get(text[:1], got))
        got[-1] = None
        got.append(text[:2] in made(i))
        table[text[:2]] = [i]
        log.append("turn")
    return got, table

log = []
show(run(40), log)

# === changed_while_it_runs: compiled=run
from show import show

def grow(table, i):
    if i % 20 == 19: table.clear()
    elif i % 7 == 3: table.pop("b", None)
    elif i % 7 == 5: table["b"] = i
    if i % 11 == 4: table.update({str(i): i, i: i})
    return len(table)

def run(n):
    table, got = {"a": 1, "b": 2, 3: 4}, []
    for i in range(n):
        got.append((table.get("a", -1), table.get("b", -1), table.get(3)))
        if i == 50: table = dict.fromkeys("abc", 0)
        if i == 60: table = {0: "a"}
        grow(table, i)
        table["a"] = i
        table[3] = got[-1][0]
        for key in table: pass
    return got, table

show(run(120))

# === grown_while_it_is_gone_over: compiled=run
from show import show

def run(n):
    table, got = {i: i for i in range(10)}, []
    for i in range(n):
        try:
            for key in table:
                table[key] = i
                if i % 9 == 8 and key == 5: table[100 + i] = 0
        except RuntimeError as error:
            got.append(str(error))
    return got, table

show(run(40))

# === namespaces: compiled
from show import show

count = 0
space = globals()
seen = []
for turn in range(60):
    count += 1
    space["count"] = space["count"] + 1
    seen.append((count, space.get("count"), "count" in space))
    if turn == 40: space["space"] = {"count": 1000}
show(seen, count)

# === attributes_by_dict: compiled=run
from show import show

class Thing:
    limit = 3
    def __init__(self, n): self.n, self.m = n, 0

def run(n):
    things, got = [Thing(1), Thing(2)], []
    for i in range(n):
        thing = things[i % 2]
        held = thing.__dict__
        held["n"] = held["n"] + 1
        held["new"] = i
        thing.m += held.get("n", 0)
        got.append((thing.n, thing.m, thing.new, held["m"]))
        if i == 50: del thing.m; thing.m = 5
    return got

show(run(80))

# === unhashable: compiled=run
from show import show

def run(n):
    table, count = {1: 2}, 0
    for i in range(n):
        key = i if i % 5 else [i]
        try:
            count += table.get(key, 1)
            table[key] = 3
            count += key in table
        except TypeError as error:
            count += len(str(error))
    return count, len(table)

show(run(60))

# === tracked: compiled=run
import gc
from show import show

def run(n):
    plain, rows = {"a": 0, "b": 0}, {"a": 0, "b": 0}
    for i in range(n):
        plain["a"] = i
        rows["a"] = i
        if i >= n - 2: rows["b"] = rows
    return gc.is_tracked(rows)

def cycles(n):
    class Here: pass
    import weakref
    alive = []
    for i in range(n):
        table = {"x": 0, "y": 0}
        here = Here()
        table["x"] = here
        here.table = table
        if i % 10 == 0: alive.append(weakref.ref(here))
        table = here = None
    gc.collect()
    return [one() is None for one in alive]

show(run(50), cycles(60))

# === popped: compiled=run
from show import show

class Noisy:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(self.n)
class Stack(list):
    def pop(self, *args): return "mine"

def run(n):
    numbers, things, mixed, got = [1.5], [], [], []
    own = Stack([1])
    for i in range(n):
        numbers.append(i)
        numbers.append(i * 0.5)
        got.append(numbers.pop())
        things.append(Noisy(i))
        if i % 3:
            last = things.pop()
            got.append(last.n)
        if i % 5 == 4: things.pop(), log.append("popped")
        mixed += [i, "text", None, (i,), [i]]
        got.append(mixed.pop())
        got.append(mixed.pop() if i % 2 else None)
        got.append(own.pop())
        got.append(len(numbers))
    return got, numbers, mixed

def drained(n):
    row, total = list(range(n)), 0
    while row: total += row.pop() * len(row)
    pop = row.pop
    try:
        while True: pop()
    except IndexError as error:
        return total, str(error), row.__sizeof__()

def empty(n):
    row, got = [], 0
    for i in range(n):
        if i % 4 == 0: row.append(i)
        try:
            got += row.pop()
        except IndexError:
            got += 1000
    return got

log = []
show(run(60), log, drained(3), drained(1000), empty(60))
