"""The GIL around foreign calls: kept as long as nobody wants it, taken from calls that last, given up where that is known to be needed."""

# === a_short_call_that_calls_back_now_and_then: compiled=run
import ctypes
import gc
import sys
from bindings import api, api_ffi, calls, cdll, ffi, lib
from show import show

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
seen = []

def look(x):
    frame = sys._getframe(1)
    seen.append((x, frame.f_code.co_name, frame.f_locals["i"], frame.f_locals["total"]))
    gc.collect()
    return x + sum(range(x % 3))

def run(library, callback, n, period):
    total = 0
    for i in range(1, n):
        total += library.call_every(callback, i, period)
        total ^= library.id_i32(i)
    return total

for library, callback in ((lib, ffi.callback("int(int)", look)), (api, api_ffi.callback("int(int)", look)), (cdll, INT_INT(look))):
    for period in (400, 90, 7):
        seen.clear()
        api.calls_reset()
        show(run(library, callback, 2000, period), len(seen), seen[:3], seen[-1], calls())

# === what_calls_back_may_do: compiled=run
import ctypes
import sys
import threading
from bindings import cdll, ffi, lib
from show import show

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
lines = []

def inner(n):
    total = 0
    for k in range(n):
        total += lib.isum2(k, 1) + cdll.id_i32(k)
    return total

def trace(frame, event, argument):
    if frame.f_code is run.__code__:
        lines.append(event)
    return trace

def act(x):
    if x % 300 == 0:
        # Another native loop on the same thread.
        return inner(50)
    if x % 200 == 0:
        # Another thread that runs the same code meanwhile.
        results = []
        other = threading.Thread(target=lambda: results.append(inner(100)))
        other.start()
        other.join()
        return results[0]
    if tracing and x % 500 == 100:
        sys.settrace(trace)
        sys._getframe(1).f_trace = trace
        return 1
    sys.settrace(None)
    return 2

def run(library, callback, n):
    total = 0
    for i in range(1, n):
        total += library.call_every(callback, i, 100)
    return total

for tracing in (False, True):
    for library, callback in ((lib, ffi.callback("int(int)", act)), (cdll, INT_INT(act))):
        show(run(library, callback, 1500))
        show(run(library, callback, 1500))
        sys.settrace(None)
show(len(lines) > 0)

# === what_is_called_back_without_a_frame: compiled=run
import ctypes
from bindings import cdll, ffi, lib
from show import show

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
seen = []

def several():
    x = yield 0
    while True:
        x = yield x + 1

generator = several()
next(generator)

def run(library, callback, n, period):
    total = 0
    for i in range(n):
        total += library.call_every(callback, -i, period)
    return total

for library, make in ((lib, lambda f: ffi.callback("int(int)", f)), (cdll, INT_INT)):
    for function in (abs, generator.send, int.__neg__):
        callback = make(function)
        show(run(library, callback, 3000, 1), run(library, callback, 3000, 500))

# === a_daemon_thread_in_a_call_at_exit: alone
import sys
import threading
import time
from bindings import ffi, lib
from show import show

def run(n, us):
    total = 0
    for i in range(n):
        total += lib.id_i32(i & 1) + lib.nap_us(us)
    return total

@ffi.callback("int(int)")
def answer(x):
    return x

def calling(n):
    total = 0
    for i in range(n):
        total += lib.call_every(answer, i, 1000)
    return total

show(run(300, 0), calling(300))
for job in (lambda: run(10**9, 500), lambda: run(10**9, 0), lambda: calling(10**9)):
    threading.Thread(target=job, daemon=True).start()
time.sleep(0.2)

class Last:
    def __del__(self):
        # While the interpreter goes.
        show(run(300, 0), calling(300))
        sys.stdout.flush()

last = Last()

# === a_thread_of_c_calls_python_first: compiled=run
import ctypes
import threading
from bindings import api, api_ffi, cdll, ffi, lib
from show import show

INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
names = set()

def work(x):
    names.add(threading.current_thread() is threading.main_thread())
    return x * 2

def run(library, callback, n):
    total = 0
    for i in range(n):
        total += library.id_i32(i)
        total += library.call_from_thread(callback, i)
    return total

for library, callback in ((lib, ffi.callback("int(int)", work)), (api, api_ffi.callback("int(int)", work)), (cdll, INT_INT(work))):
    show(run(library, callback, 200), names)

# === others_go_on_while_a_call_lasts: compiled=run
import threading
import time
from bindings import cdll, lib
from show import show

def run(library, n, us):
    total = 0
    for i in range(n):
        total += library.id_i32(i)
        library.nap_us(us)
    return total

def count():
    global counted
    while not stop:
        counted += 1

