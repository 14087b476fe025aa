"""Ways out of a compiled loop and around it: exits in each place of nested loops, handlers, `with`, generators, own namespaces."""

# === three_loops_deep: compiled=run
from bindings import api, calls, lib
from show import show

def run(a, b, c, stop):
    total = 0
    seen = None
    for i in range(a):
        for j in range(b):
            for k in range(c):
                total += lib.isum3(i, j, k)
                if total > stop:
                    seen = i, j, k
                    break
            else:
                total += 1
                continue
            break
        else:
            total += 10
            continue
        break
    else:
        total += 100
    return total, seen

for stop in (10**9, 0, 1, 5, 50, 500, 5000):
    api.calls_reset()
    show(run(6, 7, 8, stop), calls())

# === leaving_by_return_and_raise: compiled=by_return,by_raise
from bindings import api, calls, lib
from show import error, show

def by_return(n, at):
    for i in range(n):
        x = lib.isum2(i, 3)
        if i == at:
            return x, i
    return None

def by_raise(n, at):
    try:
        for i in range(n):
            x = lib.isum2(i, 3)
            if i == at:
                raise ValueError(x)
    finally:
        log.append(i)

log = []
for at in (-1, 0, 1, 2, 30, 59):
    api.calls_reset()
    show(by_return(60, at))
    try:
        by_raise(60, at)
    except ValueError as problem:
        show(error(problem), problem.__traceback__.tb_next.tb_lineno)
    show(calls(), log)

# === around_the_loop: compiled=run
import contextlib
from bindings import lib
from show import error, show

@contextlib.contextmanager
def manager(name):
    log.append(f"enter {name}")
    try:
        yield name
    except KeyError as problem:
        log.append(repr(problem))
    finally:
        log.append(f"leave {name}")

def fail(i):
    if i == at:
        raise kind(i)
    return 1

def run(n):
    total = 0
    with manager("outer"):
        try:
            for i in range(n):
                total += fail(i)
                with_inner = lib.id_i32(i)
        except ValueError:
            total += 1000
            for j in range(n):
                total += fail(j - n) + j
        else:
            total += 5000
        finally:
            k = 0
            while k < n:
                k += fail(-k - 1)
                total += 2
    return total, i, k

for kind in (ValueError, KeyError, TypeError):
    for at in (n for n in (None, 0, 1, 2, 25, -1, -2, -20, -39)):
        log = []
        try:
            show(run(40))
        except Exception as problem:
            print(error(problem), problem.__traceback__.tb_next.tb_lineno, type(problem.__context__).__name__)
        show(kind.__name__, at, log)

# === the_loop_leaves_in_a_handler
import sys
from show import error, show

def fail(i):
    if i == at:
        raise KeyError(i)
    return 1

def run(n):
    total = 0
    try:
        raise ValueError("first")
    except ValueError as first:
        for i in range(n):
            total += fail(i)
            current = sys.exception()
            total += current is first
    return total

for at in (-1, 0, 1, 2, 30):
    try:
        show(run(50))
    except KeyError as problem:
        show(error(problem), error(problem.__context__), problem.__context__.__context__)

# === generators_around: compiled=numbers
from bindings import api, calls, lib
from show import error, show

def numbers(n):
    total = 0
    for turn in range(3):
        for i in range(n):
            total += lib.isum2(i, turn)
        got = yield total
        k = 0
        while k < (got or 5):
            total -= lib.id_i64(k)
            k += 1
    return total

def run(values):
    total = 0
    for value in values:
        total += value
    return total

def delegate(n):
    result = yield from numbers(n)
    yield result

api.calls_reset()
show(list(numbers(30)), list(delegate(30)), run(numbers(40)), calls())
generator = numbers(30)
show(next(generator), generator.send(20), generator.gi_frame.f_locals["k"])
generator.close()
generator = numbers(30)
next(generator)
try:
    generator.throw(KeyError("thrown"))
except KeyError as problem:
    print(error(problem))

async def waits(n):
    total = 0
    for i in range(n):
        total += lib.id_i32(i)
        total += await once(i)
    return total

class once:
    def __init__(self, i):
        self.i = i

    def __await__(self):
        total = 0
        k = 0
        while k < 20:
            total += k
            k += 1
        yield self.i
        return total

coroutine = waits(30)
seen = []
try:
    while True:
        seen.append(coroutine.send(None))
except StopIteration as stop:
    show(stop.value, seen)

# === own_namespaces: compiled=<module>
from bindings import lib
from show import error, show

