"""Attributes of classes, static and class methods, setters of properties, classes without `__init__`, as a part of a trace."""

# === attributes_of_classes: compiled=run
from show import show

class Base:
    SIDES, RATE, NAME, NOTHING = 4, 2.5, "base", None
    row = [1, 2]
class Shape(Base):
    SIDES = 5
    class Inner:
        depth = 7

def run(n):
    total, words = 0, 0
    for i in range(n):
        total += Shape.SIDES * i + Base.SIDES + Shape.RATE + Shape.Inner.depth + Shape.row[i & 1]
        words += len(Shape.NAME) + (Shape.NOTHING is None) + (Shape.__name__ == "Shape")
    return total, words

show(run(3), run(60), run(500))

# === they_change: compiled=run
from show import show

class Base:
    limit, word = 3, "a"
class Derived(Base):
    pass
class Count:
    n = 0

def run(n):
    got = []
    for i in range(n):
        if i == 30: Base.limit = 4
        if i == 50: Derived.limit = 5
        if i == 70: del Derived.limit
        if i == 90: Base.word = [i]
        if i == 110: del Base.word
        try:
            got.append((Derived.limit, Base.limit, Derived.word))
        except AttributeError as error:
            got.append(str(error))
        Count.n += 1
        got.append(Count.n)
    return got

def counted(n):
    for i in range(n): Count.n += i
    return Count.n

show(run(130), counted(300))

# === methods_of_classes: compiled=run
from show import show

class Shape:
    made = 0
    def __init__(self, n): self.n = n
    @staticmethod
    def double(x, y=1): return x * 2 + y
    @classmethod
    def of(cls, x): return cls(x)
    @classmethod
    def name(cls, *args, **more): return cls.__name__, args, more
    length = staticmethod(len)
class Square(Shape):
    @classmethod
    def of(cls, x): return cls(x + 1)
    @staticmethod
    def double(x, y=2): return Shape.double(x, y=y) + 1

def run(n):
    shape, square, total, last = Shape(1), Square(2), 0, None
    for i in range(n):
        total += Shape.double(i) + shape.double(i, 3) + square.double(i) + Square.double(x=i)
        total += Shape.of(i).n + shape.of(i).n + square.of(i).n + Square.of(x=i).n + Shape.length("abc") + shape.length((i,))
        last = Square.name(i), square.name(a=i), type(square.of(i)).__name__
    return total, last

show(run(3), run(60), run(300))

# === shadowed: compiled=run
from show import show

class Shape:
    def __init__(self): pass
    @staticmethod
    def one(x): return x + 1
    @classmethod
    def two(cls, x): return x + 2

def other(x): return -x

def run(n):
    shapes, got = [Shape(), Shape()], []
    for i in range(n):
        shape = shapes[i & 1]
        if i == 40: shape.one = other
        if i == 60: shapes[1].two = other
        if i == 80: Shape.one = staticmethod(lambda x: x * 10)
        if i == 100: Shape.two = classmethod(lambda cls, x: (cls.__name__, x))
        if i == 120: Shape.two = lambda self, x: x
        if i == 140: del shapes[0].one
        got.append((shape.one(i), shape.two(i), Shape.one(i)))
    return got

show(run(160))

# === metaclasses: compiled=run
from enum import Enum, IntEnum
from show import show

class Color(Enum):
    RED, GREEN = 1, 2
    @classmethod
    def first(cls): return cls.RED
    @property
    def label(self): return self.name.lower()
class Level(IntEnum):
    LOW, HIGH = 1, 5
class Meta(type):
    hidden = 3
    @property
    def seen(cls): return cls.__name__
    def __getattr__(cls, name):
        if name == "missing": raise AttributeError(name)
        return name * 2
    def make(cls, x): return (cls.__name__, x)
class Made(metaclass=Meta):
    own = 1
    hidden = 4
class Loud(type):
    def __getattribute__(cls, name): return "loud " + name
class Noisy(metaclass=Loud):
    x = 1

def run(n):
    colors, got, total = [Color.RED, Color.GREEN], [], 0
    for i in range(n):
        color = colors[i & 1]
        total += color is Color.RED
        total += (color == Color.GREEN) + (color is Color.first()) + Level.HIGH * i + (Level.LOW < Level.HIGH)
        got.append((Made.own, Made.hidden, Made.seen, Made.other, Made.make(i), Noisy.x, color.label))
        if i == 50: Meta.own = property(lambda cls: "meta")
        try:
            if i % 6 == 5: Made.missing
        except AttributeError as error:
            total += len(str(error))
    return total, got

show(run(100))

# === descriptors: compiled=run
from show import show

class Plain:
    def __init__(self, n): self.n = n
class Given:
    def __get__(self, instance, owner): return (instance is None, owner.__name__)
