"""`super().method(...)`, instances that are called, what comprehensions build, items that are deleted, as a part of a trace."""

# === the_next_class: compiled=run
from show import show

class Base:
    def __init__(self, n=1): self.n = n
    def area(self, k): return self.n * k
    def name(self): return "base"
class Middle(Base):
    def __init__(self, n):
        super().__init__(n)
        self.m = n + 1
    def area(self, k): return super().area(k) + self.m
    def name(self): return "middle " + super().name()
class Last(Middle):
    def __init__(self, n): super().__init__(n=n)
    def area(self, k): return super(Last, self).area(k=k) * 2
    def name(self): return super().name() + "!"

def run(n):
    shape, total, words = Last(3), 0, 0
    for i in range(n):
        total += shape.area(i) + Last(i).m
        words += len(shape.name())
    return total, words, shape.n

show(run(3), run(70), run(1000))

# === diamonds: compiled=run
from show import show

class Root:
    def go(self, k): return [k]
class Left(Root):
    def go(self, k): return ["left"] + super().go(k)
class Right(Root):
    def go(self, k): return ["right"] + super().go(k + 1)
class Both(Left, Right):
    def go(self, k): return ["both"] + super().go(k)

def run(n, shapes):
    last, count = None, 0
    for i in range(n):
        last = shapes[i % len(shapes)].go(i)
        count += len(last)
    return last, count

show(run(50, [Both()]), run(50, [Left()]), run(200, [Both(), Left(), Right(), Root()]))

# === nothing_behind: compiled=run
from show import show

class Plain:
    def __init__(self, n):
        super().__init__()
        self.n = n
class Words(dict):
    def __init__(self, n):
        super().__init__(a=n)
        self.n = n
    def __getitem__(self, key): return super().__getitem__(key) + 1
    def get(self, key, *rest): return super().get(key, *rest)
class Odd:
    def __init__(self, n):
        super().__init__(n)

def run(n):
    total, words = 0, Words(5)
    for i in range(n):
        total += Plain(i).n + Words(i)["a"] + words.get("a") + (words.get("b") is None)
    return total

show(run(3), run(300))
def fails(n):
    count = 0
    for i in range(n):
        try:
            Odd(i)
        except TypeError as error:
            count += len(str(error))
    return count
show(fails(40))

# === properties_and_classes_by_super: compiled=run
from show import show

class Base:
    @property
    def size(self): return 7
    @classmethod
    def made(cls, k): return (cls.__name__, k)
    @staticmethod
    def fixed(k): return k + 1
    limit = 9
class Derived(Base):
    @property
    def size(self): return super().size + 1
    @classmethod
    def made(cls, k): return super().made(k) + (1,)
    @staticmethod
    def fixed(k): return k
    def old(self, k): return super().fixed(k) + super().limit + super().made(k)[1]

def run(n):
    thing, total, last = Derived(), 0, None
    for i in range(n):
        total += thing.size + thing.old(i)
        last = thing.made(i)
    return total, last

show(run(3), run(100))

# === the_next_class_changes: compiled=run
from show import show

class Base:
    def go(self, k): return k
class Middle(Base):
    pass
class Last(Middle):
    def go(self, k): return super().go(k) + 1

def other(self, k): return -k

def run(n):
    thing, got = Last(), []
    for i in range(n):
        if i == 40: Middle.go = other
        if i == 80: del Middle.go
        if i == 120: Base.go = lambda self, k: k * 10
        if i == 160: Middle.__bases__ = (Another,)
        got.append(thing.go(i))
    return got

class Another:
    def go(self, k): return "another"
    def __repr__(self): return "it"
class Another(Another):
    pass

def guarded(n):
    try:
        return run(n)
    except TypeError as error:
        return str(error)
show(guarded(200))

# === another_super: compiled=run
from show import show

class Base:
    def go(self, k): return k
class Last(Base):
    def go(self, k): return super().go(k) + 1
    def lost(self, k):
        self = k
        return super().go(k)

real = super
class Fake:
    def __init__(self, *args): pass
    def go(self, k): return 1000

def run(n):
    global super
    thing, got = Last(), []
    for i in range(n):
        if i == 50: super = Fake
        if i == 100: super = real
        got.append(thing.go(i))
    return got

def lost(n):
    thing, got = Last(), 0
    for i in range(n):
        try:
            got += thing.lost(i)
        except TypeError as error:
            got += len(str(error))
    return got

show(run(150), lost(60))

# === raises_behind_super: compiled=run
import traceback
from show import show

class Base:
    def go(self, k):
        if k % 7 == 3: raise KeyError(k)
        return k
class Last(Base):
    def go(self, k): return super().go(k) + 1
    def missing(self, k): return super().nothing(k)

def run(n):
    thing, total = Last(), 0
    for i in range(n):
        try:
            total += thing.go(i)
            if i % 11 == 5: thing.missing(i)
        except (KeyError, AttributeError) as error:
            log.append((str(error), [(t.f_code.co_name, line) for t, line in traceback.walk_tb(error.__traceback__)]))
    return total

log = []
show(run(80), log)

# === called: compiled=run
from show import show

class Scale:
    def __init__(self, k): self.k, self.calls = k, 0
    def __call__(self, x, y=1):
        self.calls += 1
        return self.k * x + y
class Twice(Scale):
    def __call__(self, *args): return super().__call__(*args) * 2
class Holder:
    def __init__(self, f): self.f = f
    def use(self, x): return self.f(x)

