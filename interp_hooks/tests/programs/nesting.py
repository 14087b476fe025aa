"""Loops in loops: every kind of exit from each level, short and long inner loops, what looks at them and what happens in their middle."""

# === short_inner_loops: compiled=run
from bindings import api, calls, lib
from show import show

def run(n, trips):
    total = 0
    for i in range(n):
        for j in range(trips[i % len(trips)]):
            total += lib.isum2(i, j)
        for x in (1, 2, i & 3):
            total ^= x
        total &= 0xFFFFFF
    return total

for trips in ((0,), (1,), (2,), (3,), (0, 1), (0, 0, 0, 5), (1, 2, 3, 4, 5), (40,), (0, 100), (1, 1, 1, 1, 1, 1, 1, 200)):
    api.calls_reset()
    show(run(200, trips), calls())

# === two_and_three_levels_over_everything: compiled=run
from show import show

def upto(n):
    for number in range(n):
        yield number

def run(n, k):
    total, half = 0, 0.0
    table = {j: j * 2 for j in range(k)}
    for i in range(n):
        for j in range(k): total += j
        for j in range(k, 0, -1): total ^= j
        for j in list(range(k)): total += i
        for j in (1, 2.5, i): half += j
        for a, b in enumerate(upto(k)): total += a * b
        for a, b in zip(range(k), upto(k + 1)): total -= a + b
        for j in reversed(range(k)): total += j & i
        for j in table: total += j
        for a, b in table.items(): total += a - b
        for j in table.values(): total ^= j
        for c in "ab": total += ord(c)
        for c in b"xyz": total += c
        for j in {1, 2, 3}: total += j
        for j in map(abs, (-1, i)): total += j
        for row in ((1, 2), (i, 4)):
            for j in row:
                total += j
                for c in range(j & 3): total += c
        j = 0
        while j < k:
            j += 1
            half *= 0.5
        total &= 0xFFFFFFF
    return total, half, j

for k in (0, 1, 2, 7):
    show(run(3, k), run(60, k))

# === exits_of_every_kind_at_each_level: compiled=run
from show import error, show

class Stop(Exception): pass

def leave(how):
    if how == "raise":
        raise Stop(how)
    return how

def run(n, level, at, how):
    j, k, log = -1, -1, []
    for i in range(n):
        if level == 0 and i == at:
            if how == "break": break
            if how == "continue": continue
            if how == "return": return "return", i, log
            leave(how)
        for j in range(5):
            if level == 1 and i * 5 + j == at:
                if how == "break": break
                if how == "continue": continue
                if how == "return": return "return", i, j, log
                leave(how)
            k = 0
            while k < 3:
                k += 1
                if level == 2 and i * 15 + j * 3 + k == at:
                    if how == "break": break
                    if how == "continue": continue
                    if how == "return": return "return", i, j, k, log
                    leave(how)
            else:
                if i == j: log.append("while")
        else:
            if i % 10 == 0: log.append(("for", i))
    else:
        log.append("outer")
    return "end", i, j, k, log

for level in range(3):
    for how in ("break", "continue", "return", "raise"):
        for at in (0, 1, 2, 17, 29, 100):
            try:
                show(run(30, level, at, how))
            except Stop as problem:
                trace = problem.__traceback__.tb_next
                frame = trace.tb_frame
                show(error(problem), trace.tb_lineno, [frame.f_locals.get(name) for name in "ijk"], trace.tb_next.tb_lineno)

# === caught_between_the_loops: compiled=run
from show import show

def fail(i, j):
    if (i * 7 + j) % 13 == 5:
        raise KeyError(i, j)
    return j

def lines(problem):
    trace, found = problem.__traceback__, []
    while trace:
        found.append(trace.tb_lineno)
        trace = trace.tb_next
    return found

def run(n):
    total, log = 0, []
    for i in range(n):
        try:
            for j in range(6):
                total += fail(i, j)
                try:
                    for k in range(4):
                        total += fail(k, i + j)
                finally:
                    total += 100
        except KeyError as problem:
            total += 1000
            if i % 9 == 1: log.append((i, j, lines(problem), problem.args))
        else:
            total += 1
    return total, log

show(run(10))
show(run(150))

# === with_around_inner_loops: compiled=run
from show import show

class Guard:
    def __init__(self, number): self.number = number
    def __enter__(self): return self.number
    def __exit__(self, kind, problem, trace):
        log.append((self.number, kind and kind.__name__, trace and trace.tb_lineno))
        return self.number % 2 == 0

