"""Functions with `**kwargs` that a loop calls: the dict is made in the trace."""

# === named_arguments: compiled=run
from show import show

def one(a, **more): return a + more["x"]
def none(a, **more): return a + len(more)
def all_of(a, b=2, *rest, c=3, **more): return a, b, rest, c, sorted(more.items())
def passed_on(**more): return one(1, **more)
def only(a, /, **more): return a, more
def mutated(**more):
    more["x"] += 1
    more.setdefault("z", 0)
    return more

def run(n):
    total, last = 0, None
    for i in range(n):
        total += one(i, x=2) + one(x=i, a=1) + none(i) + none(i, p=1, q=2) + passed_on(x=i)
        last = all_of(i), all_of(i, 1, 5, 6, c=i, d=8, e=[i]), all_of(b=i, a=1, z=(i,)), only(i, a=2), mutated(x=i, y="t")
    return total, last

show(run(3), run(60), run(400))

# === methods_and_classes: compiled=run
from show import show

class Thing:
    def __init__(self, n=0, **more): self.n, self.more = n, more
    def get(self, key, **more): return more.get(key, self.more.get(key))
    def __call__(self, **more): return len(more)
    @classmethod
    def made(cls, **more): return cls(**more)
    @staticmethod
    def count(**more): return len(more)
class Derived(Thing):
    def __init__(self, **more): super().__init__(5, **more)
    def get(self, key, **more): return super().get(key, x=7)

def run(n):
    thing, total, got = Thing(1, y=3), 0, []
    get = thing.get
    for i in range(n):
        total += thing.get("x", x=i) + thing.get("y") + get("x", x=1, y=i) + thing(a=1) + thing()
        total += Thing(i, x=i).more["x"] + len(Thing().more) + Derived(y=i).get("x") + Thing.made(x=1).more["x"] + Thing.count(a=1, b=i)
        got.append(Thing(n=2, z=[i]).more)
    return total, got

show(run(3), run(60))

# === wrong_names: compiled=run
import traceback
from show import show

def takes(a, **more): return len(more)
def fails(a, **more):
    if more["x"] % 5 == 4: raise ValueError(more)
    return more["x"] // (more["x"] % 7)

def run(n):
    total, got = 0, []
    for i in range(n):
        try:
            total += takes(i, x=1)
            if i % 6 == 5: takes(i, a=1)
            if i % 6 == 4: takes(x=1)
            total += fails(i, x=i)
            if i % 6 == 3: fails(i)
        except (TypeError, ValueError, ZeroDivisionError, KeyError) as error:
            got.append((repr(error), [(t.f_code.co_name, line) for t, line in traceback.walk_tb(error.__traceback__)]))
    return total, got

show(run(80))

# === let_go: compiled=run
from show import show

class Noisy:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(self.n)

def takes(**more):
    log.append("in")
    return more["x"].n
def keeps(kept, **more): kept.append(more)
def drops(**more):
    del more["x"]
    log.append("dropped")
    return len(more)

def run(n):
    total, kept, thing = 0, [], Noisy(-1)
    for i in range(n):
        total += takes(x=Noisy(i), y=thing) + drops(x=Noisy(i + 1000), y=Noisy(i + 2000))
        keeps(kept, x=[i], y=Noisy(i + 3000))
        if len(kept) > 3: kept.pop(0)
        log.append("turn")
    return total, [sorted(k) for k in kept]

log = []
show(run(40), log)

# === their_frames: compiled=run
import sys
from show import show

def look(): return sorted(sys._getframe(1).f_locals["more"].items())
def takes(i, **more): return look() if i % 10 == 9 else more
def row(values, i, **more): return values[i % 3], more

def run(n):
    got, values = [], [[1], "two", 3.0]
    for i in range(n):
        got.append(takes(i, x=i, y=values[i % 3]))
        got.append(row(values, i, z=values[0], w=values[i % 2]))
    return got

def changed(n):
    global takes
    got = []
    for i in range(n):
        if i == 30: takes.__kwdefaults__ = {}
        if i == 50:
            def takes(i, **other): return "other"
        got.append(takes(i, x=1))
    return got

show(run(60), changed(80))
