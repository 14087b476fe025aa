"""Calls to Python code and to builtins: their arguments, their errors, and callees that change what the loop relies on."""

# === kinds_of_callees: compiled=run
from show import show

def plain(x):
    return x + 1

class Thing:
    factor = 3

    def __init__(self, x=0):
        self.x = x

    def method(self, x):
        self.x += x
        return self.x * self.factor

    @staticmethod
    def static(x):
        return x * 2

    @classmethod
    def of_class(cls, x):
        return cls.factor + x

    def __call__(self, x):
        return x - 1

    @property
    def prop(self):
        return self.x

def run(n):
    thing = Thing()
    twice = lambda x: 2 * x
    bound = thing.method
    total = 0
    for i in range(n):
        total += plain(i) + twice(i) + thing.method(i) + bound(1) + Thing.static(i) + thing.static(i) + Thing.of_class(i)
        total += thing(i) + thing.prop + abs(-i) + max(i, 3) + min(i, 3) + int(i * 0.5) + len(str(i)) + Thing(i).x + divmod(i, 7)[1]
        total += round(i * 0.3) + pow(i, 2, 7) + ord(chr(i + 40)) + isinstance(i, int) + (not callable(i)) + hash(i)
    return total, thing.x

show(run(20), run(200))

# === argument_forms: compiled=run
from show import show

def keywords(a, b=2, *, c=3, d):
    return a + 10 * b + 100 * c + 1000 * d

def starred(*args, **names):
    return sum(args) + sum(names.values()) + len(args) * 10000

def positional(a, /, b, c=7):
    return a - b * c

def run(n):
    total = 0
    extra = (4, 5)
    named = {"d": 6}
    for i in range(n):
        total += keywords(i, d=1) + keywords(i, 3, c=i, d=2) + keywords(b=1, a=i, d=i) + keywords(i, **named)
        total += starred() + starred(i) + starred(i, *extra) + starred(*extra, i, k=i, **named)
        total += positional(i, 2) + positional(i, b=i) + positional(*extra, c=i)
    return total

show(run(10), run(150))

# === wrong_calls: compiled=run
from show import error, show

def two(a, b):
    return a + b

calls = [lambda i: two(i), lambda i: two(i, i, i), lambda i: two(i, c=1), lambda i: two(i, a=1, b=2), lambda i: (5)(i), lambda i: None.missing,
         lambda i: len(i), lambda i: missing(i), lambda i: i.missing, lambda i: int("x%d" % i), lambda i: [][i], lambda i: {}[i], lambda i: two(None, i)]

def run(n, call, bad):
    total = 0
    for i in range(n):
        try:
            if i == bad:
                total += call(i)
            total += two(i, 1)
        except Exception as problem:
            print(error(problem))
    show(total)

for call in calls:
    run(60, call, 55)
for bad in (lambda: two(1), lambda: (5)(2), lambda: missing(3)):
    for i in range(30):
        try:
            bad()
        except Exception as problem:
            text = error(problem)
    print(text)

# === raising_now_and_then: compiled=run raises
from show import error, show

def moody(i):
    if i % 13 == 12:
        raise LookupError("moody", i)
    return i * 0.5

def run(n):
    total = 0
    errors = 0
    for i in range(n):
        try:
            total += moody(i)
        except LookupError as problem:
            errors += problem.args[1]
    return total, errors

show(run(100))

def unguarded(n):
    total = 0
    for i in range(n):
        total += (
            moody(i * 13)
            + moody(
                i
            )
        )
    return total

show(unguarded(12))
for attempt in range(3):
    try:
        unguarded(40)
    except LookupError as problem:
        trace = problem.__traceback__.tb_next
        show(trace.tb_lineno, sorted(trace.tb_frame.f_locals.items()), trace.tb_lasti > 0)
unguarded(40)

# === arguments_are_evaluated_in_order: compiled=run
from show import show

order = []

def note(x):
    order.append(x)
    return x

