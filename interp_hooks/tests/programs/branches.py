"""One loop, many paths through it: branches that nobody can predict, types that change, exits and events on each side."""

# === coin_with_a_call_on_each_side: compiled=run
from bindings import api, calls, lib
from show import show

def run(n, seed):
    total, heads = 0, 0
    for i in range(n):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        if seed & 0x10000:
            total += lib.isum2(i, 1)
            heads += 1
        else:
            total -= lib.isum3(i, 2, 3)
    return total, heads, seed

for n in (0, 1, 2, 3, 50, 1000, 4000):
    api.calls_reset()
    show(run(n, n + 7), calls())

# === two_hundred_paths: compiled=run
from show import show

LINES = [f"        {'el' if k else ''}if k == {k}: a = a * 3 + {k} & 0xFFFFFF; b += {k} * 0.5{'; c ^= a' if k % 3 else '; continue'}" for k in range(200)]
TEXT = "def run(n):\n    a = b = c = 0\n    for i in range(n):\n        k = i * 7919 % 211\n"
TEXT += "\n".join(LINES) + "\n        else: c += 1\n        c = (c + b > a) + (c & 0xFFFF)\n    return a, b, c\n"
exec(compile(TEXT, __file__, "exec"))
for n in (10, 500, 5000, 20000):
    show(run(n))

# === independent_bits: compiled=run
from show import show

def run(n):
    a, b, c = 1, 0.5, 0
    for i in range(n):
        x = i * 2654435761 >> 7
        if x & 1: a += i
        if x & 2: b *= 0.5
        if x & 4: a ^= x
        else: c += 1
        if x & 8: b += 1
        elif x & 16: b -= a & 3
        if x & 32 and x & 64 or x & 128: c -= 2
        if not x & 256: a &= 0xFFFFFF
        c += 3 if x & 512 else -1
    return a, b, c

for n in (3, 100, 3000, 10000):
    show(run(n))

# === rare_paths_become_frequent: compiled=run
from show import show

def run(n):
    total, late = 0, 0
    for i in range(n):
        period = 1000 >> i // 1000 if i < 9000 else 1
        if i % (period or 1) == 0:
            late += i
            if late & 1:
                total ^= late
        else:
            total += 1
    return total, late

show(run(50), run(5000), run(12000))

# === conditions_of_every_kind: compiled=run
from show import show

class Truth:
    def __init__(self, value): self.value = value
    def __bool__(self): return self.value
class Sized:
    def __init__(self, value): self.value = value
    def __len__(self): return self.value
THINGS = [0, 1, -1, 2**70, 0.0, -0.0, 0.5, float("nan"), None, True, False, "", "a", (), (0,), [], [0], {}, {0: 0}, Truth(True), Truth(False), Sized(0), Sized(2), object(), Truth]

def run(n):
    seen = [0] * 6
    for i in range(n):
        x = THINGS[i * 7 % len(THINGS)]
        y = THINGS[i * 11 % len(THINGS)]
        if x: seen[0] += 1
        if not x: seen[1] += 1
        if x and y: seen[2] += 1
        if x or y: seen[3] += 1
        z = x and y or i
        if z is i: seen[4] += 1
        while y:
            seen[5] += 1
            break
    return seen

for n in (1, 10, 25, 200, 1000):
    show(run(n))

# === types_change_for_ever: compiled=run
from show import show

def run(n, values):
    total, x = 0, None
    for i in range(n):
        x = values[i % len(values)]
        if isinstance(x, int): total += x & 0xFF
        elif isinstance(x, float): total += x < 2
        elif x is None: total -= 1
        else: total += len(x)
    return total, x

KINDS = [1, 2.5, None, "abc", 2**80, True, b"xy", (1, 2), [3], {4: 5}, {6}, range(7), -1, 1e300]
for size in range(1, len(KINDS) + 1):
    show(run(400, KINDS[:size]))

# === accumulators_change_their_types: compiled=run
from show import show

