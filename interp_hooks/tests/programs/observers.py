"""Code that looks at the loop while it runs: frames, locals, line numbers, tracing, monitoring, warnings, logging."""

# === locals_of_the_caller: compiled=run
import sys
from show import show

def look(i):
    if i % 25 == 24:
        frame = sys._getframe(1)
        show(sorted((name, value) for name, value in frame.f_locals.items()))
        show(frame.f_lineno, frame.f_code.co_name, frame.f_back.f_lineno)
    return i

def run(n):
    total = 0
    half = 0.5
    flag = None
    for i in range(n):
        total += i * 3
        half = half * 0.5 + i
        flag = i % 2 == 0
        look(i)
        late = total - i
    return total, half, flag, late

show(run(20))
show(run(100))

# === locals_in_the_loop: compiled=run
from show import show

def run(n):
    total = 0
    for i in range(n):
        total += i
        square = i * i
        if i % 30 == 29:
            show(sorted(locals().items()), sorted(vars().items()), dir())
    return total

show(run(100))

# === locals_seen_through_two_calls: compiled=run
import inspect
from show import show

def outer_look(i):
    return inner_look(i)

def inner_look(i):
    if i in (40, 41, 77):
        caller = inspect.currentframe().f_back.f_back
        show(caller.f_lineno, sorted(caller.f_locals.items()))
    return 1

def run(n):
    count = 0
    x = 1.0
    for i in range(n):
        x *= 1.5
        count += (
            outer_look(i)
            + outer_look(-1)
        )
        y = x
    return count

show(run(100))

# === caller_changes_locals: compiled=run
import sys
from show import show

def meddle(i):
    if i == 60:
        # On 3.12 a write to f_locals is lost again, on 3.13 it goes through: the same off and on is what counts.
        sys._getframe(1).f_locals["total"] = 10**6
        sys._getframe(1).f_locals["half"] = None

def run(n):
    total = 0
    half = 0.5
    for i in range(n):
        total += i
        meddle(i)
        total += 1
        if half is None:
            half = 0.25
        half = half + 1
    return total, half

show(run(50), run(100))

# === line_numbers: compiled=run
import traceback
from show import show

def lines(i):
    if i % 45 == 44:
        show([(entry.lineno, entry.name) for entry in traceback.extract_stack(limit=3)])
    return i

def run(n):
    total = 0
    for i in range(n):
        total += lines(i)
        if i % 2:
            total -= lines(i)
        else:
            total *= 1; total += lines(
                i
            )
        x = [lines(i),
             lines(i + 1)]
    return total

show(run(100))
for i in range(50):
    lines(i)
    lines(i)

# === warnings_stacklevel: compiled=run
import sys
import warnings
from show import show

warnings.simplefilter("default")

def old(i):
    if i % 40 == 39:
        warnings.warn(f"old {i}", DeprecationWarning, stacklevel=2)
    return i

def run(n):
    total = 0
    for i in range(n):
        total += old(i)
        total += i
        total += old(i + 1)
    return total

show(run(100))
show(sys.modules["__main__"].__dict__.get("__warningregistry__", {}).keys().__len__())

# === warning_becomes_error: raises compiled=run
import warnings
from show import show

def old(i):
    if i == 66:
        warnings.warn("now an error", stacklevel=2)
    return i

def run(n):
    total = 0
    for i in range(n):
        total += old(i)
    return total

show(run(60))
warnings.simplefilter("error")
run(100)

# === logging_finds_the_caller: compiled=run
import logging
import sys
from show import show

logger = logging.getLogger("loops")
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(logging.Formatter("%(funcName)s %(lineno)d %(message)s"))
logger.addHandler(handler)
logger.setLevel(logging.INFO)
logger.propagate = False

def run(n):
    total = 0
    for i in range(n):
        total += i
        logger.debug("not shown %d", i)
        if i % 40 == 39:
            logger.info("at %d", i)
    return total

show(run(100))
for i in range(60):
    if i == 55:
        logger.info("module level")
logger.removeHandler(handler)