def run(n):
    total = 0
    for i in range(n):
        with Guard(i) as g:
            for j in range(4):
                with Guard(i + j):
                    for k in range(3):
                        total += 12 // (i % 5 + j - k if i % 11 == 3 else 1)
                        if k == 1 and i % 7 == 2: break
                if j == 2 and i % 5 == 4: continue
                total += g
    return total

log = []
for n in (3, 4, 60):
    try:
        show(run(n))
    except ZeroDivisionError as problem:
        show(problem.__traceback__.tb_next.tb_lineno)
    show(log[-30:], len(log))

# === generators_closed_in_the_middle: compiled=run,numbers
from show import show

def numbers(n, name):
    try:
        for number in range(n):
            for part in range(number & 3):
                yield number + part
    except GeneratorExit:
        log.append(("closed", name, number, part))
        raise
    finally:
        log.append(("end", name))

def run(n):
    total = 0
    for i in range(n):
        for x in numbers(10, i):
            total += x
            if x > i % 12: break
        left = numbers(20, -i)
        for x in left:
            for y in left:
                total += x * y
                if y & 8: break
            if x > 10:
                left.close()
            if i % 9 == 4 and x > 5:
                try:
                    left.throw(ValueError)
                except (ValueError, StopIteration):
                    total += 1
        del left
    return total

log = []
show(run(5), log)
log.clear()
show(run(60), log[-20:], len(log))

# === module_level: compiled=<module>
from bindings import api, calls, lib
from show import show

api.calls_reset()
total, seen, found = 0, [], None
for i in range(60):
    for j in range(i % 5):
        total += lib.isum2(i, j)
        for k in "abc":
            if k == "b" and j == 2: break
            last = k, i, j
        else:
            total += 1
    while total > 1000:
        total -= 700
        if total % 3 == 0: continue
        seen.append(total)
    if i == 50: found = last
show(total, seen, found, i, j, k, calls())
del i, j, k

# === own_namespaces: compiled=<module>
from show import show

TEXT = """
for i in range(40):
    for j in range(3):
        total = total + i * j
        if total > limit: total = total - limit
    names[i] = total
"""

class Names(dict):
    def __missing__(self, name):
        reads.append(name)
        if name != "total": raise KeyError(name)
        return 5
    def __setitem__(self, name, value):
        writes.append(name)
        super().__setitem__(name, value)

code = compile(TEXT, __file__, "exec")
reads, writes = [], []
plain = {"total": 0, "limit": 100, "names": {}}
exec(code, plain)
show(plain["total"], plain["names"], plain["i"], plain["j"])
own = Names(limit=77)
exec(code, {"names": {}}, own)
show(sorted(set(reads)), len(writes), own["total"], own["i"])
for limit in (3, 50, 10**9):
    space = {"total": limit, "limit": limit, "names": {}}
    exec(code, space)
    show(space["total"], eval("sum(names[i] * k for i in range(40) for k in (1, 2))", space))

# === comprehensions: compiled=run
from show import show

def run(n):
    total = 0
    for i in range(n):
        rows = [[i * j for j in range(3)] for i in range(i % 4)]
        total += sum(x for row in rows for x in row if x & 1)
        table = {j: {k for k in range(j)} for j in range(i % 3)}
        total += sum(map(len, table.values())) + len([1 for _ in range(5) if _ > i % 5])
        for rows in ([j] * j for j in range(3)):
            for row in rows: total += row
    return total, i, rows

show(run(4), run(100))

# === traced_from_an_inner_loop: compiled=run
import sys
from show import show

def watch(frame, event, arg):
    if frame.f_code in (run.__code__, inner.__code__):
        seen.append((event, frame.f_code.co_name, frame.f_lineno - run.__code__.co_firstlineno))
        return watch
    return None

def run(n, start, stop):
    total = 0
    for i in range(n):
        for j in range(3):
            count = i * 3 + j
            if count == start:
                sys.settrace(watch)
                sys._getframe().f_trace = watch
            elif count == stop:
                sys.settrace(None)
            total += inner(j)
    return total

def inner(j):
    total = 0
    for k in range(j):
        total += k + 1
    return total

seen = []
for start, stop in ((-1, -1), (10, 13), (200, 203), (0, 2)):
    show(run(100, start, stop), seen)
    seen.clear()