for library in (lib, cdll):
    run(library, 100, 0)
    counted, stop = 0, False
    counter = threading.Thread(target=count)
    counter.start()
    time.sleep(0.01)
    before = counted
    show(run(library, 3, 30000))
    # So many in the 90 ms of three long calls: they have the interpreter to themselves.
    show(counted - before > 20000)
    stop = True
    counter.join()

# === an_address_arrives_as_others_want_the_gil: compiled=run
import ctypes
import sys
import threading
from bindings import PATH
from show import show

library = ctypes.CDLL(PATH)
library.id_ptr.argtypes, library.id_ptr.restype = [ctypes.c_void_p], ctypes.c_void_p

def run(n):
    nothing = something = 0
    for i in range(n):
        nothing += library.id_ptr(0) is None
        something += library.id_ptr(i | 1)
    return nothing, something

before = sys.getswitchinterval()
show(run(300))
sys.setswitchinterval(1e-6)
results = []
threads = [threading.Thread(target=lambda: results.append(run(20000))) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.setswitchinterval(before)
show(results)

# === short_calls_that_turn_long: compiled=run
import threading
import time
from bindings import lib
from show import show

def run(n, long_at):
    for i in range(n):
        lib.nap_us(200000 if i == long_at else 0)
    return i

def wait():
    gate.wait()
    time.sleep(0.005)
    times.append(time.monotonic())

run(3000, -1)
times, gate = [], threading.Event()
waiting = threading.Thread(target=wait)
waiting.start()
begin = time.monotonic()
gate.set()
run(3000, 2000)
end = time.monotonic()
waiting.join()
show(end - begin >= 0.2, times[0] < end)

# === errno_is_that_of_the_last_call: compiled=run
import ctypes
import errno
from bindings import api, api_ffi, cdll, ffi, lib, open_cdll
from show import show

keeping = open_cdll(use_errno=True)
INT_INT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)

def disturb(x):
    api_ffi.errno = 1000 + x
    ctypes.set_errno(2000 + x)
    cdll.set_errno(7)
    return api_ffi.errno

def run(n, callback):
    sums = [0, 0, 0]
    for i in range(n):
        lib.set_errno(i)
        cdll.set_errno(99)
        keeping.set_errno(50 + i % 3)
        x = i * 1.5
        sums[0] += ffi.errno + lib.get_errno() + api.get_errno()
        sums[1] += ctypes.get_errno() + keeping.get_errno()
        if i % 5 == 0:
            api.fail_with(errno.EAGAIN)
            sums[2] += str(x).__len__() + ffi.errno
        if i % 7 == 0:
            sums[2] += lib.call_once(callback, i) + ffi.errno
    return sums, ffi.errno, ctypes.get_errno(), lib.get_errno()

def alone(n):
    for i in range(n):
        lib.set_errno(i)
        if i == n - 1:
            break
    return ffi.errno

def inside(n, callback):
    # What is called back through ctypes sees what the call through cffi in front of this one has left.
    for i in range(n):
        lib.set_errno(i)
        lib.call_once(callback, i)
    return sum(seen), ffi.errno

def look(x):
    seen.append(ffi.errno)
    return x

callback = ffi.callback("int(int)", disturb)
other = INT_INT(look)
foreign = ffi.cast("int(*)(int)", ctypes.cast(other, ctypes.c_void_p).value)
for n in (10, 100, 300):
    seen = []
    show(run(n, callback), alone(n), inside(n, foreign), seen[-1])

# === a_fork_while_a_call_is_under_way: alone
import os
import sys
import threading
import time
import warnings
from bindings import ffi, lib
from show import show

# The thread of the round before may not have ended yet: whether CPython warns is a matter of chance.
warnings.simplefilter("ignore", DeprecationWarning)

def act(x):
    global child
    if x != at:
        return x
    sys.stdout.flush()
    child = os.fork()
    if child:
        show(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return x

def run(n):
    total = 0
    for i in range(1, n):
        total += lib.call_every(callback, i, 50)
        if i % 400 == 0:
            total += lib.nap_us(3000)
    return total

def count():
    global counted
    while not stop:
        counted += 1

callback = ffi.callback("int(int)", act)
for at in (-1, 50, 300):
    child = None
    result = run(1000)
    counted, stop = 0, False
    counter = threading.Thread(target=count, daemon=True)
    counter.start()
    if child == 0:
        # Calls that last let others go on in the child too.
        begin = counted
        lasting = [lib.nap_us(20000) for _ in range(5)]
        show(result, counted > begin)
        stop = True
        sys.stdout.flush()
        os._exit(3)
    begin = counted
    lasting = [lib.nap_us(20000) for _ in range(5)]
    show(at, result, counted > begin)
    stop = True
    counter.join()

# === leaves: compiled=run
import ctypes
import sys
from bindings import PATH, api, api_ffi, calls, cdll, ffi, lib, pydll
from show import show

# With Hardwire off there is no such module.
leaf = getattr(sys.modules.get("hardwire"), "leaf", lambda function: function)
BINOP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)

