"""Small Python functions that loops call: what they may notice of their callers, and what may happen to them while the loop runs."""

# === frames_below: compiled=run
import sys
from show import show

def inner(i, *rest, word="w", **more):
    own = i * 2
    if i % 31 == 30:
        frame = sys._getframe()
        while frame.f_code.co_name != "<module>":
            show(frame.f_code.co_name, frame.f_lineno, sorted(frame.f_locals.items()), frame.f_back.f_lineno)
            frame = frame.f_back
    return own + len(rest) + len(word) + len(more)

def middle(i, scale=3):
    part = inner(i, 1, 2)
    part += inner(i,
                  word="long",
                  extra=scale)
    return part * scale

class Thing:
    def __init__(self, value): self.value = inner(value) & 7
    def method(self, by): return middle(by) + self.value
    @property
    def size(self): return inner(self.value)
    def __add__(self, other): return inner(other, self.value)

def run(n):
    total = 0
    for i in range(n):
        thing = Thing(i)
        total += thing.method(i) + thing.size
        total ^= (thing
                  + i)
        total += (lambda x: inner(x, x))(i)
    return total

show(run(20), run(100))

# === frames_kept_by_callees: compiled=run
import sys
from show import show

def keep(i):
    own = [i]
    if i % 20 == 7: frames.append(sys._getframe())
    if i % 20 == 9: frames.append(sys._getframe(1))
    own.append(i + 1)
    return len(own)

def wrap(i):
    mark = i * 10
    got = keep(i) + mark
    mark = None
    return got

def run(n):
    total = 0
    for i in range(n):
        total += wrap(i)
    return total

frames = []
show(run(60))
for frame in frames:
    back = frame.f_back
    show(frame.f_code.co_name, frame.f_lineno, sorted(frame.f_locals.items()), back and back.f_code.co_name)

# === tracebacks_through_callees
from show import show

def deep(depth, i):
    if depth:
        return (1 +
                deep(depth - 1, i))
    if i % 9 == 4:
        raise ValueError(i)
    return {1: 2}[i % 9 and 1]

def wrapped(i):
    try:
        return deep(2, i)
    except ValueError as problem:
        raise KeyError(i) from problem

def cleaned(i):
    try:
        return wrapped(i)
    finally:
        log.append(i) if i % 50 == 4 else None

def story(problem):
    parts = []
    while problem is not None:
        trace, lines = problem.__traceback__, []
        while trace:
            lines.append((trace.tb_frame.f_code.co_name, trace.tb_lineno, trace.tb_frame.f_locals.get("i")))
            trace = trace.tb_next
        parts.append((type(problem).__name__, lines))
        problem = problem.__cause__ or problem.__context__
    return parts

def run(n):
    total = 0
    for i in range(n):
        try:
            total += cleaned(i)
        except KeyError as problem:
            total -= 1
            if i % 25 in (0, 4): log.append(story(problem))
    return total

log = []
show(run(10), log)
del log[:]
show(run(300), log)

# === uncaught_in_a_callee: compiled=run raises
def inner(i):
    x = 100 - i
    return 5 // x

def outer(i):
    return inner(i) + inner(i)

def run(n):
    total = 0
    for i in range(n):
        total += outer(
            i
        )
    return total

print(run(90))
run(200)

# === the_limit_of_recursion_is_exact: compiled=run
import sys
from show import show

def three(i): return two(i) + 1
def two(i): return one(i) + 1
def one(i): return i

def run(n):
    total, caught = 0, 0
    for i in range(n):
        try:
            total += three(i)
        except RecursionError:
            caught += 1
    return total, caught

def at_depth(depth):
    try:
        return at_depth(depth - 1) if depth else run(60)
    except RecursionError:
        return "too deep for the loop"

def base():
    frame, depth = sys._getframe(), 0
    while frame: frame, depth = frame.f_back, depth + 1
    return depth

run(100)
before = sys.getrecursionlimit()
sys.setrecursionlimit(base() + 60)
try:
    results = [at_depth(depth) for depth in range(50, 64)]
finally:
    sys.setrecursionlimit(before)
show(results)

# === recursion_in_the_loop: compiled=run
from show import show

def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
def even(n): return True if n == 0 else odd(n - 1)
def odd(n): return False if n == 0 else even(n - 1)
def ackermann(m, n): return n + 1 if not m else ackermann(m - 1, 1) if not n else ackermann(m - 1, ackermann(m, n - 1))