TEXT = """
total = 0
for i in range(n):
    total += lib.isum2(i, factor)
    if i == change:
        factor = 0.5 if change % 2 else 7
"""

class Space(dict):
    def __missing__(self, name):
        if name == "factor":
            reads.append(name)
            return 3
        raise KeyError(name)

code = compile(TEXT, "<own>", "exec")
for change in (-1, 0, 1, 2, 30, 31):
    names = {"n": 60, "lib": lib, "factor": 2, "change": change}
    for again in range(3):
        try:
            exec(code, names)
        except Exception as problem:
            print(error(problem))
        show(change, names["total"], names["i"], names["factor"])
    inside = {"n": 60, "change": change}
    try:
        exec(code, {"lib": lib, "factor": 4}, inside)
    except Exception as problem:
        print(error(problem))
    show(inside["total"], inside.get("factor"))
    reads = []
    space = Space(n=60, change=change, lib=lib)
    try:
        exec(code, {}, space)
    except Exception as problem:
        print(error(problem))
    show(space["total"], space.get("factor"), len(reads))

class Body:
    total = 0
    for i in range(80):
        total += lib.isum2(i, 2)
    squares = [i * i for i in range(5)]

show(Body.total, Body.i, Body.squares)
show(eval("[sum(lib.isum2(i, j) for i in range(30)) for j in range(3)]"))

# === module_level_names: compiled=<module>
from bindings import api, calls, lib
from show import error, show

def change(turn):
    global total, i, limit, late
    if turn == 20:
        total = 0.5
    elif turn == 30:
        total = 10
        late = 1
    elif turn == 40:
        del globals()["late"]
    elif turn == 50:
        limit = 45

def read():
    return total, i

total = 0
limit = 100
late = 5
seen = []
i = 0
while i < limit:
    i += 1
    total += lib.isum2(i, 1)
    change(i)
    if i % 10 == 0:
        seen.append(read())
show(total, i, seen, "late" in globals())
try:
    for i in range(80):
        total += 1
        if i == 60:
            del total
except NameError as problem:
    print(error(problem), i, problem.__traceback__.tb_lineno)
total = 0
for i in range(60):
    total += i
    globals()["total"] = total + 1
    exec("total += 1")
show(total, i)
for name in ("a", "b"):
    for k in range(40):
        globals()[name] = k
        total += a
show(total, a, b)

# === deleted_locals: compiled=run
from show import error, show

def run(n, at):
    x = 1
    total = 0
    i = 0
    while i < n:
        total += x
        i += 1
        if i == at:
            del x
    return total

for at in (-1, 1, 2, 3, 30):
    try:
        show(run(50, at))
    except UnboundLocalError as problem:
        show(error(problem), problem.__traceback__.tb_next.tb_frame.f_locals)

# === code_dies_while_it_runs
import gc
from bindings import lib
from show import show

def make(n):
    names = {"lib": lib, "drop": drop, "keep": keep}
    exec("def run(n):\n total = 0\n for i in range(n):\n  total += drop(i) + lib.isum2(i, keep)\n return total\n", names)
    return names

keep = 7

def drop(i):
    if i == at:
        spaces.pop().clear() if how == "clear" else spaces.pop().pop("run")
        gc.collect()
    return 1

for how in ("clear", "pop"):
    for at in (-1, 1, 2, 30):
        spaces = [make(60)]
        try:
            show(spaces[-1]["run"](60))
        except NameError as problem:
            print(how, at, problem)
gc.collect()

# === watched_from_the_middle: compiled=run
import sys
from show import show

log = []

def trace(frame, event, argument):
    if frame.f_code.co_name in ("run", "work"):
        log.append((frame.f_code.co_name, event, frame.f_lineno - frame.f_code.co_firstlineno, frame.f_locals.get("i")))
    return trace

def profile(frame, event, argument):
    if frame.f_code.co_name in ("run", "work", "switch"):
        log.append((frame.f_code.co_name, event, getattr(argument, "__name__", None)))

def work(x):
    return abs(x)

def switch(i):
    if i == at:
        start(function)
        if start is sys.settrace:
            sys._getframe(1).f_trace = trace
    if i == at + 3:
        start(None)
    return 1

def run(n):
    total = 0
    i = 0
    while i < n:
        i += switch(i)
        total += work(i)
    return total

for start, function in ((sys.settrace, trace), (sys.setprofile, profile)):
    for at in (-9, 0, 1, 2, 30):
        log.clear()
        show(run(50))
        sys.settrace(None)
        sys.setprofile(None)
        show(log)