class Holder:
    def __init__(self):
        self.factor = 3

def run(holder, library, n):
    total = 0
    for i in range(n):
        total += library.id_i32(i) * holder.factor
        total ^= library.isum2(i, holder.factor)
        library.set_errno(i % 5)
        if i % 50 == 49:
            holder.factor += library.id_i8(1)
    return total, holder.factor

def through(pointer, n):
    total = 0
    for i in range(n):
        total += pointer(i)
    return total

expected = [run(Holder(), library, 300) for library in (lib, api, cdll)]
for library in (lib, api, cdll, pydll):
    for name in ("id_i32", "isum2", "set_errno", "id_i8"):
        function = getattr(library, name)
        assert leaf(function) is function
pointer = leaf(ffi.cast("int32_t(*)(int32_t)", ffi.addressof(lib, "id_i32")))
for library in (lib, api, cdll, pydll):
    api.calls_reset()
    show(run(Holder(), library, 300), calls(), ffi.errno, api_ffi.errno)
show(expected, through(pointer, 200))
if leaf.__name__ == "leaf":
    # One that is never called directly may be promised all the same.
    returning = ctypes.CDLL(PATH).int_cell
    returning.restype = ctypes.POINTER(ctypes.c_int)
    assert leaf(returning) is returning
    for wrong in (len, 3, None, print, ffi.new("int *"), lib, ffi):
        try:
            leaf(wrong)
        except TypeError as problem:
            assert repr(wrong) in str(problem), problem
        else:
            raise AssertionError(wrong)

# === a_variable_holds_leaves_and_others_in_turn: compiled=run
import sys
from bindings import ffi, lib
from show import show

leaf = getattr(sys.modules.get("hardwire"), "leaf", lambda function: function)
same = ffi.cast("int(*)(int)", ffi.addressof(lib, "id_int"))
spin = ffi.cast("int(*)(int)", ffi.addressof(lib, "spin_us"))
nap = ffi.cast("int(*)(int)", ffi.addressof(lib, "nap_us"))
leaf(same)

def run(functions, n):
    total = 0
    f = functions[0]
    for i in range(n):
        total += f(i & 3)
        f = functions[i // 40 % len(functions)]
    return total

for functions in ([same], [same, spin], [spin, same, nap], [nap, nap]):
    show(run(functions, 400))

# === what_a_call_is_lent_lives_as_long: alone compiled=run,through
import threading
import time
from bindings import calls, ffi, lib
from show import show

# The call is short at first; then it lasts, and others take away what it was given.
died = []

class Holder:
    def __init__(self, n):
        self.fill(n)

    def fill(self, n):
        data = ffi.new("unsigned char[]", bytes(range(10)))
        self.held = ffi.gc(data, lambda _, n=n: died.append(n))

    @property
    def data(self):
        return self.held

    def sum(self, size, us):
        return lib.sum_bytes_after(self.data, size, us)

def run(holder, n, at):
    total = 0
    for i in range(n):
        total += lib.sum_bytes_after(holder.held, 10, 30000 if i in at else 0)
    return total

def through(holder, n, at):
    total = 0
    for i in range(n):
        total += holder.sum(10, 30000 if i in at else 0)
    return total

def take_away(count):
    # Until that call is under way.
    while calls()[0] < count:
        time.sleep(0.001)
    old = len(died)
    holder.fill(len(died) + 1)
    junk = [ffi.new("unsigned char[]", b"\xff" * 10) for _ in range(50)]
    # In use: it is not gone yet.
    seen.append(len(died) - old)

for work in (run, through):
    for at in ((), (500,), (800,), (100, 900)):
        died.clear()
        seen = []
        holder = Holder(0)
        total = work(holder, 300, ())
        count = calls()[0]
        threads = [threading.Thread(target=take_away, args=(count + n + 1,)) for n in at]
        for thread in threads:
            thread.start()
        total += work(holder, 1000, at)
        for thread in threads:
            thread.join()
        show(work.__name__, at, total, died, seen)

# === what_a_call_is_lent_and_its_callback_takes_away: compiled=run,through
from bindings import ffi, lib
from show import show

died = []

class Holder:
    def __init__(self):
        self.n = 0
        self.fill()

    def fill(self):
        self.n += 1
        data = ffi.new("unsigned char[]", bytes(range(10)))
        self.held = ffi.gc(data, lambda _, n=self.n: died.append(n))

    @property
    def data(self):
        return self.held

def act(x):
    # Nothing else has it: it lives as long as the call.
    before = len(died)
    holder.fill()
    junk = [ffi.new("unsigned char[]", b"\xff" * 10) for _ in range(50)]
    seen.append(len(died) - before)
    return x

callback = ffi.callback("int(int)", act)

def run(holder, n, at):
    total = 0
    for i in range(n):
        total += lib.sum_bytes_later(callback if i in at else ffi.NULL, holder.held, 10)
        if i in at:
            order.append((i, len(died)))
    return total

def through(holder, n, at):
    total = 0
    for i in range(n):
        total += lib.sum_bytes_later(callback if i in at else ffi.NULL, holder.data, 10)
        if i in at:
            order.append((i, len(died)))
    return total

for work in (run, through):
    for at in ((), (50,), (51, 150, 151), (250,)):
        seen, order = [], []
        holder = Holder()
        show(work.__name__, work(holder, 300, at), seen, order, died)
        died.clear()

# === the_system_forbids_barriers_meanwhile: alone compiled=run
import ctypes
import platform
import threading
from bindings import calls, lib
from show import show

class Insn(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]

class Filter(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.POINTER(Insn))]