# === monitored_from_an_inner_loop: compiled=run
import sys
from show import show

monitoring = sys.monitoring
events = monitoring.events

def on_line(code, line):
    if code is run.__code__: seen.append(line - code.co_firstlineno)

def on_jump(code, start, end):
    if code is run.__code__: jumps.append(end < start)

def run(n, start, stop):
    total = 0
    for i in range(n):
        for j in range(4):
            if i * 4 + j == start: monitoring.set_events(3, events.LINE | events.JUMP)
            elif i * 4 + j == stop: monitoring.set_events(3, 0)
            k = j
            while k:
                k -= 1
                total += i
    return total

seen, jumps = [], []
monitoring.use_tool_id(3, "test")
try:
    monitoring.register_callback(3, events.LINE, on_line)
    monitoring.register_callback(3, events.JUMP, on_jump)
    for start, stop in ((-1, -1), (10, 13), (203, 207), (0, 1)):
        show(run(100, start, stop), seen, jumps)
        seen.clear()
        jumps.clear()
finally:
    monitoring.set_events(3, 0)
    for event in (events.LINE, events.JUMP): monitoring.register_callback(3, event, None)
    monitoring.free_tool_id(3)

# === signals_in_inner_loops: compiled=run
import signal
from show import show

class Alarm(Exception): pass

def handler(number, frame):
    seen.append([frame.f_locals.get(name) for name in "ijk"])
    if len(seen) % 3 == 0: raise Alarm

def run(n, at):
    total = 0
    for i in range(n):
        for j in range(4):
            try:
                for k in range(3):
                    if (i * 12 + j * 3 + k) % at == at - 1: signal.raise_signal(signal.SIGUSR1)
                    total += 1
            except Alarm:
                total += 1000
    return total

seen = []
before = signal.signal(signal.SIGUSR1, handler)
for at in (7, 100, 500):
    show(run(80, at), seen[-10:], len(seen))
signal.signal(signal.SIGUSR1, before)

# === collector_in_inner_loops: compiled=run
import gc
import weakref
from show import show

class Node:
    def __init__(self, name): self.me, self.name = self, name
    def __del__(self): dead.append(self.name)

def gone(reference): dead.append("weak")

def run(n):
    total = 0
    for i in range(n):
        for j in range(3):
            node = Node((i, j))
            reference = weakref.ref(node, gone) if j == 1 else None
            for k in range(2):
                if (i, j, k) in wanted: total += gc.collect() > 0
                total += len(dead) > i
    return total

gc.disable()
dead, wanted = [], {(2, 1, 0), (30, 0, 1), (31, 2, 0), (50, 1, 1)}
show(run(60), len(dead), dead[:12], dead.count("weak"))
del dead[:]
gc.enable()

# === deaths_in_inner_loops_and_callees: compiled=run
from show import show

class Named:
    def __init__(self, name): self.name = name
    def __del__(self): dead.append(self.name)

def callee(i, held):
    own = Named(("own", i))
    for j in range(2):
        own = Named(("own", i, j))
        held = own
    return Named(("made", i))

def run(n):
    kept = None
    for i in range(n):
        for j in range(3):
            kept = callee(i * 3 + j, kept)
            other = kept
            if j == i % 3: kept = Named(("kept", i))
        for row in [Named(("row", i))] * (i & 1): pass
        for row in (Named(("first", i)), Named(("second", i))): pass
    return len(dead)

dead = []
show(run(3), dead)
del dead[:]
show(run(50), dead[-30:])

# === recursion_through_nested_loops: compiled=walk,permute
import sys
from show import show

def walk(tree, depth):
    total = depth
    for part in tree:
        if isinstance(part, tuple):
            for again in range(2):
                total += walk(part, depth + 1)
        else:
            total += part
    return total

def permute(rest, done, found):
    if not rest:
        found.append(done)
        return len(found)
    count = 0
    for at in range(len(rest)):
        for half in (False, True):
            if half and at & 1: break
            count += permute(rest[:at] + rest[at + 1 :], done + rest[at], found)
    return count

def deep(n):
    for i in range(3):
        for j in range(2):
            if n: return deep(n - 1) + 1
            if i: raise RecursionError("at the end")
    return 0

tree = (1, (2, (3, 4), 5, (6, (7,))), ((8,), 9), 10)
show([walk(tree, depth) for depth in range(5)], permute("abcd", "", []))
try:
    deep(500)