def run(n):
    total = 0
    for i in range(n):
        total += note(i) * note(2) - note(3.5) // (note(i) + 1)
        total = note(total) if note(i % 2) else total + note(-1)
    return total

show(run(30), len(order), order[:20], order[-20:])

# === operand_stack_across_calls: compiled=run
from show import show

def boom(i):
    if i % 20 == 19:
        raise ValueError(i)
    return i

def run(n):
    total = 0
    for i in range(n):
        try:
            total += (i + 1) * ((i + 2) - (i * 0.5) * (boom(i) + len([i, (i, boom(i)), {i: boom(i)}])))
            parts = [i, i + 0.5, (total, boom(i)), {"key": i * 2}, f"{i}:{boom(i):>4}"]
        except ValueError as problem:
            total += problem.args[0]
    return total, parts

show(run(15), run(150))

# === function_is_rebound: compiled=run
from show import show

def step(x):
    return x + 1

def other(x):
    return x * 0.5

def change(i):
    global step
    if i == 50:
        step = other
    elif i == 70:
        step = abs
    elif i == 90:
        step = lambda x: -x

def run(n):
    total = 0
    for i in range(n):
        change(i)
        total += step(i)
    return total

show(run(100), run(20))

# === code_of_the_function_is_replaced: compiled=run
from show import show

def step(x, y=1):
    return x + y

def other(x, y=5):
    return x * y

def change(i):
    if i == 40:
        step.__code__ = other.__code__
    elif i == 60:
        step.__defaults__ = (7,)
    elif i == 80:
        step.__defaults__ = None

def run(n):
    total = 0
    for i in range(n):
        change(i)
        try:
            total += step(i)
        except TypeError as problem:
            show(i, str(problem))
            break
    return total

show(run(100))

# === method_and_class_change: compiled=run
from show import show

class Thing:
    scale = 2

    def value(self, i):
        return i * self.scale

class Other:
    scale = 0.5

    def value(self, i):
        return -i

def change(i, thing):
    if i == 30:
        Thing.value = lambda self, i: i + self.scale
    elif i == 50:
        Thing.scale = 100
    elif i == 60:
        thing.scale = 7
    elif i == 80:
        thing.value = lambda i: 1
    elif i == 90:
        del thing.value
        thing.__class__ = Other

def run(n):
    thing = Thing()
    total = 0
    for i in range(n):
        change(i, thing)
        total += thing.value(i)
    return total

show(run(110))

# === module_attribute_changes: compiled=run
import math
import types
from show import show

tools = types.ModuleType("tools")
tools.f = math.sqrt
tools.k = 3

def change(i):
    if i == 40:
        tools.f = lambda x: x + 1
    elif i == 60:
        tools.k = 0.25
    elif i == 70:
        tools.__dict__["k"] = 2**70
    elif i == 90:
        del tools.f

def run(n):
    total = 0
    for i in range(n):
        change(i)
        total += tools.f(i) * tools.k + math.floor(math.pi * i)
    return total

show(run(85))
tools.f = math.sqrt
try:
    run(100)
except AttributeError as problem:
    show(str(problem), problem.__traceback__.tb_next.tb_lineno)

# === module_getattr_and_lazy_modules: compiled=run
import types
from show import show

class Lazy(types.ModuleType):
    def __getattr__(self, name):
        Lazy.count += 1
        return lambda x: x + Lazy.count

Lazy.count = 0
lazy = Lazy("lazy")
plain = types.ModuleType("plain")
plain.__getattr__ = lambda name: len(name)

def run(n):
    total = 0
    for i in range(n):
        total += lazy.f(i) + plain.anything
        if i == 50:
            plain.anything = 1000
    return total

show(run(80), Lazy.count)

# === descriptors_and_attributes: compiled=run
from show import show

class Point:
    __slots__ = ("x", "y", "log")

    def __init__(self):
        self.x, self.y, self.log = 0, 0.5, 0

    def __getattr__(self, name):
        self.log += 1
        return 1

class Watched:
    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)
        object.__setattr__(self, "writes", self.__dict__.get("writes", 0) + 1)

