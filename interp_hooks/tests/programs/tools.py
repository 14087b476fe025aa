# Python's own tools, switched on before a hot loop and while it runs natively: profilers, tracers, debuggers, tracebacks, allocations.

# === traceback_through_a_callee: compiled=run
import traceback
from bindings import api, lib
from show import show

def inner(i, at):
    return 10 // (
        at - i
    )

def outer(i, at):
    half = i / 2
    return half + inner(
        i, at)

def run(n, at):
    total = 0
    for i in range(n):
        total += lib.id_i32(
            i
        ) + outer(i, at)
    return total

show(run(60, 1000))
for at in (0, 1, 2, 30, 59):
    try:
        run(60, at)
    except ZeroDivisionError as error:
        show(at)
        traceback.print_exc()
        for entry in traceback.walk_tb(error.__traceback__):
            frame, line = entry
            show(frame.f_code.co_name, line - frame.f_code.co_firstlineno, frame.f_locals.get("i"), frame.f_locals.get("half"))
        error = None

# === traceback_of_a_foreign_error: compiled=run
import traceback
from bindings import lib
from show import show

class Odd:
    def __index__(self):
        raise ValueError("odd")

def call(x):
    return lib.id_i32(x)

def run(values):
    total = 0
    for value in values:
        total += call(value)
    return total

show(run([1, 2, 3] * 20))
for bad in (2**31, "text", 1.5, None, Odd()):
    try:
        run([1, 2, 3] * 20 + [bad])
    except Exception:
        traceback.print_exc()

# === traceback_with_notes_and_causes: compiled=run
import traceback
from show import show

def check(i, at):
    try:
        if i == at:
            raise KeyError(i)
    except KeyError as error:
        error.add_note(f"at {i}")
        raise ValueError("not here") from error
    return 1

def run(n, at):
    total = 0
    for i in range(n):
        total += check(i, at)
    return total

show(run(60, -1))
for at in (1, 40):
    try:
        run(60, at)
    except ValueError:
        traceback.print_exc()

# === stack_seen_by_a_callee: compiled=run
import traceback
from show import show

def look(i):
    if i % 20 == 19:
        for entry in traceback.extract_stack()[-3:]:
            show(entry.name, entry.line, entry.colno, entry.end_colno)
    return 1

def between(i):
    return look(i) + i * 0.5

def run(n):
    total = 0
    for i in range(n):
        total += between(
            i
        )
    return total

show(run(60))

# === profiler_before_and_behind: compiled=run
import cProfile
from bindings import lib
from show import show

def half(x):
    return x / 2

def run(n):
    total = 0
    for i in range(n):
        total += half(i) + lib.id_i32(i) + abs(-i)
    return total

def counts(profile):
    rows = []
    for entry in profile.getstats():
        name = entry.code if isinstance(entry.code, str) else entry.code.co_name
        rows.append((name, entry.callcount, entry.reccallcount, sorted((c.code if isinstance(c.code, str) else c.code.co_name, c.callcount) for c in entry.calls or ())))
    return sorted(rows)

show(run(60))
profile = cProfile.Profile()
show(profile.runcall(run, 60))
show(counts(profile))
show(run(60))
show(counts(profile))
with cProfile.Profile() as profile:
    run(30)
    run(70)
show(counts(profile))

# === profiler_from_the_loop: compiled=run
import cProfile
from show import show

profile = cProfile.Profile()

def half(x):
    return x / 2

def switch(i):
    if i == 40:
        profile.enable()
    elif i == 44:
        profile.disable()
    return i

def run(n):
    total = 0
    for i in range(n):
        total += switch(i) + half(i) + abs(-i)
    return total

show(run(60))
show(sorted((entry.code if isinstance(entry.code, str) else entry.code.co_name, entry.callcount) for entry in profile.getstats()))

# === profiler_from_a_signal: compiled=run
import cProfile
import signal
import time
from show import show

profile = cProfile.Profile()
stop = []

def half(x):
    return x / 2

def handler(number, frame):
    if number == signal.SIGUSR1:
        profile.enable()
    else:
        profile.disable()
        stop.append(number)

def run(before):
    i = 0
    while not stop:
        half(i)
        i += 1
        if i == before:
            signal.raise_signal(signal.SIGUSR1)
        elif i == 2 * before:
            signal.raise_signal(signal.SIGUSR2)
    return i

old = [signal.signal(number, handler) for number in (signal.SIGUSR1, signal.SIGUSR2)]
show(run(300))
rows = {entry.code if isinstance(entry.code, str) else entry.code.co_name: entry.callcount for entry in profile.getstats()}
show(rows["half"], sorted(rows))
for number, was in zip((signal.SIGUSR1, signal.SIGUSR2), old):
    signal.signal(number, was)