except RecursionError as problem:
    trace, count = problem.__traceback__, 0
    while trace.tb_next: trace, count = trace.tb_next, count + 1
    show(str(problem), count, trace.tb_frame.f_locals)
try:
    deep(10**6)
except RecursionError as problem:
    show(str(problem)[:32])

# === the_limit_of_recursion_inside
import sys
from show import show

def down(n):
    for i in range(2):
        for j in range(2):
            if j: return down(n + 1)
    return n

def run(n):
    caught = 0
    for i in range(n):
        for j in range(2):
            try:
                down(0)
            except RecursionError:
                caught += 1
    return caught

before = sys.getrecursionlimit()
sys.setrecursionlimit(200)
try:
    show(run(30))
finally:
    sys.setrecursionlimit(before)

# === threads_in_one_nest: compiled=run
import sys
import threading
from bindings import lib
from show import show

def run(n, number):
    total = 0
    for i in range(n):
        for j in range(i & 7):
            total += lib.isum3(i, j, number)
            k = 0
            while k < j & 3:
                k += 1
                total ^= k
        total &= 0xFFFFFF
    return total

def work(number):
    for _ in range(3): results[number] = run(400, number)

sys.setswitchinterval(1e-5)
results = {}
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
sys.setswitchinterval(0.005)
show(sorted(results.items()), [run(400, number) for number in range(4)])

# === locals_of_all_levels_seen_from_elsewhere: compiled=run,middle
import sys
from show import show

def look(i):
    if i % 29 == 28:
        frame = sys._getframe(1)
        while frame.f_code.co_name != "<module>":
            show(frame.f_code.co_name, frame.f_lineno, sorted(frame.f_locals.items()))
            frame = frame.f_back
    return i

def middle(i, scale=2, *rest, word="w"):
    part = 0
    for k in range(3):
        part += look(i * 3 + k) * scale
        word = word[-3:] + str(k)
    return part

def run(n):
    total = 0
    for i in range(n):
        half = i * 0.5
        for j in range(2):
            total += middle(i + j, j)
            total -= middle(i, word="x")
            square = j * j
    return total

show(run(4), run(30))

# === frames_of_all_levels_are_changed: compiled=run
import sys
from show import show

def meddle(i):
    values = sys._getframe(1).f_locals
    values["total"] = 5
    values["j"] = 7
    values["fresh"] = i
    return 1

def run(n):
    total = fresh = 0
    for i in range(n):
        for j in range(4):
            if i * 4 + j in wanted: total += meddle(i)
            for k in range(2):
                total += j + fresh
            total &= 0xFFFF
    return total, fresh, j

for wanted in ((), (0,), (3, 4), (100, 101, 217), range(0, 400, 50)):
    show(run(100))

# === variables_change_types_between_levels: compiled=run
from show import show

def run(n, values):
    total, x = 0, 0
    for i in range(n):
        x = values[i % len(values)]
        for j in range(4):
            x = x + j if not isinstance(x, str) else x + "y"
            y = x
            for k in (1, 0.5, True, 2**65)[: j + 1]:
                if not isinstance(y, str): y = y * k
            total += len(y) if isinstance(y, str) else y > 3
        if i % 30 > 20: x = None
    return total, x, y

for size in range(1, 6):
    show(run(200, [1, 2.5, 2**63 - 3, "s", False][:size]))

# === lists_change_under_both_loops: compiled=run
from show import show

def shrink(things, i):
    if i % 3 == 0 and len(things) < 12: things.append(i)
    elif i % 7 == 1 and things: things.pop()
    elif i % 31 == 5: things.clear()

def run(n, things):
    total = turns = 0
    for i in range(n):
        things += [i, i + 1]
        for x in things:
            turns += 1
            shrink(things, x + turns)
            for y in things:
                total += x - y
                if total & 64: shrink(things, y)
                if turns > 60000: return "too many"
            if turns % 50 == 7: things = things[2:]
    return total, turns, things

show(run(5, [1, 2, 3]), run(40, list(range(10))))

# === matrices: compiled=multiply,transpose,sweep
from bindings import api_ffi as ffi, lib
from show import show

def multiply(a, b, n):
    c = [[0] * n for _ in range(n)]
    for i in range(n):
        row = a[i]
        for j in range(n):
            total = 0
            for k in range(n):
                total += row[k] * b[k][j]
            c[i][j] = total
    return c