def run(n):
    scale, twice, total = Scale(3), Twice(2), 0
    holder = Holder(scale)
    for i in range(n):
        total += scale(i) + scale(i, 2) + twice(i) + holder.use(i) + scale(x=i, y=3) + twice.__call__(i)
    return total, scale.calls, twice.calls

show(run(3), run(60), run(500))

# === called_and_changed: compiled=run
from show import show

class One:
    def __init__(self): self.n = 0
    def __call__(self, x):
        self.n += 1
        return x
class Two:
    def __call__(self, x): return -x
class Nothing:
    pass

def run(n):
    things, got = [One(), One(), Two()], []
    for i in range(n):
        if i == 60: One.__call__ = lambda self, x: (x, self.n)
        if i == 90: things[1] = lambda x: x + 0.5
        if i == 120: things[0].__class__ = Nothing
        try:
            got.append(things[i % 3](i))
        except TypeError as error:
            got.append(str(error))
    return got

show(run(150))

# === called_and_raises: compiled=run
import sys, traceback
from show import show

class Moody:
    def __call__(self, x, values=[]):
        if x % 6 == 5: raise ValueError(x)
        if x % 9 == 8: return x // 0
        if x % 10 == 3: return x + 2**63
        return len(values) + x
class Deep:
    def __call__(self, x): return sys._getframe(1).f_code.co_name, sys._getframe().f_locals["x"]

def run(n):
    moody, deep, total, names = Moody(), Deep(), 0, set()
    for i in range(n):
        try:
            total += moody(i)
        except (ValueError, ZeroDivisionError) as error:
            log.append((str(error), [(t.f_code.co_name, line) for t, line in traceback.walk_tb(error.__traceback__)]))
        try:
            moody()
        except TypeError as error:
            total += len(str(error))
    for i in range(n):
        names.add(deep(i)[0])
    return total, names

log = []
show(run(100), log)

# === called_and_let_go: compiled=run
from show import show

class Noisy:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(self.n)
class Maker:
    def __call__(self, x, keep=None): return Noisy(x)
class Taker:
    def __call__(self, x): return x.n
class Once:
    def __init__(self, n): self.n = n
    def __call__(self): return self.n
    def __del__(self): log.append(-self.n)

def run(n):
    make, take, total = Maker(), Taker(), 0
    for i in range(n):
        total += take(Noisy(i))
        total += take(make(i + 1000))
        kept = make(i + 2000)
        total += Once(i)()
        log.append("turn")
    return total

log = []
show(run(40), log)

# === metaclass_calls: compiled=run
from show import show

class Meta(type):
    def __call__(cls, *args): return (cls.__name__, args)
class Made(metaclass=Meta):
    pass
class Counted(type):
    def __call__(cls, x):
        made = super().__call__(x)
        made.count = x
        return made
class Thing(metaclass=Counted):
    def __init__(self, x): self.x = x

def run(n):
    last, total = None, 0
    for i in range(n):
        last = Made(i)
        total += Thing(i).count
    return last, total

show(run(5), run(100))

# === comprehensions: compiled=run
from show import show

class Key:
    def __init__(self, n): self.n = n
    def __hash__(self):
        if self.n % 13 == 12: raise KeyError(self.n)
        return self.n % 5
    def __eq__(self, other): return self.n == other.n

def run(n):
    squares = {i: i * i for i in range(n)}
    digits = {i % 10 for i in range(n)}
    words = {str(i): [i] for i in range(n) if i % 3}
    return squares, sorted(digits), words

def fails(n):
    got = []
    for start in range(n):
        try:
            got.append(len({Key(i) for i in range(start, start + 5)}))
        except KeyError as error:
            got.append(str(error))
        try:
            got.append(len({Key(i): i for i in range(start, start + 5)}))
        except KeyError as error:
            got.append(str(error))
    return got

def unhashable(n):
    got = 0
    for i in range(n):
        try:
            {[] if j == 5 else j for j in range(8)}
        except TypeError as error:
            got += len(str(error))
    return got

show(run(3), run(40), fails(40), unhashable(20))

# === deleted: compiled=run
from show import show

class Items:
    def __init__(self): self.gone = []
    def __delitem__(self, key):
        if key % 7 == 6: raise IndexError(key)
        self.gone.append(key)
class Noisy:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(self.n)

def run(n):
    table, items, row = {}, Items(), list(range(n))
    for i in range(n):
        table[i] = Noisy(i)
        if i > 2:
            del table[i - 3]
            log.append("deleted")
        try:
            del items[i]
            if i % 5 == 4: del table[-1]
        except LookupError as error:
            log.append(repr(error))
        if len(row) > 5: del row[-1], row[1:3]
    return sorted(table), items.gone, row

log = []
show(run(60), log)

# === names_that_are_looked_at: compiled=run
from show import show

log = []

class Loud(type):
    def __getattribute__(cls, name):
        log.append(name)
        return type.__getattribute__(cls, name)

class Items(list, metaclass=Loud):
    pass

class function:
    @property
    def __name__(self):
        log.append("name")
        return "f"

    def __getattr__(self, name):
        log.append(name)
        raise AttributeError(name)

    def __call__(self, x):
        return (lambda: x + 1)()

class Made(metaclass=Loud):
    def __init__(self, x):
        self.x = x

def run(items, call, n):
    total, turn = 0, items.reverse
    for i in range(n):
        items.append(i)
        turn()
        total += call(i) + len(items)
        Made(i)
    return total

show(run(Items(), function(), 60), log)