# === profiler_of_all_threads: compiled=run
import sys
import threading
import time
from show import show

stop = []
calls = {}

def note(frame, event, argument):
    name = frame.f_code.co_name
    if name in ("half", "run"):
        calls[name, event] = calls.get((name, event), 0) + 1

def half(x):
    return x / 2

def run():
    i = 0
    while not stop:
        half(i)
        i += 1
    return i

def waits(condition):
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            return "never"
        time.sleep(0.005)
    return "in time"

for way in ("setprofile_all_threads", "settrace_all_threads"):
    stop.clear()
    calls.clear()
    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.1)
    getattr(threading, way)(note)
    show(way, waits(lambda: calls.get(("half", "call"), 0) > 10))
    getattr(threading, way)(None)
    time.sleep(0.02)
    seen = sum(calls.values())
    time.sleep(0.05)
    show(sum(calls.values()) == seen, sorted(calls))
    stop.append(1)
    thread.join()

# === break_point_from_a_signal: compiled=run
import bdb
import signal
import sys
from show import show

class Debugger(bdb.Bdb):
    def user_line(self, frame):
        if frame.f_code.co_name not in ("run", "half"):
            return self.set_continue()
        show(frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, frame.f_locals.get("i"), frame.f_locals.get("total"))
        self.stops -= 1
        if self.stops:
            self.set_step() if self.stops % 2 else self.set_continue()
        else:
            self.clear_all_breaks()
            self.set_continue()

def half(x):
    return x / 2

def handler(number, frame):
    debugger.stops = 6
    show("signal", frame.f_code.co_name)
    file = debugger.canonic(__file__)
    show(debugger.set_break(file, run.__code__.co_firstlineno + 5), debugger.set_break(file, half.__code__.co_firstlineno + 1))
    while frame is not None and frame.f_code.co_filename == __file__:
        frame.f_trace = debugger.trace_dispatch
        debugger.botframe = frame
        frame = frame.f_back
    debugger.set_continue()
    sys.settrace(debugger.trace_dispatch)

def send(i, at):
    if i == at:
        signal.raise_signal(signal.SIGUSR1)
    return 1

def run(n, at):
    total = 0
    for i in range(n):
        total += send(i, at)
        total += i
        total += half(i)
    return total

import linecache
linecache.checkcache()
debugger = Debugger()
debugger.reset()
old = signal.signal(signal.SIGUSR1, handler)
for at in (-1, 0, 1, 30):
    show(at, run(60, at))
    sys.settrace(None)
signal.signal(signal.SIGUSR1, old)

# === break_point_from_a_thread: compiled=run
import bdb
import sys
import threading
import time
from show import show

class Debugger(bdb.Bdb):
    def user_line(self, frame):
        if frame.f_code.co_name == "run":
            lines.append(frame.f_lineno - frame.f_code.co_firstlineno)
            facts.append(frame.f_locals["total"] == frame.f_locals["i"])
            if len(lines) == 3:
                self.clear_all_breaks()
                stop.append(1)
        self.set_continue()

lines, facts, stop = [], [], []

def run():
    total = i = 0
    while not stop:
        total += 1
        i += 1
    return total == i

def work():
    show(run())

thread = threading.Thread(target=work)
thread.start()
time.sleep(0.1)
debugger = Debugger()
debugger.reset()
show(debugger.set_break(debugger.canonic(__file__), run.__code__.co_firstlineno + 3))
frame = sys._current_frames()[thread.ident]
while frame is not None:
    if frame.f_code.co_filename == __file__:
        frame.f_trace = debugger.trace_dispatch
    debugger.botframe = frame
    frame = frame.f_back
debugger.set_continue()
threading.settrace_all_threads(debugger.trace_dispatch)
thread.join(20)
threading.settrace_all_threads(None)
sys.settrace(None)
show(lines, facts, bool(stop))
stop.append(1)
thread.join()

# === pdb_from_a_script: alone compiled=run
import io
import pdb
import sys
from show import show

COMMANDS = "b {0}\nc\np x\nu\np i, total\nd\ntbreak {1}\ncl {2}\nc\np i, total\nn\nn\ns\ns\nw\nr\nc\n"

def half(x):
    return x / 2