def run(n):
    total = 0
    for i in range(n):
        total += fib(i % 9) + even(i % 13) + ackermann(i % 3, i % 4)
    return total

show(run(4), run(200))

# === functions_change_while_they_run: compiled=run
from show import show

def first(x, y=1): return x + y
def second(x, y=2): return x * y
def keyed(x, *, z=3): return x - z

class Thing:
    rate = 2
    def get(self, x):
        if x == 61: Thing.get = lambda self, x: -x
        return x * self.rate
    @property
    def size(self): return self.rate

def change(i):
    global first, second
    if i == 20: first.__code__ = second.__code__
    elif i == 25: first.__defaults__ = (7,)
    elif i == 30: first, second = second, first
    elif i == 35: keyed.__kwdefaults__ = {"z": 10}
    elif i == 40: Thing.rate = 5
    elif i == 45: thing.rate = 6
    elif i == 50: Thing.size = 9
    elif i == 52: del Thing.size; thing.size = 10
    elif i == 55: first.__defaults__ = None
    elif i == 58: first.__defaults__ = (1,)
    elif i == 65: del thing.rate
    elif i == 70: keyed.__kwdefaults__ = None
    return 0

def run(n):
    total, missed = 0, 0
    for i in range(n):
        total += change(i)
        try:
            total = total * 3 + first(i) + second(i) & 0xFFFFFF
            total += keyed(i) + thing.get(i) + thing.size
        except TypeError:
            missed += 1
    return total, missed

thing = Thing()
show(run(100))

# === callees_that_change_themselves_in_the_middle: compiled=run
import sys
from show import show

def other(i): return i + 1000

def changing(i):
    before = i * 2
    if i in (30, 60):
        changing.__code__, other.__code__ = other.__code__, changing.__code__
    return before + i

class A:
    def step(self, i):
        if i == 40: self.__class__ = B
        if i == 50: del self.value
        if i == 52: self.value = "text"
        if i == 55: self.value = 2
        return self.tail(i)
    def tail(self, i): return i + getattr(self, "value", 0) * 2 if not isinstance(getattr(self, "value", 0), str) else 5

class B(A):
    def tail(self, i):
        if i == 70: self.__class__ = A
        return -i

def run(n):
    total = 0
    a.value = 1
    for i in range(n):
        total += changing(i)
        total ^= a.step(i)
    return total

a = A()
show(run(20), run(100))

# === arguments_of_every_kind: compiled=run
from show import error, show

def plain(a, b): return a * 10 + b
def default(a, b=2, c=3): return a * 100 + b * 10 + c
def only(a, /, b, *, c, d=4): return a * 1000 + b * 100 + c * 10 + d
def rest(a, *more): return a * 10 + sum(more)
def words(a, **more): return a + sum(more.values()) + len("".join(more))
def everything(a, b=1, /, c=2, *more, d=3, **words): return a + b * 2 + c * 3 + len(more) * 5 + d * 7 + len(words) * 11

def run(n):
    total, wrong = 0, 0
    for i in range(n):
        x = i & 3
        total += plain(x, i) + plain(b=i, a=x) + plain(*(x, 1)) + plain(**{"a": x, "b": 2})
        total += default(x) + default(x, i) + default(x, c=i) + default(c=1, b=2, a=i)
        total += only(x, 1, c=2) + only(x, b=i, c=3, d=x)
        total += rest(x) + rest(x, 1) + rest(x, 1, i) + rest(*[x, i, 3]) + rest(x, *range(x))
        total += words(x) + words(x, p=1) + words(i, q=x, r=3) + words(a=x, **{"z": i})
        total += everything(x) + everything(x, 1, 2, 3, 4, d=x, e=5) + everything(i, c=x, f=1, g=2)
        total &= 0xFFFFFFF
        if i % 20 == 19:
            for k, bad in enumerate(BAD):
                try: bad(i)
                except TypeError as problem: wrong += len(error(problem)) * k
    return total, wrong

BAD = [lambda i: plain(i), lambda i: plain(i, 1, 2), lambda i: plain(i, a=1), lambda i: default(), lambda i: only(a=1, b=2, c=3), lambda i: only(1, 2)]
BAD += [lambda i: only(1, 2, 3, c=4), lambda i: words(1, 2), lambda i: plain(*i), lambda i: words(1, **{1: 2}), lambda i: words(1, a=2), lambda i: everything(b=1)]
show(run(3), run(100))