def run(n):
    p, w = Point(), Watched()
    for i in range(n):
        p.x += i
        p.y = p.y * 0.5 + p.x
        w.value = p.x + p.missing
        w.value += 1
    return p.x, p.y, p.log, w.value, w.writes

show(run(20), run(200))

# === containers: compiled=run
from show import error, show

def run(n):
    values = [0] * 16
    names = {}
    text = ""
    problems = 0
    for i in range(n):
        values[i % 16] += i
        values[-1] = values[i & 7] * 2 % 1001
        names[i % 5] = names.get(i % 5, 0) + i
        text = text[-20:] + "%x" % (i & 15)
        try:
            values[i] += 1
            names[i] += 1
        except (IndexError, KeyError):
            problems += 1
        if i in names and i not in values:
            problems += 100
        head, *rest = values
        part = values[2:5]
    return values, sorted(names.items()), text, problems, head, len(rest), part

show(run(20), run(200))

# === strings_and_bytes: compiled=run
from show import show

def run(text, n):
    total = 0
    word = ""
    for c in text * n:
        if c == "a":
            total += 1
        elif c > "m":
            total += ord(c)
        word = c + word[:8]
    for b in text.encode() * n:
        total ^= b
    return total, word

show(run("abracadabra", 1), run("the quick brown fox", 20))

# === callee_returns_many_types: compiled=run
from show import show

results = [1, 2.5, True, None, "text", 2**70, (), -0.0, [1], False]

def give(i):
    return results[i // 9 % len(results)]

def run(n):
    ints = floats = others = 0
    for i in range(n):
        x = give(i)
        if x is None:
            others += 1
        elif x is True or x is False:
            others += 10
        elif isinstance(x, int):
            ints += x
        elif isinstance(x, float):
            floats += x
        elif x:
            others += 100
        y = x
    return ints, floats, others, y

show(run(8), run(90), run(300))

# === comparisons_return_anything: compiled=run
from show import show

class Vector:
    def __init__(self, x):
        self.x = x

    def __lt__(self, other):
        return Vector(self.x - other)

    def __eq__(self, other):
        return "equal"

    def __bool__(self):
        if self.x == 47:
            raise ArithmeticError("no truth in 47")
        return self.x % 3 == 0

    def __len__(self):
        return self.x

def run(n, limit):
    yes = 0
    for i in range(n):
        v = Vector(i)
        if v < limit:
            yes += 1
        if v == i:
            yes += 1000
        if not v:
            yes += 10**6
        w = v and i
    return yes, type(w).__name__

show(run(40, 2))
for limit in (2, 3, 0):
    try:
        run(100, limit)
    except ArithmeticError as problem:
        show(str(problem), [entry.tb_lineno for entry in (problem.__traceback__, problem.__traceback__.tb_next)])

# === generator_consumed_by_builtins: compiled=run
from show import show

def run(n):
    total = 0
    for i in range(n):
        total += sum(j for j in range(i % 5)) + max([i, 3]) + sorted((i % 7, 3, 1))[1] + any(j > 3 for j in range(i % 6))
    return total

show(run(20), run(100))

# === star_import_names_and_decorators: compiled=run
import functools
from show import show

def doubled(function):
    @functools.wraps(function)
    def wrapper(*args):
        return 2 * function(*args)
    return wrapper

@doubled
@functools.lru_cache(maxsize=16)
def slow(x):
    return x * x

partial = functools.partial(pow, 3)

def run(n):
    total = 0
    for i in range(n):
        total += slow(i % 20) + partial(i % 10)
    return total

show(run(20), run(200))

# === keywords_and_an_exit_at_the_call: compiled=run
# The guard on what waits below the call leaves before the names are set up.
def f(*args, a=None):
    return 100 * len(args) + a if a is not None else -1

def run(xs):
    total = 0
    for x in xs:
        total = x + f(a=5)
    return total

print(run([0.5] * 100), run([0.5] * 100 + [7]), run([0.5] * 90 + [2**70]))