# === frame_kept_after_the_loop: compiled=run
import sys
from show import show

frames = []

def keep(i):
    if i == 70:
        frames.append(sys._getframe(1))

def run(n):
    total = 0
    for i in range(n):
        total += i
        keep(i)
        last = i * 0.5
    return total

show(run(60), run(100))
show(sorted(frames[0].f_locals.items()), frames[0].f_lineno)
frames.clear()

# === frames_of_another_thread: compiled=run
import sys
import threading
from show import show

def watch(ident, turn, seen):
    turn[0].wait()
    frame = sys._current_frames()[ident]
    while frame.f_code.co_name != "run":
        frame = frame.f_back
    seen.append((frame.f_lineno, frame.f_locals["i"], frame.f_locals["total"]))
    turn[1].set()

def pause(i, turn):
    if i == 80:
        turn[0].set()
        turn[1].wait()
    return i

def run(n):
    turn = threading.Event(), threading.Event()
    seen = []
    watcher = threading.Thread(target=watch, args=(threading.get_ident(), turn, seen))
    watcher.start()
    total = 0
    for i in range(n):
        total += i
        total += pause(i, turn)
    watcher.join()
    return total, seen

show(run(100))

# === settrace_in_the_loop: compiled=run
import sys
from show import show

events = []

def tracer(frame, event, arg):
    if frame.f_code.co_name in ("run", "switch", "work"):
        events.append((frame.f_code.co_name, frame.f_lineno - frame.f_code.co_firstlineno, event, type(arg).__name__))
        return tracer

def switch(i):
    if i == 40:
        sys.settrace(tracer)
        sys._getframe(1).f_trace = tracer
    elif i == 45:
        sys.settrace(None)
        sys._getframe(1).f_trace = None
    return i

def work(x):
    return x * 2

def run(n):
    total = 0
    for i in range(n):
        total += switch(i)
        total += work(i)
        if i % 2:
            total -= 1
    return total

show(run(100))
show(events)
events.clear()
sys.settrace(tracer)
show(run(12))
sys.settrace(None)
show(events)
show(run(30))

# === setprofile_in_the_loop: compiled=run
import sys
from show import show

events = []

def profiler(frame, event, arg):
    if event.startswith("c_"):
        arg = getattr(arg, "__name__", "?")
    events.append((frame.f_code.co_name, event, arg if isinstance(arg, (int, float, str)) else type(arg).__name__))

def switch(i):
    if i == 40:
        sys.setprofile(profiler)
    elif i == 44:
        sys.setprofile(None)
    return i

def run(n):
    total = 0
    for i in range(n):
        total += switch(i)
        total += abs(-i) + len("text")
    return total

show(run(60))
show(events)

# === monitoring_in_the_loop: compiled=run
import sys
from show import show

monitoring = sys.monitoring
TOOL = 3
monitoring.use_tool_id(TOOL, "watcher")
events = []

def line(code, number):
    if code.co_name in ("run", "work"):
        events.append((code.co_name, "line", number - code.co_firstlineno))

def start(code, offset):
    if code.co_name == "work":
        events.append("start")

def call(code, offset, function, argument):
    if code.co_name == "run":
        events.append(("call", getattr(function, "__name__", "?")))

def work(x):
    return x + 1

def switch(i):
    if i == 40:
        monitoring.register_callback(TOOL, monitoring.events.LINE, line)
        monitoring.register_callback(TOOL, monitoring.events.PY_START, start)
        monitoring.set_events(TOOL, monitoring.events.LINE | monitoring.events.PY_START)
    elif i == 43:
        monitoring.set_events(TOOL, 0)
    elif i == 50:
        monitoring.register_callback(TOOL, monitoring.events.CALL, call)
        monitoring.set_local_events(TOOL, run.__code__, monitoring.events.CALL)
    elif i == 53:
        monitoring.set_local_events(TOOL, run.__code__, 0)
    return i

def run(n):
    total = 0
    for i in range(n):
        total += switch(i)
        total += work(i)
    return total

try:
    show(run(80))
    show(events)
    events.clear()
    show(run(100))
    show(events)