class Holder:
    plain, given = Plain(5), Given()
    fixed = property(lambda self: 3)
    function = lambda *args: len(args)
    bound = "text".upper
    built = dict.fromkeys

def run(n):
    total, got = 0, []
    for i in range(n):
        total += Holder.plain.n + Holder.function(i) + Holder.function()
        got.append((Holder.given, type(Holder.fixed).__name__, Holder.bound(), Holder.built("ab")))
        if i == 50: Plain.__get__ = lambda self, instance, owner: Plain(100)
    return total, got

show(run(100))

# === setters: compiled=run
import traceback
from show import show

class Thing:
    def __init__(self): self._n, self.log = 0, []
    @property
    def n(self): return self._n
    @n.setter
    def n(self, value):
        if value % 7 == 6: raise ValueError(value)
        self._n = value + 1
    @property
    def fixed(self): return 1
    @property
    def odd(self): return self._n
    @odd.setter
    def odd(self, value):
        self._n = value
        return "something"
    def change(self, value): self._n = -value
class Derived(Thing):
    @Thing.n.setter
    def n(self, value): self._n = value * 10

def run(n):
    things, got = [Thing(), Derived()], []
    for i in range(n):
        thing = things[i % 5 == 4]
        try:
            thing.n = i
            thing.odd = thing.n + 1
            if i % 9 == 8: thing.fixed = 2
            thing.n += 1
        except (ValueError, AttributeError) as error:
            got.append((str(error), [(t.f_code.co_name, line) for t, line in traceback.walk_tb(error.__traceback__)]))
        got.append(thing._n)
        if i == 70: Thing.n = property(lambda self: 7, Thing.change)
    return got

show(run(100))

# === setters_let_go: compiled=run
from show import show

class Noisy:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(self.n)
class Thing:
    held = property(lambda self: self._held, lambda self, value: setattr(self, "_held", value))
    @property
    def lost(self): return None
    @lost.setter
    def lost(self, value): log.append("lost")

def run(n):
    thing = Thing()
    for i in range(n):
        thing.held = Noisy(i)
        thing.lost = Noisy(i + 1000)
        log.append("turn")
    return thing.held.n

log = []
show(run(40), log)

# === without_init: compiled=run
from show import show

class Empty:
    pass
class Base:
    def __new__(cls, *args): return object.__new__(cls)
class Odd(Base):
    pass
class Slots:
    __slots__ = ("x", "y")
class Fails(Exception):
    pass

def run(n):
    total, got = 0, []
    for i in range(n):
        thing = Empty()
        thing.x = i
        slots = Slots()
        slots.y = thing
        total += slots.y.x + isinstance(Odd(), Base) + len(Fails(i).args)
        try:
            if i % 5 == 4: Empty(i)
        except TypeError as error:
            got.append(str(error))
        if i == 50: Empty.__init__ = lambda self, *args: setattr(self, "z", args)
        if i == 70: del Empty.__init__
        got.append(sorted(vars(thing)))
    return total, got

show(run(3), run(100))

# === powers_and_quotients: compiled=run
from show import show

def run(n, xs, ys):
    got = []
    for i in range(n):
        x, y = xs[i % len(xs)], ys[i % len(ys)]
        try:
            q, r = divmod(x, y)
            got.append((q, r))
        except ZeroDivisionError as error:
            got.append(str(error))
        got.append(divmod(i, 7)[1] + divmod(-i, 7)[0] + divmod(i, -7)[0] + divmod(i, 0.5)[0])
    return got

def powers(n, xs):
    got = []
    for i in range(n):
        x = xs[i % len(xs)]
        for k in (0,):
            try:
                got.append((x**2, x**3, x**2.0, x**-1, x**0.5, x**0))
            except (ZeroDivisionError, OverflowError) as error:
                got.append(str(error))
    return got

def squares(n):
    total = 0.0
    for i in range(n): total += (i - 20.5) ** 2 + (i - 20.0) ** 3 - (20.0 - i) ** 2.0
    return total

big = 2**63
show(run(60, [7, -7, 0, big - 1, -big], [2, -2, 3, -1, 5]), run(60, [7.5, -7.5, 0.0, -0.0, 1e300], [2, -2.0, 0.1, 3]))
show(run(40, [big, 2**70, True, 7], [2, 3, True]), run(60, [1, 2, 3], [1, 2, 0, 0.0, float("inf"), float("nan")]))
show(powers(60, [1.5, -1.5, 0.0, -0.0, 1e200, -1e200, 1e-200, -1e-200, float("inf"), -float("inf"), 5e-324]), squares(3), squares(100))
show(str(powers(20, [float("nan"), 2.0, -2.0])), powers(40, [2, -2, 10**9, 0]))