def transpose(a, n):
    for i in range(n):
        for j in range(i):
            a[i][j], a[j][i] = a[j][i], a[i][j]

def sweep(cells, n, m):
    total = 0.0
    for i in range(n):
        for j in range(m):
            cells[i * m + j] = cells[i * m + j] * 0.5 + i - j
            total += cells[i * m + j]
    return total

for n in (1, 2, 3, 12):
    a = [[i * j + 1 for j in range(n)] for i in range(n)]
    b = [[i - j * 0.5 for j in range(n)] for i in range(n)]
    c = multiply(a, b, n)
    transpose(c, n)
    show(c[0], c[-1])
cells = ffi.new("double[]", [0.5 * k for k in range(60)])
show([sweep(cells, 10, 6) for _ in range(5)], list(cells)[:8])
try:
    sweep(cells, 11, 6)
except IndexError as problem:
    show(problem.__traceback__.tb_next.tb_lineno, problem.__traceback__.tb_next.tb_frame.f_locals["j"])

# === sieve_and_queens: compiled=sieve,queens
from show import show

def sieve(n):
    flags = [True] * n
    for i in range(2, n):
        if flags[i]:
            for j in range(i * i, n, i):
                flags[j] = False
    return sum(flags) - 2

def queens(n, row, columns, down, up):
    if row == n: return 1
    found = 0
    for column in range(n):
        if column in columns: continue
        for other in down:
            if other == row - column: break
        else:
            for other in up:
                if other == row + column: break
            else:
                found += queens(n, row + 1, columns | {column}, down + [row - column], up + [row + column])
    return found

show([sieve(n) for n in (3, 10, 100, 2000)], [queens(n, 0, set(), [], []) for n in (1, 4, 6)])

# === inner_loops_that_never_end_by_themselves: compiled=run
from show import show

def run(n):
    total = 0
    for i in range(n):
        x = i * 27 + 1
        while True:
            total += 1
            if x == 1: break
            if x & 1:
                x = x * 3 + 1
                continue
            x //= 2
            while x & 1 == 0:
                x >>= 1
                total += 1
                if x < 2: break
    return total

show([run(n) for n in (1, 5, 300)])

# === hundreds_of_exits_from_one_inner_loop: compiled=run
from show import show

def run(n, words):
    total = 0
    for i in range(n):
        for j, word in enumerate(words):
            if len(word) == i % 5: continue
            if word[0] == "a" and i & 1: break
            if word[-1] == "z" and i & 2: break
            if word in seen: total += 1
            elif word < "m" and i % 3: total -= 2
            elif j > i: total += j
            else: total ^= len(word) + i
            if total % 11 == 7: break
        else:
            total += 5
    return total

seen = {"beta", "mu", "xyz"}
words = ["alpha", "beta", "gaz", "mu", "nu", "xyz", "omega", "zz", "a", "kappa"]
for k in range(1, 11):
    show(run(150, words[:k]), run(150, words[-k:]))

# === deep_nest: compiled=run
from show import show

def run(n):
    total = 0
    for a in range(n):
        for b in range(2):
            for c in range(a & 1, 3):
                for d in (0, 1):
                    for e in "xy":
                        for f in range(b):
                            for g in range(c):
                                total += a + b + c + d + f + g
                                if total % 1001 == 1000: break
                            else:
                                total += 1
                        if e == "y" and d: continue
                        total ^= 1
    return total

show(run(3), run(40))

# === two_turns_with_effects: compiled=run
from show import show

class Place: pass

def run(n, turns):
    a, total = Place(), 0
    a.x = 0
    for i in range(n):
        j = 0
        while j < turns:
            total += i
            a.x = total
            j += 1
    return a.x, total, j

for turns in (0, 1, 2, 3):
    show(run(3, turns), run(100, turns))

# === iterators_shared_by_levels: compiled=run
from show import show

def run(n):
    total, source = 0, iter(range(n * 10))
    for x in source:
        for y in source:
            total += x * y
            if y % 7 == 3: break
        for y in source:
            total -= y
            for z in source:
                total += z
                break
            if y % 5 == 1: break
    numbers = list(range(n))
    one = iter(numbers)
    for a in one:
        for b in zip(one, one):
            total += a + b[1]
            if b[0] % 9 == 0: break
        if a % 13 == 5: numbers.append(a)
    return total

show(run(3), run(60))

