"""Where a loop's names live (closures, globals, classes, exec) and what stands around it (try, with, generators, async)."""

# === closures: compiled=counter.<locals>.run,bump_all
from show import show

def counter():
    count = 0
    step = 1.5
    def run(n):
        nonlocal count
        for i in range(n):
            count += i
            if i % 10 == 0:
                count -= step
        return count
    def get():
        return count, step
    return run, get

def bump_all(n):
    seen = []
    total = 0
    def bump(by):
        nonlocal total
        total += by
        return total
    for i in range(n):
        x = bump(i)
        total += 1
        if i % 25 == 0:
            seen.append((x, total))
    return seen, total

run, get = counter()
show(run(30), get(), run(100), get())
show(bump_all(100))

# === closure_cell_of_the_loop_variable: compiled=make
from show import show

def make(n):
    functions = []
    late = []
    for i in range(n):
        functions.append(lambda: i)
        late.append(lambda i=i: i)
        if i % 20 == 0:
            show(functions[0](), late[-1]())
    return functions[0](), functions[-1](), late[3]()

show(make(60))

# === unbound_cell: raises
from show import show

def outer(n):
    def read():
        return x
    total = 0
    for i in range(n):
        if i == 0:
            x = 5
        total += read() + x
        if i == n - 5:
            show(i, total)
            del x
    return total

outer(60)

# === globals_in_the_loop: compiled=run,<module>
from show import show

total = 0
factor = 2
calls = 0

def run(n):
    global total, calls
    for i in range(n):
        total += i * factor
        calls = calls + 1
    return total

show(run(50))
factor = 0.5
show(run(50))
factor = True
show(run(50), total, calls)
for factor in range(40):
    total -= factor
show(run(10), total, calls, factor)

# === globals_change_under_the_loop: compiled=run
from show import show

limit = 10

def raise_limit(i):
    global limit
    if i == 60:
        limit = 100.5
    elif i == 80:
        globals()["limit"] = -3
    elif i == 90:
        exec("limit = 2**64", globals())

def run(n):
    total = 0
    for i in range(n):
        raise_limit(i)
        total += limit
        if i % 20 == 0:
            show(total)
    return total

show(run(50))
limit = 7
show(run(100), limit)

# === global_disappears: raises compiled=run
from show import show

step = 3

def drop(i):
    global step
    if i == 70:
        del step

def run(n):
    total = 0
    for i in range(n):
        drop(i)
        total += step
    return total

show(run(60))
run(100)

# === builtin_is_shadowed: compiled=run
from show import show

def shadow(i):
    if i == 50:
        globals()["abs"] = lambda x: 1000
    elif i == 80:
        del globals()["abs"]

def run(n):
    total = 0
    for i in range(n):
        shadow(i)
        total += abs(i - 40)
    return total

show(run(40), run(100))

# === builtin_is_replaced: compiled=run
import builtins
from show import show

def run(n):
    total = 0
    for i in range(n):
        total += len((1, 2, i))
        if i == 60:
            builtins.len = lambda thing: 100
    return total

original = builtins.len
try:
    show(run(50), run(100))
finally:
    builtins.len = original
show(run(30))

# === range_is_rebound: compiled=run
from show import show

def run(n):
    total = 0
    for outer in (1, 2):
        for i in range(n):
            total += i
    return total

show(run(60))
range = lambda n: [n, n, 0.5]
show(run(60))
del range
show(run(60))

# === class_body
from show import show

class Table:
    total = 0
    for i in range(100):
        total += i * i
        if total > 1000:
            total -= 999
    squares = [i * i for i in range(50)]
    while i > 0:
        i -= 7

show(Table.total, Table.i, sum(Table.squares))

# === exec_and_eval
from show import show

source = "for i in range(n):\n    total += i * 2\n    if i == 40:\n        total = total * 0.5\n"
names = {"n": 90, "total": 0}
exec(source, names)
show(names["i"], names["total"])
apart = {"total": 1}
exec(source, {"n": 90}, apart)
show(sorted(apart.items()))
show(eval("[i * j for i in range(30) for j in range(30) if i == j]"))

# === comprehensions: compiled=listing
from show import show