# === arguments_are_their_own_objects: compiled=run
from show import show

def rest(*more):
    tuples.append(more)
    return len(more)

def words(**more):
    more["extra"] = len(more)
    dicts.append(more)
    return more

def mutable(x, seen=[]):
    seen.append(x)
    return len(seen)

def run(n):
    total = 0
    for i in range(n):
        pair = (i, i + 1)
        given = {"a": i}
        total += rest(*pair) + rest(i) + mutable(i)
        total += words(**given)["extra"] + len(given)
        if tuples[-2] is pair: total += 1
    return total

tuples, dicts = [], []
show(run(50), tuples[-4:], dicts[-2:], mutable.__defaults__[0][-3:], len({id(d) for d in dicts}))

# === closures_and_cells: compiled=run
from show import show

def counter(start):
    value = start
    def add(by=1):
        nonlocal value
        value += by
        return value
    def read(): return value
    def drop():
        nonlocal value
        del value
    return add, read, drop

def run(n):
    local = 0
    def bump():
        nonlocal local
        local += 2
        return local
    adders = [lambda x, k=k: x + k + local for k in range(3)]
    add, read, drop = counter(5)
    total, unbound = 0, 0
    for i in range(n):
        total += bump() + add(i & 3) + read()
        local -= i % 3
        total += adders[i % 3](i)
        if i % 40 == 39:
            drop()
            try: read()
            except NameError as problem: unbound += len(str(problem))
            add, read, drop = counter(i)
        total &= 0xFFFFFF
    return total, local, unbound

show(run(5), run(200))

# === deaths_around_calls
import weakref
from show import show

class Named:
    def __init__(self, name):
        self.name = name
        references.append(weakref.ref(self, lambda _: dead.append(f"weak {name}")))
    def __del__(self): dead.append(self.name)
    def __add__(self, other): return Named(f"{self.name}+{other.name}")
    def method(self):
        dead.append(f"in {self.name}")
        return 1

def swap(a, b):
    a = Named("new a")
    dead.append("swap")
    b = a
    del a
    return b

def passing(x): return x
def dropping(x):
    x = None
    dead.append("dropped")
def raising(x):
    y = Named("y")
    raise ValueError

def run(n):
    for i in range(n):
        swap(Named("first"), Named("second"))
        kept = passing(Named("kept"))
        dropping(Named("temporary"))
        dropping(kept)
        Named("bound").method()
        other = Named("p") + Named("q")
        try: raising(Named("argument"))
        except ValueError: dead.append("caught")
        kept = other
        dead.append(i)
    return len(dead)

dead, references = [], []
show(run(2), dead)
del dead[:]
size = run(60)
each = size // 60
show(size, dead[-each:], all(dead[k * each + each - 1] == k for k in range(60)), dead[each : 2 * each - 1] == dead[-each:-1])

# === making_instances: compiled=run
import collections
import dataclasses
import enum
from show import error, show

class Plain:
    def __init__(self, x, y=2): self.x, self.y = x, y
class Slots:
    __slots__ = ("x", "y")
    def __init__(self, x): self.x = x
class Child(Plain):
    def __init__(self, x):
        super().__init__(x + 1)
        self.z = 5
class Made:
    def __new__(cls, x): return object.__new__(cls) if x % 3 else Plain(x)
    def __init__(self, x): self.x = -x
class Bad:
    def __init__(self, x):
        if x % 5 == 2: raise ValueError(x)
    def wrong(self): pass
class Returns:
    def __init__(self, x): return x or None
class Meta(type):
    def __call__(cls, x): return super().__call__() if x & 1 else x
class WithMeta(metaclass=Meta): x = 7
class Bare: pass
class Number(int): pass
Pair = collections.namedtuple("Pair", "x y")
@dataclasses.dataclass
class Data:
    x: int
    y: float = 0.5
class Color(enum.Enum):
    RED, GREEN = 1, 2

def run(n):
    total, problems = 0, 0
    for i in range(n):
        for make in makers:
            try:
                made = make(i)
            except (TypeError, ValueError) as problem:
                problems += len(error(problem))
                continue
            total += getattr(made, "x", 3) if not isinstance(made, int) else made
        plain = Plain(i, y=i)
        total += plain.x + plain.y + Child(i).z + Pair(i, 1).y + Data(i).y
        total += len(vars(plain)) + (Data(i) == Data(i)) + (Color(1 + i % 2) is Color.RED)
    return total, problems