# === a_global_stored_around_the_inner_loop: compiled=around,called
from show import show

g = 1

def around(n):
    global g
    a, b = 1, 2
    for i in range(n):
        b = b + 7 & 31
        for j in range(4):
            a += 1
        g = b
        a += g
    return a, b, g

def put(v):
    global g
    g = v
    return v

def called(n):
    a = 0
    for i in range(n):
        a += g
        put(i & 15)
        a = a * 3 + g & 0xFFFF
    return a

for n in (3, 40, 90):
    show(around(n), g)
    show(called(n), g)

# === a_comprehension_among_arguments: compiled=run
from show import show

def run(table, n):
    start, found = 0, []
    while start < n:
        # The NULL of the call lies below the inner loop's iterator.
        found.append(min([index for index in table if index >= start]))
        found.append(max([index * 2 for index in range(start + 3)], key=abs))
        start += 1
    return found

for n in (1, 5, 40):
    show(run({k: k for k in range(50)}, n))
    show(run(list(range(50)), n))

# === what_is_written_over_is_nobody_elses: compiled=run
import weakref
from bindings import ffi
from show import show

ffi = type(ffi)()
ffi.cdef("struct pair { int a, b; };")

def run(array, n, k, keep):
    kept = []
    total = 0
    for i in range(300, 300 + n):
        pair = array[i % 5]
        pair.a += 1
        for j in range(k):
            total += pair.a * j + i
        if keep(i):
            kept.append((i, pair))
        for j in range(i, i + 3):
            total ^= j
    return total, i, j, pair.a, kept

for keep in (lambda i: False, lambda i: i % 7 == 0, lambda i: True, lambda i: i > 400):
    array = ffi.new("struct pair[5]")
    total, i, j, a, kept = run(array, 150, 4, keep)
    show(total, i, j, a, [(n, pair.a, pair == array[n % 5]) for n, pair in kept], len({id(pair) for _, pair in kept}))

def watched(array, n):
    gone = []
    total = 0
    for i in range(n):
        pair = array[i % 5]
        if i % 11 == 3:
            weakref.finalize(pair, gone.append, i)
        for j in range(3):
            total += pair.b + j
    return total, gone[:]

show(watched(ffi.new("struct pair[5]"), 200))

# === iterators_that_one_loop_leaves_to_the_next: compiled=run
import gc
from show import show

def run(n, k):
    total = 0
    for i in range(n):
        for j in range(k):
            total += j
        for j in range(i, 2 * i, 3):
            total -= j
            for m in range(j & 3):
                total ^= m
        if i % 17 == 16:
            total += sum(type(thing).__name__ == "range_iterator" for thing in gc.get_objects())
        for j in range(k, 0, -1):
            if j == i & 7:
                break
            total += 1
    return total

for k in (0, 1, 3, 9):
    show(run(40, k), run(150, k))

# === few_turns: compiled=run
from show import show

def flip(items, low, high):
    while low < high:
        items[low], items[high] = items[high], items[low]
        low += 1
        high -= 1
    return low

def run(n):
    items, total, last = list(range(9)), 0, None
    for i in range(n):
        total += flip(items, i % 3, 4 + i % 2)
        for name in ("a", "b")[: i & 1]: last = name, i
        k = i % 3
        while k:
            k -= 1
            if k == i % 7: break
            total += k * 0.5
        else:
            total += 1
        for x in items[i % 2 : 2]:
            for y in (x, last): total += y is x
    return items, total, last

show(run(5), run(80), run(400))

# === few_turns_that_end_otherwise: compiled=run
import traceback
from show import show

def run(n):
    log, total = [], 0
    for i in range(n):
        try:
            k = i % 4
            while k:
                k -= 1
                total += 10 // (i % 11 - k)
                if total % 5 == 4: continue
                unbound = k
            total += unbound
            del unbound
        except (ZeroDivisionError, UnboundLocalError) as problem:
            log.append((repr(problem), [line for _, line in traceback.walk_tb(problem.__traceback__)]))
        finally:
            total += i
        for j in range(i % 3):
            if i % 13 == 12: return_early = log, total, j
            total = total + j if i % 2 else float(total)
    return log, total, return_early

def nested(n):
    def inner(limit):
        at = 0
        while True:
            at += 1
            if at > limit % 3: return at
    total = 0
    for i in range(n):
        total += inner(i) * 3 - inner(i // 2)
    return total

show(run(100), run(300), nested(200))