def listing(n):
    k = 3
    a = [i * k for i in range(n)]
    b = [x + y for x in range(n) if x % 3 for y in (1, 2)]
    c = {i % 7: i for i in range(n)}
    d = {i // 5 for i in range(n)}
    e = sum(i * k for i in range(n))
    total = 0
    for v in a:
        total += v
    return total, sum(b), sorted(c.items()), sorted(d), e

show(listing(10), listing(100))

# === generators: compiled=consume
from show import show

def squares(n):
    total = 0
    for i in range(n):
        total += i
        if i % 5 == 0:
            got = yield total
            if got is not None:
                total += got

def consume(n):
    sum = 0
    for value in squares(n):
        sum += value
    return sum

def talk(n):
    generator = squares(n)
    seen = [next(generator)]
    try:
        while True:
            seen.append(generator.send(len(seen)))
    except StopIteration:
        return seen

def close_early(n):
    try:
        for i in range(n):
            try:
                yield i
            finally:
                if i > 40:
                    print("finally", i)
    except GeneratorExit:
        print("closed")
        raise

show(consume(20), consume(200), talk(100))
generator = close_early(100)
for value in generator:
    if value == 50:
        break
generator.close()

def delegate(n):
    total = 0
    while n > 0:
        total += yield from relay(n)
        n -= 10
    return total

def relay(n):
    for i in range(n):
        yield i
    return n

show(sum(delegate(60)))

# === async_loops
import asyncio
from show import show

async def numbers(n):
    for i in range(n):
        if i % 10 == 0:
            await asyncio.sleep(0)
        yield i

async def total(n):
    sum = 0
    async for i in numbers(n):
        sum += i
    for i in range(n):
        sum += i
        if i % 25 == 0:
            await asyncio.sleep(0)
    return sum

async def main():
    show(await asyncio.gather(*(total(n) for n in (10, 100, 150))))
    show([i async for i in numbers(30) if i % 2])

asyncio.run(main())

# === try_inside: compiled=run
from show import error, show

def run(n):
    caught = finals = elses = 0
    for i in range(n):
        try:
            x = 100 / (i % 10 - 5)
            y = [1, 2, 3][i % 4]
        except ZeroDivisionError:
            caught += 1
        except IndexError as problem:
            caught += 1000
            message = error(problem)
        else:
            elses += 1
        finally:
            finals += i
    show(caught, finals, elses, x, y, message)

run(20)
run(200)

# === try_around: compiled=run
from show import error, show

def run(n, bad):
    total = 0
    try:
        for i in range(n):
            total += 1000 // (bad - i)
    except ZeroDivisionError as problem:
        show(error(problem), i, problem.__traceback__.tb_lineno)
        for i in range(n):
            total += i
    else:
        show("else")
    finally:
        for i in range(n):
            total ^= i
    return total

show(run(50, 100), run(100, 60), run(100, 1), run(100, 99))

# === finally_with_return_break_continue: compiled=run
from show import show

def run(n):
    log = 0
    for i in range(n):
        try:
            if i % 3 == 0:
                continue
            if i == 80:
                break
            if i == 90:
                return "not reached"
            log += i
        finally:
            log += 1
    try:
        for i in range(n):
            if i == 70:
                return log, i
    finally:
        show("left", i)

show(run(60), run(100))

# === exception_context: raises compiled=run
from show import show

def check(i):
    if i == 55:
        raise KeyError(i)
    return i

def run(n):
    total = 0
    for i in range(n):
        try:
            total += check(i)
        except KeyError as problem:
            show(total)
            raise ValueError("in the loop") from problem
    return total

show(run(50))
try:
    run(60)
except ValueError:
    for i in range(100):
        i // (88 - i)

# === loop_in_except_handler
import sys
from show import show

def run(n):
    try:
        1 / 0
    except ZeroDivisionError as problem:
        total = 0
        for i in range(n):
            total += i
            if sys.exc_info()[1] is not problem:
                show("lost", i)
        show(total, type(sys.exc_info()[1]).__name__)
    show(sys.exc_info()[1])

run(100)

# === with_statements: compiled=run
from show import show

class Guard:
    entered = left = 0

    def __init__(self, swallow):
        self.swallow = swallow

    def __enter__(self):
        Guard.entered += 1
        return self

    def __exit__(self, kind, problem, trace):
        Guard.left += 1
        if kind is not None:
            Guard.left += 1000 * trace.tb_lineno
        return self.swallow

def run(n):
    guard = Guard(True)
    total = 0
    for i in range(n):
        with guard as g, Guard(False):
            total += i
            if i % 17 == 0:
                total += 1 // (i % 34)
            if i == n - 4:
                break
    with guard:
        for i in range(n):
            total += 10 // (60 - i)
    return total

show(run(40), run(120), Guard.entered, Guard.left)

# === match_statement: compiled=run
from show import show

def run(values):
    total = 0
    for v in values:
        match v:
            case 0:
                total += 1
            case int(x) if x > 50:
                total += x
            case float():
                total += 0.5
            case [a, b]:
                total += a * b
            case None:
                total += 1000
            case _:
                total -= 1
    return total

show(run(range(100)), run([0.5, 1, None, (3, 4), "text", True] * 20))

# === walrus_and_lambda_defaults: compiled=run
from show import show

def run(n):
    total = 0
    i = -1
    while (i := i + 1) < n:
        if (square := i * i) % 7 == 1:
            total += square
        total += (lambda x, y=i: x - y)(total & 0xFF)
    return total, square

show(run(30), run(300))

# === recursion_around_the_loop: compiled=tree
from show import show

def tree(depth, width):
    total = 1
    for i in range(width):
        if depth > 0:
            total += tree(depth - 1, width - 1)
        total += i
    return total

show(tree(3, 5), tree(5, 6))

# === recursion_limit
from show import show

def down(n):
    total = 0
    for i in range(3):
        total += i
        if i == 2:
            total += down(n + 1)
    return total

for attempt in (1, 2):
    try:
        down(0)
    except RecursionError as problem:
        show(str(problem))

# === assertion_and_system_exit: status=7 compiled=run
from show import show

def run(n):
    for i in range(n):
        try:
            assert i != 66, i
        except AssertionError as problem:
            show(problem.args)
            raise SystemExit(7)

show(run(60))
run(100)

# === script_with_error: alone raises compiled=work
import sys

def work(n):
    total = 0
    for i in range(n):
        total += 10 / (88 - i)
    return total

print(work(80).hex())
sys.stdout.flush()
work(100)

# === script_exit_order: alone status=3 compiled=<module>
import atexit
import sys

class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)

atexit.register(print, "at exit")
kept = Noisy("kept")
for i in range(100):
    thrown = Noisy(i) if i % 20 == 0 else None
    if i == 90:
        sys.exit(3)

# === left_alone_is_unwatched
# A namespace that was watched for a recording that came to nothing makes no store slower: the low byte of a dict's version says who watches.
import ctypes

def same(x):
    return x

total = 0
for i in range(60):
    total += same(i)
    import sys
print(total, ctypes.c_uint64.from_address(id(globals()) + 24).value & 0xFF)