makers = [Plain, Slots, Child, Made, Bad, Returns, WithMeta, Number, Data, lambda i: Pair(i, 2), lambda i: Bare()]
show(run(3), run(120))

# === operators_of_every_kind: compiled=run
from show import show

class Vector:
    __slots__ = ("x", "y")
    def __init__(self, x, y): self.x, self.y = x, y
    def __add__(self, other):
        if not isinstance(other, Vector): return NotImplemented
        return Vector(self.x + other.x, self.y + other.y)
    def __radd__(self, other): return Vector(other + self.x, self.y)
    def __iadd__(self, other):
        self.x += other.x
        return self
    def __mul__(self, by): return Vector(self.x * by, self.y * by) if isinstance(by, (int, float)) else self.x * by.x + self.y * by.y
    __rmul__ = __mul__
    def __neg__(self): return Vector(-self.x, -self.y)
    def __abs__(self): return (self.x * self.x + self.y * self.y) ** 0.5
    def __eq__(self, other): return (self.x, self.y) == (other.x, other.y) if isinstance(other, Vector) else NotImplemented
    def __lt__(self, other): return self.x < other.x
    def __bool__(self): return self.x % 5 != 0
    def __len__(self): return 2
    def __getitem__(self, key): return (self.x, self.y)[key]
    def __setitem__(self, key, value):
        if key == 0: self.x = value
        else: self.y = value
    def __contains__(self, value): return value == self.x
    def __iter__(self):
        yield self.x
        yield self.y
    def __call__(self, by): return self.x + by
    def __index__(self): return int(self.x) & 3
    def __matmul__(self, other): return self.x - other.x
    def __hash__(self): return 5
    def __enter__(self): return self
    def __exit__(self, *problem): return True

def run(n):
    total, v, items = 0, Vector(1, 2.5), [10, 20, 30, 40]
    for i in range(n):
        w = Vector(i, 1)
        v = v + w if v else v * 0.5 + w
        v += w
        total += abs(-v) + v * w + (3 * w).x + (5 + w).x
        if v == w or v != v or v < w or w > v: total += 1
        if v == 3: total += 100
        v[0] = v[0] % 100
        a, b = v
        total += a + len(v) + (7 in w) + w(i) + items[w] + (v @ w)
        if not w: continue
        with w as held:
            total += held.x
            if i % 10 == 3: raise ValueError
        try:
            w + "text"
        except TypeError:
            total += 0.5
        total %= 1e6
    return total, v.x, v.y

show(run(3), run(150))

# === special_methods_that_answer_wrongly: compiled=run
from show import error, show

class Odd:
    def __init__(self, i): self.i = i
    def __bool__(self): return self.i % 7 if self.i % 7 > 1 else self.i % 7 == 1
    def __len__(self): return self.i % 5 - 1
    def __index__(self): return "x" if self.i % 3 else 1
    def __iter__(self): return 5 if self.i % 3 else iter((1,))
    def __getitem__(self, key): return [1][self.i % 2]
    def __eq__(self, other): return NotImplemented
    def __lt__(self, other): raise KeyError(self.i)
    def __hash__(self): return "h"
    def __add__(self, other): return NotImplemented
    def __radd__(self, other): return None
    def __call__(self, a): return a
    def __contains__(self, x): return [] if x & 1 else [x]

def run(n):
    total, seen = 0, {}
    for i in range(n):
        odd, pair = Odd(i), (i, i)
        for number, way in enumerate(WAYS):
            try:
                got = way(odd, i)
                total += got if isinstance(got, int) else 3
            except Exception as problem:
                seen[number] = error(problem).replace(str(i), "N")
                total += len(seen)
    return total, sorted(seen.items())

WAYS = [lambda o, i: 1 if o else 2, lambda o, i: len(o), lambda o, i: [1, 2][o], lambda o, i: sum(o), lambda o, i: o[0], lambda o, i: o == i, lambda o, i: o < i]
WAYS += [lambda o, i: {o: 1}, lambda o, i: o + o, lambda o, i: i + o, lambda o, i: o(), lambda o, i: i in o, lambda o, i: o.none, lambda o, i: o - 1, lambda o, i: -o]
show(run(10), run(60))

# === iterators_written_in_python: compiled=run
from show import error, show

