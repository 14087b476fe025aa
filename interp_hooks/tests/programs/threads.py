"""Threads, processes and switches of Hardwire itself, while a compiled loop runs."""

# === two_threads_in_one_loop: compiled=run
import sys
import threading
from bindings import cdll, lib, pydll
from show import show

def run(n, library, k):
    total = 0
    half = 0.5
    for i in range(n):
        total += library.isum2(i, k)
        half = half * 0.5 + i
        total ^= library.id_i64(i)
    return total, half

before = sys.getswitchinterval()
alone = [run(3000, library, k) for library in (lib, cdll, pydll) for k in range(2)]
sys.setswitchinterval(1e-6)
results = {}

def work(number, library, k):
    results[number] = [run(3000, library, k) for _ in range(4)]

jobs = [(library, k) for library in (lib, cdll, pydll) for k in range(2)]
threads = [threading.Thread(target=work, args=(number, *job)) for number, job in enumerate(jobs)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.setswitchinterval(before)
show([results[number] == [alone[number]] * 4 for number in range(len(jobs))])

# === threads_record_the_same_code
import sys
import threading
from show import show

TEXT = """
def run(n, k):
    total = 0
    i = 0
    while i < n:
        total += step(i, k)
        i += 1
    return total
"""

def step(i, k):
    return i * k

sys.setswitchinterval(1e-6)
for attempt in range(10):
    exec(TEXT)
    gate = threading.Barrier(4)
    results = [None] * 4

    def work(k):
        gate.wait()
        results[k] = [run(500, k) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    show([result == [k * sum(range(500))] * 5 for k, result in enumerate(results)])
sys.setswitchinterval(0.005)

# === a_thread_changes_a_global
import threading
import time
from bindings import cdll, lib, pydll
from show import show

stop = False
factor = 1
note = [None]

def run(library):
    turns = 0
    while not stop:
        note[0] = factor
        library.nap_us(20)
        turns += 1
    return turns > 0

def bare(library):
    turns = 0
    while not stop:
        note[0] = factor
        turns += 1
    return turns > 0

def switch():
    global stop, factor
    for number in range(20):
        factor = number
        patience = time.monotonic() + 10
        while note[0] != number and time.monotonic() < patience:
            time.sleep(0.0005)
        noticed.append(note[0] == number)
    stop = True

for function in (run, bare):
    for library in (lib, cdll, pydll):
        stop, noticed = False, []
        thread = threading.Thread(target=switch)
        thread.start()
        show(function(library))
        thread.join()
        show(all(noticed), len(noticed))

# === frames_of_other_threads: compiled=run
import sys
import threading
import traceback
from bindings import lib
from show import show

def run(n):
    total = 0
    k = 0
    while k < n:
        lib.nap_us(100)
        total += 3
        k += 1
    return total

run(20)
wrong = seen = 0
for turn in range(3):
    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(run(n))) for n in (300, 500, 700)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        for frame in sys._current_frames().values():
            while frame is not None and frame.f_code is not run.__code__:
                frame = frame.f_back
            if frame is not None and "total" in frame.f_locals:
                values = frame.f_locals
                seen += 1
                # Read at one moment: the loop stands between two of its bytecodes.
                wrong += not 3 * values["k"] <= values["total"] <= 3 * values["k"] + 3
                wrong += not run.__code__.co_firstlineno < frame.f_lineno < run.__code__.co_firstlineno + 8
                traceback.format_stack(frame)
        del frame
        lib.sleep_ms(5)
    show(sorted(results))
show(seen > 10, wrong)

# === fork_in_the_loop: alone
import os
import sys
from bindings import api, calls, lib
from show import show

def run(n, at):
    total = 0
    for i in range(n):
        total += lib.isum2(i, 1)
        total += fork(i, at)
    return total

def fork(i, at):
    global child
    if i != at:
        return 0
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        return 1000
    # The child's part of the output comes first.
    show(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return 0

for at in (-1, 1, 2, 50):
    child = None
    api.calls_reset()
    show(at, run(100, at), calls())
    sys.stdout.flush()
    if child == 0:
        show(run(200, -1))
        sys.stdout.flush()
        os._exit(3)

# === exit_in_the_loop: alone status=5
import os
import sys
from bindings import lib
from show import show

def leave(i):
    if i == 70:
        show("leaves", sys._getframe(1).f_locals["total"])
        sys.stdout.flush()
        os._exit(5)
    return lib.id_i32(1)

def run(n):
    total = 0
    for i in range(n):
        total += leave(i)
    return total

run(50)
run(100)

# === switched_off_and_on: compiled=run
import sys
from bindings import api, calls, lib
from show import show

# With Hardwire off there is no such module.
hardwire = sys.modules.get("hardwire")

def switch(i):
    if hardwire is None:
        return 1
    if i in (20, 60):
        hardwire.disable()
    if i in (40, 80):
        hardwire.enable(threshold=1, all=True)
    if i == 50:
        hardwire.stats()
        hardwire.report()
    return 1

def run(n):
    total = 0
    for i in range(n):
        total += switch(i)
        total += lib.isum2(i, total & 0xFFFF)
        half = total * 0.5
    return total, half

api.calls_reset()
show(run(100), calls())
show(run(100), calls())

# === a_signal_in_the_loop: compiled=run
import signal
import sys
import traceback
from bindings import api, calls, lib
from show import show

class Enough(Exception):
    pass

def handler(number, frame):
    values = frame.f_locals if frame.f_code is run.__code__ else frame.f_back.f_locals
    # Raised by the C call, noticed behind it: the call is counted and its result is stored or on the stack.
    show(values["i"], values["total"] in (values["i"], values["i"] + 1), frame.f_code.co_name)
    if raising:
        raise Enough

def send(i):
    return signal.raise_signal(signal.SIGUSR1) or 1 if i == at else 1

def run(n):
    total = 0
    i = 0
    while i < n:
        total += send(i)
        lib.tick()
        i += 1
    return total, i

before = signal.signal(signal.SIGUSR1, handler)
for raising in (False, True):
    for at in (-1, 1, 2, 50):
        api.calls_reset()
        try:
            show(run(100), calls())
        except Enough as problem:
            entries = traceback.extract_tb(problem.__traceback__)
            show([entry.name for entry in entries], entries[1].lineno, problem.__traceback__.tb_next.tb_frame.f_locals["i"], calls())
signal.signal(signal.SIGUSR1, before)

# === subinterpreters: alone
import sys
from bindings import lib
from show import show

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

INNER = """
def run(n):
    total = 0
    for i in range(n):
        total += i * 3
    return total
assert run(3000) == 3 * sum(range(3000))
import sys
assert sys._getframe().f_code.co_name == "<module>"
"""

def inner(i):
    if i in (20, 70):
        number = interpreters.create()
        show(interpreters.run_string(number, INNER))
        interpreters.destroy(number)
    return 1

def run(n):
    total = 0
    for i in range(n):
        total += inner(i) + lib.id_i32(i)
    return total

show(run(50), run(100))

# === faulthandler_in_the_loop: alone
import faulthandler
import re
import sys
import tempfile
from bindings import lib
from show import show

file = tempfile.TemporaryFile()

def look(i):
    if i % 40 == 39:
        faulthandler.dump_traceback(file)
    return i

def run(n):
    total = 0
    for i in range(n):
        total += (
            look(i)
        )
        lib.tick()
    return total

show(run(50), run(100))
file.seek(0)
for line in file.read().decode().splitlines():
    if "in run" in line or "in look" in line:
        print(re.sub(r'".*"', "file", line))