finally:
    monitoring.free_tool_id(TOOL)

# === coverage_of_lines: compiled=run
import sys
from show import show

monitoring = sys.monitoring
monitoring.use_tool_id(1, "coverage")
hits = {}
branches = set()

def line(code, number):
    if code.co_name == "run":
        hits[number - code.co_firstlineno] = hits.get(number - code.co_firstlineno, 0) + 1

def jump(code, start, target):
    if code.co_name == "run":
        branches.add((start > target))

def run(n):
    total = 0
    for i in range(n):
        if i % 3 == 0:
            total += i
        elif i % 50 == 49:
            total -= 1000
        else:
            total += 1
    return total

show(run(100))
monitoring.register_callback(1, monitoring.events.LINE, line)
monitoring.register_callback(1, monitoring.events.JUMP, jump)
monitoring.set_events(1, monitoring.events.LINE | monitoring.events.JUMP)
show(run(100))
monitoring.set_events(1, 0)
monitoring.free_tool_id(1)
show(sorted(hits.items()), sorted(branches))
show(run(100))

# === gc_in_the_loop: compiled=run
import gc
from show import show

class Node:
    pass

def collect(i):
    if i % 20 == 0:
        gc.collect()

def referrers(i, things):
    return len(gc.get_referrers(things)) > 0 if i == 60 else True

def run(n):
    things = []
    total = 0
    for i in range(n):
        node = Node()
        node.me = node
        things.append(i)
        total += i * 0.5
        collect(i)
        if not referrers(i, things):
            return "lost"
    return total, len(things)

show(run(100))

# === threads_switch_in_the_callee: compiled=run
import threading
import time
from show import show

def run(n, results, name):
    total = 0
    for i in range(n):
        total += i
        if i % 10 == 0:
            time.sleep(0)
    results[name] = total

results = {}
threads = [threading.Thread(target=run, args=(300 + k, results, k)) for k in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
show(sorted(results.items()))

# === audit_hook_sees_calls: alone compiled=run
import sys
from show import show

seen = []
sys.addaudithook(lambda event, args: seen.append(event) if event.startswith("loops.") else None)

def run(n):
    for i in range(n):
        if i % 20 == 0:
            sys.audit("loops.turn", i)
    return n

show(run(100), seen)

# === pdb_style_jump: compiled=run
import sys
from show import show

def tracer(frame, event, arg):
    if event == "line" and frame.f_code.co_name == "run" and frame.f_locals.get("i") == 50 and not jumped:
        if frame.f_lineno == frame.f_code.co_firstlineno + 3:
            jumped.append(1)
            frame.f_lineno = frame.f_code.co_firstlineno + 4
    return tracer

jumped = []

def run(n):
    total = 0
    for i in range(n):
        total += 1000
        total += i
    return total

show(run(60))
sys.settrace(tracer)
show(run(60), jumped)
sys.settrace(None)
show(run(60))

# === objects_that_the_collector_knows: compiled=run
import gc
from show import show

class Never:
    def __eq__(self, other):
        return False

def half(x, divisor=2):
    return x / divisor

def run(thing, n):
    total = 0
    for i in range(n):
        total += (thing == thing) + half(i)
    return total

thing = Never()
gc.collect()
gc.disable()
before = len(gc.get_objects())
total = run(thing, 60)
after = len(gc.get_objects())
gc.enable()
show(total, after - before)

# === frames_evaluated_by_another: compiled=run
from show import show

try:
    from _testinternalcapi import set_eval_frame_default, set_eval_frame_record
except ImportError:
    set_eval_frame_default = lambda: None
    set_eval_frame_record = lambda names: None

class Thing:
    @property
    def twice(self):
        return half(20) * 4

def half(x):
    return x / 2

def run(n, thing=Thing()):
    total = 0
    for i in range(n):
        total += half(i) + thing.twice
    return total

names = []
show(run(60))
set_eval_frame_record(names)
total = run(60)
set_eval_frame_default()
show(total, len(names), names[:10])
show(run(60), len(names))