def debug(i, at):
    if i == at:
        commands = COMMANDS.format(half.__code__.co_firstlineno + 1, run.__code__.co_firstlineno + 4, at // 30 * 2 - 1)
        debugger = pdb.Pdb(stdin=io.StringIO(commands), stdout=sys.stdout, nosigint=True, readrc=False)
        debugger.set_trace(sys._getframe().f_back)
    return 1

def run(n, at):
    total = 0
    for i in range(n):
        total += debug(i, at)
        total += half(i)
        total += 1
    return total

for at in (-1, 30, 60):
    show(run(90, at))
    sys.settrace(None)

# === breakpoint_hook: compiled=run
import sys
from show import show

def hook(*arguments, **keywords):
    frame = sys._getframe(1)
    show(arguments, keywords, frame.f_lineno - frame.f_code.co_firstlineno, sorted((k, v) for k, v in frame.f_locals.items() if k != "n"))

def run(n):
    total = 0
    for i in range(n):
        total += i
        if i % 20 == 19:
            breakpoint(i, total=total)
        total += 1
    return total

sys.breakpointhook = hook
show(run(60), run(90))
sys.breakpointhook = sys.__breakpointhook__

# === tracemalloc_in_the_loop: compiled=run
import tracemalloc
from bindings import ffi
from show import show

class Thing:
    def __init__(self, x):
        self.x = x

def make(i):
    return [i] * 50

def switch(i):
    if i == start:
        tracemalloc.start()

start = -1

def run(n, keep):
    total = 0
    for i in range(n):
        switch(i)
        keep.append(
            bytes(1000)
        )
        keep.append(make(i))
        keep.append(
            Thing(float(i))
        )
        total += i * 0.5
    return total

def rows(snapshot):
    mine = snapshot.filter_traces([tracemalloc.Filter(True, __file__)])
    first = make.__code__.co_firstlineno
    last = rows.__code__.co_firstlineno
    found = {s.traceback[0].lineno - first: s.count for s in mine.statistics("lineno") if first < s.traceback[0].lineno < last}
    return sorted(found.items())

show(run(60, []), run(60, []))
for start in (-1, 30):
    if start < 0:
        tracemalloc.start()
    keep = []
    show(run(60, keep))
    snapshot = tracemalloc.take_snapshot()
    tracemalloc.stop()
    start = -1
    show(len(keep), rows(snapshot), run(60, []))

# === monitoring_from_a_thread: compiled=run
import sys
import threading
import time
from show import show

monitoring = sys.monitoring
events = monitoring.events
seen = set()
stop = []

def half(x):
    return x / 2

def run():
    total = i = 0
    while not stop:
        total += half(i)
        i += 1
    return i > 0

def told(code, *what):
    if code.co_name in ("run", "half"):
        seen.add((code.co_name, what[0] - code.co_firstlineno))

def waits(condition):
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            return "never"
        time.sleep(0.005)
    return "in time"

monitoring.use_tool_id(3, "watcher")
monitoring.register_callback(3, events.LINE, told)
for switch, code in ((monitoring.set_events, None), (monitoring.set_local_events, run.__code__), (monitoring.set_local_events, half.__code__)):
    where = () if code is None else (code,)
    seen.clear()
    stop.clear()
    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.1)
    switch(3, *where, events.LINE)
    want = {("run", 3), ("run", 4)} if code is run.__code__ else {("half", 1)} if code else {("run", 3), ("run", 4), ("half", 1)}
    show(switch.__name__, waits(lambda: want <= seen))
    switch(3, *where, 0)
    stop.append(1)
    thread.join()
    show(sorted(seen))
monitoring.free_tool_id(3)

# === monitoring_that_disables: compiled=run
import sys
from show import show

monitoring = sys.monitoring
events = monitoring.events
seen = []

def once(code, line):
    if code.co_name in ("run", "half"):
        seen.append((code.co_name, line - code.co_firstlineno))
    return monitoring.DISABLE

def half(x):
    return x / 2

def run(n):
    total = 0
    for i in range(n):
        if i % 50 == 49:
            total += 1
        total += half(i)
        if i == again:
            monitoring.restart_events()
    return total

again = -1
show(run(60))
monitoring.use_tool_id(1, "coverage")
monitoring.register_callback(1, events.LINE, once)
monitoring.set_events(1, events.LINE)
show(run(60), seen)
seen.clear()
show(run(60), seen)
again = 30
show(run(60), seen)
monitoring.set_events(1, 0)
monitoring.free_tool_id(1)
show(run(60))

# === trace_module: compiled=run
import trace
from show import show

def half(x):
    return x / 2

def run(n):
    total = 0
    for i in range(n):
        if i % 7 == 0:
            total += half(i)
        total += 1
    return total

show(run(60))
tracer = trace.Trace(count=True, trace=False)
show(tracer.runfunc(run, 60))
counts = tracer.results().counts
first = run.__code__.co_firstlineno
show(sorted((line - first, count) for (file, line), count in counts.items() if file == __file__))
show(run(60))