def forbid(number):
    # seccomp(2), for all threads: that system call gives EPERM.
    libc = ctypes.CDLL(None, use_errno=True)
    insns = (Insn * 4)(Insn(0x20, 0, 0, 0), Insn(0x15, 0, 1, number), Insn(0x06, 0, 0, 0x50001), Insn(0x06, 0, 0, 0x7FFF0000))
    libc.prctl(38, 1, 0, 0, 0)
    if libc.syscall(317, 1, 1, ctypes.byref(Filter(4, insns))):
        # A system without seccomp: there is nothing to see then.
        return
    assert libc.syscall(number, 0, 0, 0) == -1 and ctypes.get_errno() == 1

class Holder:
    factor = 1

def run(holder, n, at):
    total = 0
    for i in range(n):
        lib.spin_us(30000 if i in at else 0)
        total += holder.factor
    return total

def change(count):
    while calls()[0] < count:
        pass
    holder.factor = 1000

holder = Holder()
show(run(holder, 300, ()))
for forbidden in (False, True, True):
    if forbidden and platform.machine() == "x86_64":
        forbid(324)
    for at in (200, 250):
        holder.factor = 1
        count = calls()[0] + at + 1
        thread = threading.Thread(target=change, args=(count,))
        thread.start()
        total = run(holder, 300, (at,))
        thread.join()
        show(total)

# === what_a_call_was_lent_dies_behind_it: compiled=run
from bindings import ffi, lib
from show import show

class Box:
    pass

def gone(_):
    died.append(len(died))

def use(box):
    lib.sum_bytes(box.held, 4)
    old = box.held
    box.held = None
    before = len(died)
    # Here, in the callee, and not when that is left.
    old = None
    return len(died) - before

def run(box, n):
    dead = 0
    for i in range(n):
        box.held = made[i]
        made[i] = None
        dead += use(box)
    return dead

for n in (1, 2, 3, 5, 100, 300):
    died = []
    made = [ffi.gc(ffi.new("unsigned char[4]"), gone) for _ in range(n)]
    show(run(Box(), n), len(died))

# === references_of_calls_about_as_long_as_nobody_waits: alone compiled=run
import sys
import threading
from bindings import ffi, lib
from show import show

class Holder:
    def __init__(self):
        self.held = ffi.new("unsigned char[]", 10)

def run(holder, n, us):
    total = 0
    for i in range(n):
        total += lib.sum_bytes(holder.held, 10)
        total += lib.spin_us(us + i % 100)
        total += lib.sum_bytes_spin(holder.held, 10, us + i % 50 if i % 2 else 0)
    return total

def count():
    n = 0
    while not stop:
        n += 1

stop = False
threading.Thread(target=count, daemon=True).start()
holder = Holder()
before = sys.getrefcount(holder.held)
for us in (0, 500, 600, 650, 680):
    show(run(holder, 60, us), sys.getrefcount(holder.held) - before)
stop = True

# === others_look_while_a_call_waits_for_the_gil: alone compiled=run
import sys
import threading
from bindings import lib, pydll
from show import show

def run(n):
    total = 0
    x = y = 0
    for i in range(n):
        x = pydll.id_int(i)
        y = i * 2.5
        lib.nap_us(20 if i % 3 else 300)
        total += x
        x = y = None
    return total, x, y

def look():
    while not stop:
        frame = sys._current_frames().get(worker)
        while frame is not None:
            if frame.f_code is run.__code__:
                found = dict(frame.f_locals)
                i, x, y = (found.get(name) for name in "ixy")
                if x is not None and y is not None and not (x == i and y == i * 2.5):
                    wrong.append(found)
            frame = frame.f_back
        frame = None

wrong = []
stop = False
worker = threading.get_ident()
looks = threading.Thread(target=look)
looks.start()
show(run(600))
show(run(600))
stop = True
looks.join()
show(len(wrong), wrong[:3])