class Count:
    def __init__(self, n): self.n, self.at = n, 0
    def __iter__(self): return self
    def __next__(self):
        self.at += 1
        if self.at > self.n: raise StopIteration(self.at)
        if self.at == 30: raise ValueError(self.at)
        return self.at

class Sequence:
    def __init__(self, n): self.n = n
    def __getitem__(self, k):
        if k >= self.n: raise IndexError
        return k * 2

def pairs(source):
    for x in source:
        yield x, x + 1
        try:
            yield next(source), 0
        except StopIteration:
            return

def run(n):
    total = 0
    for i in range(n):
        for x in Count(i % 6): total += x
        for x in Sequence(i % 4): total += x
        for x, y in pairs(Count(i % 5)): total += x * y
        try:
            for x in Count(i): total ^= x
        except ValueError as problem:
            total += problem.args[0]
        a, *b = Count(3)
        total += sum(Count(2)) + max(Sequence(3)) + a + len(b) + (2 in Count(4)) + len([*zip(Count(3), Sequence(5))])
    return total

show(run(4), run(80))

# === handled_exceptions_seen_by_callees: compiled=run
import sys
from show import error, show

def current(): return type(sys.exception()).__name__
def again():
    raise
def swallow():
    try: raise KeyError
    except KeyError: return current()

def run(n):
    names = {}
    for i in range(n):
        seen = [current()]
        try:
            try:
                if i % 3: raise ValueError(i)
                seen.append(swallow())
            except ValueError:
                seen += [current(), swallow(), current()]
                again()
        except ValueError as problem:
            seen.append((len(problem.__traceback__.tb_frame.f_locals), problem.args[0] == i, problem.__context__ is None))
        finally:
            seen.append(current())
        try: again()
        except RuntimeError as problem: seen.append(str(problem))
        names[str(seen)] = names.get(str(seen), 0) + 1
    return names

show(sorted(run(5).items()), sorted(run(200).items()))

# === watched_callees: compiled=run
import sys
from show import show

monitoring = sys.monitoring
events = monitoring.events

def leaf(x): return x + 1
def branch(x):
    if x & 1: return leaf(x)
    return leaf(x) * 2

def run(n, change):
    total = 0
    for i in range(n):
        change(i)
        total += branch(i)
    return total

def local_events(i):
    if i == 30: monitoring.set_local_events(3, leaf.__code__, events.PY_START | events.LINE)
    elif i == 34: monitoring.set_local_events(3, leaf.__code__, 0)
    elif i == 40: monitoring.set_local_events(3, branch.__code__, events.PY_RETURN)
    elif i == 44: monitoring.set_local_events(3, branch.__code__, 0)

def global_events(i):
    if i == 30: monitoring.set_events(3, events.PY_START | events.PY_RETURN)
    elif i == 33: monitoring.set_events(3, 0)

def tracing(i):
    if i == 30: sys.settrace(watch)
    elif i == 33: sys.settrace(None)

def profiling(i):
    if i == 30: sys.setprofile(watch)
    elif i == 33: sys.setprofile(None)

def watch(frame, event, arg):
    if frame.f_code.co_name in ("leaf", "branch", "run"): seen.append((event, frame.f_code.co_name, frame.f_lineno - leaf.__code__.co_firstlineno))
    return watch

def told(*what):
    code = what[0]
    if code.co_name in ("leaf", "branch"): seen.append((code.co_name, *(x for x in what[1:] if isinstance(x, int))))

seen = []
monitoring.use_tool_id(3, "test")
try:
    for event in (events.PY_START, events.PY_RETURN, events.LINE): monitoring.register_callback(3, event, told)
    for change in (local_events, global_events, tracing, profiling):
        show(run(80, change), seen)
        seen.clear()
finally:
    for event in (events.PY_START, events.PY_RETURN, events.LINE): monitoring.register_callback(3, event, None)
    monitoring.free_tool_id(3)

# === signals_and_threads_in_callees
import signal
import sys
import threading
from show import show

class Alarm(Exception): pass

def handler(number, frame):
    names = []
    while frame.f_code.co_name != "<module>":
        names.append((frame.f_code.co_name, frame.f_lineno))
        frame = frame.f_back
    seen.append(names)
    if len(seen) % 2: raise Alarm

def deep(depth, i):
    if depth: return deep(depth - 1, i) + 1
    if i % 40 == 33: signal.raise_signal(signal.SIGUSR1)
    if i % 50 == 44: other(i)
    return i