def run(n, how):
    x, y, z = 0, 1, None
    for i in range(n):
        x = x + 1 if i % 40 < 20 else x + 0.5
        if i % 17 == how: x = int(x)
        y = (y, 1.5, y * 3, 2**70)[i // 25 % 4]
        if isinstance(y, float): z = y
        elif y > 2**90: y, z = 1, None
        else: z = z or i
    return x, y, z

for how in range(5):
    show(run(300, how))

# === a_new_class_every_turn: compiled=run
from show import show

def make(i):
    class Number:
        step = i
        def __init__(self): self.value = i
        def get(self): return self.value + self.step
        def __add__(self, other): return self.value + other
    return Number

def run(n):
    total = 0
    for i in range(n):
        thing = make(i)()
        total += thing.get() + thing.value + (thing + 1)
    return total

show(run(300))

# === many_classes_through_one_call: compiled=run
from show import show

def make(i):
    class Shape:
        if i % 3 == 0: __slots__ = ("side",)
        def __init__(self, side): self.side = side
        def area(self): return self.side * i if i & 1 else self.side + i
        @property
        def half(self): return self.side / 2 if i & 2 else self.side // 2
    return Shape

def run(n, shapes):
    total = 0
    for i in range(n):
        shape = shapes[i * i % len(shapes)]
        total += shape.area() + shape.half
        shape.side = (shape.side + 1) % 9
    return total

for kinds in (1, 2, 3, 8, 40):
    show(run(500, [make(k)(k + 1) for k in range(kinds)]))

# === many_functions_through_one_call: compiled=run
from show import show

FUNCTIONS = [lambda x: x + 1, lambda x, y=3: x * y, lambda *rest: len(rest), lambda x, **more: x - len(more), abs, int, float, str, len, bool]
exec("\n".join(f"def f{k}(x):\n    if x & {k}: return x ^ {k}\n    return {k}\nFUNCTIONS.append(f{k})" for k in range(1, 40)))

def run(n, functions):
    total, odd = 0, 0
    for i in range(n):
        function = functions[i * 3 % len(functions)]
        try:
            got = function(i)
        except TypeError:
            odd += 1
            continue
        total = total * 5 + (got if isinstance(got, int) else 7) & 0xFFFFFF
    return total, odd

for count in (1, 2, 4, 10, 49):
    show(run(600, FUNCTIONS[:count]))

# === an_exception_on_one_side: compiled=run
import sys
from show import show

def fail(i):
    if i % 5 == 3:
        raise ValueError(i)
    return 1

def lines(problem):
    trace, found = problem.__traceback__, []
    while trace:
        found.append((trace.tb_frame.f_code.co_name, trace.tb_lineno))
        trace = trace.tb_next
    return found

def run(n, d):
    total, log = 0, []
    for i in range(n):
        try:
            if i * 31 % 7 < 3:
                total += fail(i)
            elif i % 3:
                total += 100 // (i % 4)
            else:
                total += d[i % 11]
        except ValueError as problem:
            total -= 1
            if i % 10 == 3: log.append(lines(problem))
        except (ZeroDivisionError, KeyError) as problem:
            total += 2
            if i % 9 == 0: log.append((type(problem).__name__, lines(problem), sys.exception() is problem))
        else:
            total += 3
        finally:
            total ^= i
    return total, log, sys.exception()

show(run(100, {1: 1, 2: 2, 5: 5}))
show(run(400, {}))

# === raising_in_every_iteration
from show import show

def run(n):
    missing = wrapped = 0
    table, source = {}, iter(())
    for i in range(n):
        try:
            table[i]
        except KeyError:
            missing += 1
        try:
            next(source)
        except StopIteration:
            source = iter(range(i & 1))
            wrapped += 1
        try:
            int("x" if i % 3 else "5")
        except ValueError as problem:
            missing += len(str(problem)) > 5
    return missing, wrapped

show(run(20), run(2000))

# === trace_function_set_on_one_side: compiled=run
import sys
from show import show

def watch(frame, event, arg):
    if frame.f_code is run.__code__:
        seen.append((event, frame.f_lineno - run.__code__.co_firstlineno))
        return watch
    return None

def run(n, start, stop):
    total = 0
    for i in range(n):
        if i == start:
            sys.settrace(watch)
            sys._getframe().f_trace = watch
        elif i == stop:
            sys.settrace(None)
        if i * 7 % 3 == 1:
            total += i
        else:
            total ^= 3
    return total

seen = []
for start, stop in ((-1, -1), (10, 14), (300, 303), (0, 2)):
    show(run(400, start, stop), seen)
    seen.clear()

# === monitoring_switched_on_on_one_side: compiled=run
import sys
from show import show

monitoring = sys.monitoring
events = monitoring.events

def on_line(code, line):
    if code is run.__code__:
        seen.append(line - code.co_firstlineno)

def on_branch(code, start, end):
    if code is run.__code__:
        branches.append(end > start)

def run(n, start, stop):
    total = 0
    for i in range(n):
        if i == start: monitoring.set_local_events(3, run.__code__, events.LINE | events.BRANCH)
        elif i == stop: monitoring.set_local_events(3, run.__code__, 0)
        if i & 5 == 4:
            total += i
        else:
            total ^= 3
    return total

seen, branches = [], []
monitoring.use_tool_id(3, "test")
try:
    monitoring.register_callback(3, events.LINE, on_line)
    monitoring.register_callback(3, events.BRANCH, on_branch)
    for start, stop in ((-1, -1), (10, 14), (300, 303), (0, 2)):
        show(run(400, start, stop), seen, branches)
        seen.clear()
        branches.clear()
finally:
    monitoring.set_local_events(3, run.__code__, 0)
    monitoring.register_callback(3, events.LINE, None)
    monitoring.register_callback(3, events.BRANCH, None)
    monitoring.free_tool_id(3)

# === a_signal_between_branches: compiled=run
import signal
from show import show

def handler(number, frame):
    global hits
    hits += 1
    seen.append((frame.f_code.co_name, frame.f_locals["i"] == at, frame.f_locals["odd"] + frame.f_locals["even"] == at + (at in (7, 150))))

def run(n):
    odd = even = 0
    for i in range(n):
        if i * 5 % 7 & 1:
            odd += 1
            if i == at: signal.raise_signal(signal.SIGUSR1)
        else:
            even += 1
            if i == at: signal.raise_signal(signal.SIGUSR1)
    return odd, even

hits, seen = 0, []
before = signal.signal(signal.SIGUSR1, handler)
for at in (-1, 0, 7, 90, 150, 299):
    show(run(300), hits, seen)
signal.signal(signal.SIGUSR1, before)

# === locals_by_path: compiled=run
import sys
from show import show

def look():
    return sorted((name, value) for name, value in sys._getframe(1).f_locals.items())

def run(n):
    total = 0
    for i in range(n):
        if i % 5 == 1: a = i
        elif i % 7 == 2: b = i * 0.5
        elif i % 11 == 3: c = str(i)
        elif i % 13 == 4 and i > 30: del total; total = i
        if i % 50 == 49: show(look())
        total += 1
    return total

show(run(20), run(200))

# === writes_into_the_frame_by_path: compiled=run
import sys
from show import show

def meddle(i):
    values = sys._getframe(1).f_locals
    if i % 3 == 0: values["total"] = i
    elif i % 3 == 1: values["extra"] = "text"
    else: values["half"] = None
    return 1

def run(n):
    total, half, extra = 0, 0.5, 0
    for i in range(n):
        if i % 37 == 30: total += meddle(i)
        if half is None: half = 1.5
        if extra == "text": extra = 5
        total += 2
        half += extra
    return total, half, extra

show(run(40), run(200), run(300))

# === collector_and_threads_by_path: compiled=run
import gc
import threading
from show import show

class Node:
    def __init__(self, number): self.me, self.number = self, number
    def __del__(self): dead.append(self.number)

def run(n):
    total = 0
    for i in range(n):
        if i % 50 == 10: Node(i)
        elif i % 50 == 20:
            gc.collect()
            total += len(dead)
        elif i % 100 == 33:
            thread = threading.Thread(target=work, args=(i,))
            thread.start()
            thread.join()
            total += results.pop()
        else:
            total ^= i
    return total

def work(i):
    total = 0
    for k in range(i):
        total += k if k & 1 else -2
    results.append(total)

dead, results = [], []
gc.disable()
show(run(400), dead)
gc.enable()

# === globals_and_builtins_by_path: compiled=run
from show import show

def one(x): return x + 1
def two(x): return x * 2
call, factor = one, 3

def run(n):
    global call, factor, len
    total = 0
    for i in range(n):
        if i % 40 == 39: call = two if call is one else one
        elif i % 60 == 50: len = lambda x: 7
        elif i % 60 == 55: del len
        elif i & 1: factor = i % 9
        total = total + call(i) * factor + len("abc") & 0xFFFFF
    return total

show(run(30), run(300))
if "len" in globals(): del len

# === switch_on_strings_and_tuples: compiled=run
from show import show

def run(n, words):
    total, depth = 0, 0
    for i in range(n):
        match words[i * 5 % len(words)]:
            case "push" | "call": depth += 1
            case "pop" if depth: depth -= 1
            case ("add", int(x)): total += x
            case ("add", str(x)): total += len(x)
            case [x, *rest]: total += len(rest)
            case {"k": value}: total ^= value
            case None | True: total -= 1
            case float(): total += depth
            case _: total = -total
    return total, depth

WORDS = ["push", "pop", ("add", 3), ("add", "four"), None, 2.5, ["a", "b", "c"], {"k": 9}, "call", True, 7, ()]
for size in range(1, len(WORDS) + 1):
    show(run(300, WORDS[:size]))

# === state_machine: compiled=run
from show import show

def run(text):
    state, start, tokens = "space", 0, []
    for at, c in enumerate(text + " "):
        if state == "space":
            if c.isdigit(): state, start = "number", at
            elif c.isalpha(): state, start = "name", at
            elif c == '"': state, start = "string", at
            elif not c.isspace(): tokens.append(c)
        elif state == "number":
            if not (c.isdigit() or c == "."):
                tokens.append(float(text[start:at]) if "." in text[start:at] else int(text[start:at]))
                state = "space"
                if c in "+-*/()": tokens.append(c)
        elif state == "name":
            if not c.isalnum():
                tokens.append(text[start:at])
                state = "space"
                if c in "+-*/()": tokens.append(c)
        elif c == '"':
            tokens.append(text[start + 1 : at])
            state = "space"
    return tokens

show(run('alpha + 12*(beta3 - 4.5) "a string" x ' * 40)[:40])

# === operands_borrowed_where_a_branch_begins: compiled=swap,item,after
from show import show

class Named:
    def __init__(self, name): self.name = name
    def __del__(self): dead.append(self.name)

def swap(n):
    a = b = None
    for i in range(n):
        a, b = b, a
        if i % 3 == 1: a = Named(i)
        dead.append(("turn", i))
    return a and a.name, b and b.name

def item(n):
    held = [Named(-1), None]
    for i in range(n):
        held[0], held[1] = held[1], held[0]
        if i % 5 == 3: held[0] = Named(i)
        elif i % 5 == 4: held[1] = i * 0.5
        dead.append(("turn", i))
    return [getattr(one, "name", one) for one in held]

def name_of(one, other):
    return getattr(one, "name", one), other

def after(n):
    one, seen = None, []
    for i in range(n):
        seen.append(name_of(one, [i, one := Named(i), i * 0.5, None][i % 4]))
        if i % 7 == 6: one = i
    return seen

dead = []
show(swap(60), dead)
dead.clear()
show(item(60), dead)
dead.clear()
show(after(60), dead)