def other(i):
    thread = threading.Thread(target=lambda: results.append(sum(deep(1, 0) for _ in range(i))))
    thread.start()
    thread.join()

def run(n):
    total = 0
    for i in range(n):
        try: total += deep(i & 3, i)
        except Alarm as problem:
            trace, lines = problem.__traceback__, []
            while trace: lines, trace = [*lines, trace.tb_lineno], trace.tb_next
            seen.append(lines)
    return total

seen, results = [], []
before = signal.signal(signal.SIGUSR1, handler)
show(run(300), seen, results)
signal.signal(signal.SIGUSR1, before)

# === warnings_from_callees: compiled=run
import warnings
from show import show

def deprecated(i):
    if i % 30 == 20: warnings.warn(f"old {i}", DeprecationWarning, stacklevel=2)
    if i % 30 == 25: warnings.warn("deep", UserWarning, stacklevel=3)
    return i

def through(i):
    return deprecated(i) + \
        deprecated(-1)

def run(n):
    total = 0
    for i in range(n):
        total += through(i)
        total += deprecated(i + 5)
    return total

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    show(run(100), [(str(w.message), w.lineno, w.category.__name__) for w in caught])
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try: run(100)
    except DeprecationWarning as problem: show(str(problem), problem.__traceback__.tb_next.tb_lineno)

# === coroutines_driven_by_the_loop: compiled=run
import types
from show import show

@types.coroutine
def pause(x): return (yield x)

async def child(x):
    got = await pause(x)
    if got == 7: raise ValueError(got)
    return got + x

async def parent(n):
    total = 0
    for i in range(n):
        try: total += await child(i)
        except ValueError: total -= 1
    return total

def run(n):
    results = []
    for i in range(n):
        work = parent(i % 12)
        got = None
        try:
            while True:
                got = (work.send(got) or 0) * 3 % 10
        except StopIteration as problem:
            results.append(problem.value)
    return results

show(run(14), run(60)[-12:])

# === super_and_inheritance: compiled=run
from show import show

class A:
    def go(self, x): return x + 1
    @classmethod
    def make(cls, x): return cls.factor * x
    @staticmethod
    def plain(x): return x - 1
    factor = 2
    def chained(self, x): return self.go(x) + self.make(x) + self.plain(x)
class B(A):
    factor = 3
    def go(self, x): return super().go(x) * 2
class C(A):
    def go(self, x): return super(C, self).go(x) + 100
    @property
    def factor(self): return 9
class D(B, C):
    def go(self, x): return super().go(x) - 1
    @classmethod
    def make(cls, x): return super().make(x) + 1

def run(n, things):
    total = 0
    for i in range(n):
        thing = things[i % len(things)]
        try: total += thing.go(i) + thing.chained(i)
        except TypeError: total += 5
        if i == 60: B.go = lambda self, x: x
        if i == 80: D.__bases__ = (C, B)
    return total

for kinds in ([A], [B, A], [D], [A, B, C, D]):
    go, bases = B.go, D.__bases__
    show(run(120, [kind() for kind in kinds]))
    B.go, D.__bases__ = go, bases

# === getattr_hooks_and_descriptors
from show import show

class Lazy:
    def __getattr__(self, name):
        log.append(name)
        if name == "none": raise AttributeError(name)
        value = len(name)
        if name != "always": setattr(self, name, value)
        return value
class Every:
    def __getattribute__(self, name): return len(name) if name != "hits" else object.__getattribute__(self, name)
    def __setattr__(self, name, value): log.append((name, value)) if value % 50 == 0 else None
class Described:
    class Field:
        def __set_name__(self, owner, name): self.name = "_" + name
        def __get__(self, thing, owner): return getattr(thing, self.name, 0) if thing else self
        def __set__(self, thing, value): setattr(thing, self.name, value & 0xFF)
    class Once:
        def __init__(self, function): self.function = function
        def __get__(self, thing, owner):
            value = thing.__dict__["once"] = self.function(thing)
            return value
    field = Field()
    @Once
    def once(self): return log.append("once") or 5

def run(n):
    total = 0
    for i in range(n):
        lazy = Lazy() if i % 10 == 0 else lazy
        total += lazy.first + lazy.always + hasattr(lazy, "none")
        every.thing = i
        total += every.something
        described = Described() if i % 20 == 0 else described
        described.field = i * 7
        total += described.field + described.once
    return total

log, every = [], Every()
show(run(5), run(100), len(log), log[:12], log[-5:])
