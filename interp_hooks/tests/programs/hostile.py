"""What goes wrong, changes or looks in the middle of a compiled loop. The bodies have no branches, so that the loop stays in native code and
the callee decides when something happens."""

# === errors_of_every_bytecode
import traceback
from show import show

class Moody:
    """Every operation fails once, at the turn that `armed` names."""

    def __init__(self):
        self.turn = 0

    def step(self, name):
        self.turn += 1
        if self.turn == armed:
            raise ValueError(name, self.turn)

    def __add__(self, other):
        self.step("add")
        return 1

    def __radd__(self, other):
        self.step("radd")
        return 2

    def __iadd__(self, other):
        self.step("iadd")
        return self

    def __neg__(self):
        self.step("neg")
        return 3

    def __pos__(self):
        self.step("pos")
        return 3

    def __invert__(self):
        self.step("invert")
        return 3

    def __pow__(self, other):
        self.step("pow")
        return 3

    def __matmul__(self, other):
        self.step("matmul")
        return 3

    def __bool__(self):
        self.step("bool")
        return True

    def __lt__(self, other):
        self.step("lt")
        return True

    def __gt__(self, other):
        self.step("gt")
        return True

    def __eq__(self, other):
        self.step("eq")
        return True

    def __contains__(self, item):
        self.step("contains")
        return True

    def __getitem__(self, key):
        self.step("getitem")
        return 4

    def __setitem__(self, key, value):
        self.step("setitem")

    def __getattr__(self, name):
        self.step(name)
        return 5

    def __setattr__(self, name, value):
        if name != "turn":
            self.step("setattr")
        self.__dict__[name] = value

    def __call__(self, *args, **names):
        self.step("call")
        return 6

    def __index__(self):
        self.step("index")
        return 7

BODIES = {
    "add": "total += (i * 2 + (thing + i))",
    "radd": "total += (i * 2 + (i + thing))",
    "iadd": "thing += i",
    "neg": "total += i * (-thing)",
    "pos": "total += i * (+thing)",
    "invert": "total += i * (~thing)",
    "pow": "total += i * (thing ** i)",
    "matmul": "total += i * (thing @ i)",
    "bool_not": "total += i - (not thing)",
    "lt": "total += i - (thing < i)",
    "eq": "total += i - (i == thing)",
    "contains": "total += i - (i in thing)",
    "not_contains": "total += i - (i not in thing)",
    "getitem": "total += i * 2 - (i + thing[i])",
    "setitem": "thing[i] = i * 2",
    "getattr": "total += i * 2 - (i + thing.missing)",
    "setattr": "thing.field = i * 2",
    "call": "total += i * 2 - (i + thing(i, i * 2))",
    "call_keyword": "total += i * 2 - (i + thing(i, x=i * 2))",
    "index": "total += items[thing]",
    "builtin": "total += abs(thing + 1)",
    "while_test": "if thing: total += i",
    "and": "total += i and thing and i",
    "chained": "total += i - (-1 < i < thing)",
    "two_lines": "total += (i +\n                 (thing + 1) +\n                 i)",
}
SHAPE = """
def run_{name}(n, thing):
    total = 0
    i = 0
    kept = thing
    while i < n:
        try:
            i += 1
            {body}
        except ValueError as problem:
            caught.append((total, i, thing is kept))
            text.append(problem)
    return total, i

def bare_{name}(n, thing):
    total = 0
    i = 0
    while i < n:
        i += 1
        {body}
    return total, i
"""
items = list(range(100))
text = []
caught = []
for name, body in BODIES.items():
    source = SHAPE.format(name=name, body=body)
    exec(compile(source, f"<{name}>", "exec"))
    for function in (globals()[f"run_{name}"], globals()[f"bare_{name}"]):
        for armed in (0, 0, 25, 1, 2, 3, 40, 0):
            caught.clear()
            text.clear()
            try:
                show(name, armed, function(40, Moody()), caught, len(text))
            except ValueError as problem:
                text.append(problem)
            for problem in text:
                for entry in traceback.extract_tb(problem.__traceback__):
                    print(entry.name, entry.lineno, entry.end_lineno, entry.colno, entry.end_colno)
                show(problem.args, type(problem.__context__).__name__)

# === types_change_at_every_operand: compiled=run
import itertools
from bindings import lib
from show import error, show

class Int(int):
    pass

class Float(float):
    pass

def run(a, b, c, d, e):
    last = []
    k = 0
    while k < 30:
        x = a[k] + (b[k] * (c[k] - (d[k] + lib.id_i64(e[k]))))
        y = a[k] < b[k]
        z = c[k] == d[k]
        out[k] = x
        flags[k] = y
        more[k] = z
        k += 1

ODD = [2.5, 2**70, True, None, "text", Int(3), Float(1.5), -0.0, float("nan"), 2**63 - 1, 1j, [1]]
for place in range(5):
    for odd in ODD:
        for turn in (0, 1, 2, 17, 29):
            columns = [[k + j for k in range(30)] for j in range(5)]
            columns[place][turn] = odd
            out, flags, more = [None] * 30, [None] * 30, [None] * 30
            try:
                run(*columns)
            except Exception as problem:
                print(error(problem))
            show(place, turn, odd, out[max(turn - 1, 0) : turn + 2], flags[turn : turn + 2], more[turn : turn + 2])

# === globals_change_by_callee: compiled=run
import builtins
from show import error, show

factor = 2
kept = globals()

def plain(x):
    return x

def use(x):
    return x + 1

def swap():
    global use
    use = lambda x: x + 1000

CHANGES = {
    "store": lambda: kept.__setitem__("factor", 10),
    "float": lambda: kept.__setitem__("factor", 2.5),
    "equal": lambda: kept.__setitem__("factor", 4 // 2),
    "true": lambda: kept.__setitem__("factor", True),
    "update": lambda: kept.update(factor=11),
    "delete": lambda: kept.__delitem__("factor"),
    "pop": lambda: kept.pop("factor"),
    "delete_and_store": lambda: (kept.pop("factor"), kept.__setitem__("factor", 7)),
    "function": swap,
    "shadow_builtin": lambda: kept.__setitem__("abs", lambda x: -5),
    "replace_builtin": lambda: setattr(builtins, "abs", lambda x: -7),
    "delete_builtin": lambda: delattr(builtins, "abs"),
    "exec": lambda: exec("factor = 12", kept),
    "many_keys": lambda: kept.update((f"new{k}", k) for k in range(500)),
    "odd_key": lambda: kept.__setitem__(1.5, 3),
}
real_abs, real_use = abs, use

def change(turn):
    if turn == at:
        action()
    return 1

def run(n):
    total = 0
    k = 0
    while k < n:
        total += factor
        k += change(k)
        total += factor + use(k) + abs(-k)
    return total

for name, action in CHANGES.items():
    for at in (-1, 25, 0, 1, 2, 39):
        factor, use, builtins.abs = 2, real_use, real_abs
        kept.pop("abs", None)
        try:
            show(name, at, run(40))
        except Exception as problem:
            builtins.abs = real_abs
            print(name, at, error(problem), problem.__traceback__.tb_next.tb_lineno)
builtins.abs = real_abs

# === same_code_other_globals: compiled=run
import types
from show import show

factor = 2

def run(n):
    total = 0
    for i in range(n):
        total += factor + len("ab")
    return total

spaces = [{"factor": 10, "__builtins__": __builtins__}, {"factor": 5, "len": lambda x: 100}, {"factor": 0.5, "__builtins__": {"len": len, "range": range}}]
others = [types.FunctionType(run.__code__, space) for space in spaces]
for turn in range(3):
    for function in (run, *others, run):
        show(function(40))

# === a_recorded_turn_that_raises
from show import error, show

class Store:
    def __init__(self):
        self.calls = []
        self.__dict__["quiet"] = False

    def __setitem__(self, key, value):
        self.calls.append(key)
        if key == bad:
            raise IndexError(key)

    def __getitem__(self, key):
        return self.__setitem__(key, None) or 1

    def __contains__(self, key):
        return self.__setitem__(key, None) or True

    def __setattr__(self, name, value):
        if name == "field":
            self.__setitem__(value, None)
        else:
            object.__setattr__(self, name, value)

    def __call__(self, key):
        return self.__setitem__(key, None) or 1

    def __add__(self, key):
        return self.__setitem__(key, None) or 1

BODIES = ["d[i] = 1", "d.field = i", "i in d", "d[i]", "d(i)", "d + i", "if i in d: pass"]
SHAPE = """
def run(d, i, n):
    while i < n:
        {body}
        i += 1
    return i
"""
for body in BODIES:
    for bad in (0, 1, 2, 3, 4):
        names = {}
        exec(SHAPE.format(body=body), names)
        run = names["run"]
        for attempt in range(5):
            d = Store()
            try:
                show(body, bad, attempt, run(d, 0, 20), d.calls)
            except IndexError as problem:
                show(body, bad, attempt, error(problem), d.calls)
            if attempt == 2:
                bad = -1

# === inner_activation_looks: compiled=run
import os
import sys
import cffi
from show import show

ffi = cffi.FFI()
# A data pointer: the call is a direct one, and it calls back.
ffi.cdef("int call_once(void *callback, int x);")
lib = ffi.dlopen(os.environ["HARDWIRE_TEST_CLIB"])

@ffi.callback("int(int)")
def back(x):
    depth, k = divmod(x, 1000)
    if depth == 0 and k == 60:
        show(run(50, 1))
    if depth == 1 and k == 20:
        show(sys._getframe(1).f_locals["total"], sys._getframe(2).f_locals["k"])
    if depth == 2 and k == 33:
        frame = sys._getframe(1)
        show(sorted((name, value) for name, value in frame.f_locals.items()))
        seen.append(frame)
    return 1

cb = ffi.cast("void *", back)
seen = []

def run(n, depth):
    total = 0
    half = 0.5
    k = 0
    while k < n:
        total += lib.call_once(cb, k + depth * 1000)
        half += 0.25
        k += 1
    return total, half

for depth in (3, 3, 2, 0, 1, 2, 0):
    show(run(100, depth))
show([frame.f_locals for frame in seen])

# === fields_of_a_function_change_during_a_call
import ctypes
import os
import cffi
from bindings import open_cdll
from show import error, show

ffi = cffi.FFI()
ffi.cdef("int call_once(void *callback, int x);")
lib = ffi.dlopen(os.environ["HARDWIRE_TEST_CLIB"])

def pointer(own, f):
    ctypes.c_void_p.from_address(ctypes.addressof(f)).value = ctypes.c_void_p.from_address(ctypes.addressof(own.isum1)).value

CHANGES = {
    "nothing": lambda own, f: None,
    "pointer": pointer,
    "restype": lambda own, f: setattr(f, "restype", ctypes.c_uint8),
    "restype_none": lambda own, f: setattr(f, "restype", None),
    "argtypes": lambda own, f: setattr(f, "argtypes", [ctypes.c_int8, ctypes.c_int8]),
    "argtypes_more": lambda own, f: setattr(f, "argtypes", [ctypes.c_int64] * 3),
    "errcheck": lambda own, f: setattr(f, "errcheck", lambda result, f, arguments: result + 1000),
    "class": lambda own, f: setattr(f, "__class__", type(f)),
    "rebind": lambda own, f: setattr(own, "isum2", own.isum1),
    "delete": lambda own, f: delattr(own, "isum2"),
}
TEXT = """
def run(n, own, cb):
    total = 0
    k = 0
    while k < n:
        total += own.isum2(k, 2)
        k += lib.call_once(cb, k)
        total += own.isum2(k, 2)
    return total
"""
for name, change in CHANGES.items():
    exec(TEXT)
    own = open_cdll()

    @ffi.callback("int(int)")
    def back(x):
        if x == 50 and armed:
            change(own, f)
        return 1

    f = own.isum2
    cb = ffi.cast("void *", back)
    for armed in (False, False, True):
        try:
            show(name, run(100, own, cb))
        except Exception as problem:
            print(name, error(problem))

# === python_api_functions: compiled=run,refuse
import ctypes
import sys
import traceback
from show import show

api = ctypes.PyDLL(None)
api.PyRun_SimpleString.argtypes = [ctypes.c_char_p]
api.PySys_Audit.argtypes = [ctypes.c_char_p, ctypes.c_char_p]

def hook(event, arguments):
    if event == "hardwire_tests.refuse":
        raise ValueError("refused")

sys.addaudithook(hook)
g = 1
seen = []
sys.modules["here"] = sys.modules["__main__"]

def run(n, texts):
    total = 0
    half = 0.5
    k = 0
    while k < n:
        half += 0.25
        api.PyRun_SimpleString(texts[k])
        total += g
        k += 1
    return total, half

def refuse(n, kinds):
    k = 0
    done = 0
    while k < n:
        api.PySys_Audit(kinds[k], None)
        done += 1
        k += 1
    return done

texts = [b"pass"] * 100
show(run(30, texts), run(30, texts))
texts[50] = b"import here; here.g = 5"
texts[60] = b"import sys, here; here.seen.append(sorted((k, str(v)[:9]) for k, v in sys._getframe(1).f_locals.items() if k != 'texts'))"
texts[70] = b"import sys; sys._getframe(1).f_locals['total'] = 10**6"
show(run(100, texts))
show(seen)
kinds = [b"hardwire_tests.accept"] * 100
show(refuse(30, kinds), refuse(30, kinds))
kinds[70] = b"hardwire_tests.refuse"
try:
    refuse(100, kinds)
except ValueError as problem:
    print([(entry.name, entry.lineno) for entry in traceback.extract_tb(problem.__traceback__)][1:2])
    show(problem.__traceback__.tb_next.tb_frame.f_locals["done"])

# === variables_of_an_api_library: compiled=run
from bindings import api
from show import show

def run(n):
    total = 0
    for i in range(n):
        total += api.counter_var
        api.bump_counter(i)
        total += api.counter_var * 1000
    return total

api.bump_counter(-api.counter_var)
show(run(20), run(100), api.counter_var)

def write(n):
    for i in range(n):
        api.counter_var = i * 3
        api.tick()
    return api.counter_var

show(write(20), write(100))

# === closed_libraries: compiled=run
from bindings import open_abi
from show import error, show

def run(lib, n):
    total = 0
    k = 0
    while k < n:
        total += lib.isum2(k, 1)
        k += 1 + close(k)
    return total

def close(k):
    if k == at:
        ffi.dlclose(lib)
    return 0

for at in (-1, 30, 1, 2):
    ffi, lib = open_abi()
    try:
        show(run(lib, 60))
    except Exception as problem:
        print(type(problem).__name__, problem.__traceback__.tb_next.tb_lineno)
    try:
        show(run(lib, 60))
    except Exception as problem:
        print(type(problem).__name__)

# === function_pointers: compiled=run
import ctypes
from bindings import cdll, ffi, lib
from show import error, show

def run(functions, n):
    total = 0
    k = 0
    while k < n:
        total += functions[k](k)
        k += 1
    return total

def of_one(function, n):
    total = 0
    for k in range(n):
        total += function(k)
    return total

twice = lib.twice_pointer()
thrice = ffi.callback("int(int)", lambda x: 3 * x)
null = ffi.cast("int(*)(int)", 0)
c_twice = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(ctypes.cast(cdll.twice_pointer(), ctypes.c_void_p).value)
show(of_one(twice, 60), of_one(thrice, 60), of_one(c_twice, 60), of_one(twice, 60))
for odd in (null, thrice, c_twice, lib.id_i32, None, abs, lib.null_pointer()):
    for at in (-1, 0, 1, 2, 40):
        functions = [twice] * 60
        if at >= 0:
            functions[at] = odd
        try:
            show(run(functions, 60))
        except Exception as problem:
            print(error(problem))
for function in (twice, null, twice):
    try:
        show(of_one(function, 60))
    except Exception as problem:
        print(error(problem))

# === odd_arguments: compiled=run
import ctypes
import enum
from bindings import api, calls, cdll, ffi, lib, pydll
from show import error, show

class Color(enum.IntEnum):
    RED = 3
    BIG = 2**40

class Flag(enum.IntFlag):
    A = 1
    B = 2

class Int(int):
    def __index__(self):
        return 1000

    def __int__(self):
        return 2000

class Float(float):
    def __float__(self):
        return 1000.5

class Index:
    def __index__(self):
        seen.append("index")
        return 9

class CInt(ctypes.c_int):
    pass

ffi.cdef("enum weekday { MONDAY, TUESDAY = 5 };")
seen = []
ODD = [Color.RED, Color.BIG, Flag.A | Flag.B, Int(5), Float(2.5), Index(), CInt(4), True, False, 2**70, -1, 0.0, -0.0, float("nan"), None, ffi.NULL]
ODD += [ffi.cast("enum weekday", 5), ffi.cast("int", -3), ffi.cast("float", 1.5), ffi.new("int *"), b"x", "x", ctypes.c_double(1.5), 1 + 0j, ..., int]

def run(function, values, n):
    k = 0
    while k < n:
        results[k] = function(values[k])
        k += 1

for library in (lib, api, cdll, pydll):
    for name in ("id_i32", "id_i64", "id_u64", "id_f64", "id_bool", "id_u8"):
        function = getattr(library, name)
        good = 1.5 if name == "id_f64" else 1
        for odd in ODD:
            for at in (-1, 0, 20):
                values, results = [good] * 25, [None] * 25
                if at >= 0:
                    values[at] = odd
                api.calls_reset()
                seen.clear()
                try:
                    run(function, values, 25)
                except Exception as problem:
                    print(error(problem))
                show(name, at, results[max(at - 1, 0) : at + 2], calls(), seen)

# === the_local_in_its_finaliser: compiled=run
import sys
from show import show

log = []

class Thing:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        frame = sys._getframe(1)
        if frame.f_code.co_name == "run":
            now = frame.f_locals.get("thing")
            log.append((self.n, frame.f_lineno, now and now.n, frame.f_locals.get("total")))

def run(n):
    total = 0
    thing = None
    i = 0
    while i < n:
        total += i
        thing = Thing(i)
        total += 1
        i += 1
    return total

show(run(20))
log.clear()
show(run(40))
show(log)

# === identity_of_numbers: compiled=run
from show import show

def run(n, inf, a, b):
    i = 0
    found = 0
    while i < n:
        x = (inf - inf) * i
        a[i] = x
        b[i] = x
        found += x in a
        i += 1
    return found

def ints(n, a, b):
    i = 0
    while i < n:
        y = i * 1000 + 2**40
        a[i] = y
        b[i] = y
        i += 1

for turn in range(3):
    a, b = [None] * 60, [None] * 60
    show(run(60, float("inf"), a, b))
    show(a == b, sum(p is q for p, q in zip(a, b)))
    ints(60, a, b)
    show(a == b, sum(p is q for p, q in zip(a, b)))

# === identity_of_loaded_numbers: compiled=run
from show import show

def inside(x, values):
    return x in values

def same(x, y):
    return x is y

def run(values):
    hits = 0
    for f in values:
        hits += inside(f, values)
    return hits

def twice(values, n):
    hits = 0
    k = 0
    while k < n:
        f = values[k]
        hits += same(f, values[k])
        k += 1
    return hits

nan = float("nan")
values = (1.0, 2.0, 3.0, nan, nan, 5.0, nan, 2**62)
for turn in range(2):
    show(run(values), run(list(values)), twice(values, 8), twice(list(values), 8))

# === a_global_dies_when_rebound: compiled=run
import weakref
from bindings import ffi, open_cdll
from show import show

class Thing:
    def __init__(self):
        self.x = 3

    def __del__(self):
        print("died")

thing = Thing()
function = open_cdll().isum2
function_dies = weakref.ref(function, lambda ref: print("function died"))

def run(n):
    total = 0
    for i in range(n):
        total += thing.x + function(i, 1)
    return total

show(run(50), run(50))
thing = None
print("after thing")
function = None
print("after function")

# === namespaces_die
import gc
import weakref
from show import show

SOURCE = """
k = 3
def helper(x):
    return x
def run(n):
    total = 0
    for i in range(n):
        total += helper(i) * k
    return total
"""

class Mark:
    pass

def turn():
    names = {"mark": Mark()}
    exec(SOURCE, names)
    names["run"](60)
    return weakref.ref(names["mark"])

run = turn
marks = [turn() for _ in range(50)]
gc.collect()
show(sum(mark() is not None for mark in marks))

# === recursion_through_the_loop
import sys
from show import show

before = sys.getrecursionlimit()

def walk(depth):
    total = 0
    i = 0
    while i < 3:
        i += 1
        total += step(i, depth)
    return total

def step(i, depth):
    if i == 3 and depth:
        return walk(depth - 1) + 1
    return 1

show(walk(50))
for depth in (450, 3000, 20000):
    sys.setrecursionlimit(before if depth < 1000 else 10**6)
    show(walk(depth))
sys.setrecursionlimit(before)
try:
    walk(10**6)
except RecursionError:
    print("too deep")
show(walk(50))

# === local_monitoring_events: compiled=run
import sys
from show import show

monitoring = sys.monitoring
events = []

def call(code, offset, function, argument):
    events.append(("call", function.__name__))

def line(code, number):
    events.append(("line", number - code.co_firstlineno))

def work(x):
    return x

def switch(i):
    if i == 50:
        monitoring.register_callback(3, kind, callback)
        monitoring.set_local_events(3, run.__code__, kind)
    elif i == 53:
        monitoring.set_local_events(3, run.__code__, 0)

def run(n):
    for i in range(n):
        switch(i)
        work(i)

monitoring.use_tool_id(3, "watcher")
try:
    for kind, callback in ((monitoring.events.CALL, call), (monitoring.events.LINE, line)):
        run(40)
        run(100)
        show(events)
        events.clear()
        run(40)
        show(events)
finally:
    monitoring.free_tool_id(3)

# === class_of_a_module_is_exchanged: compiled=run
import types
from show import show

module = types.ModuleType("module")

class WithProperty(types.ModuleType):
    @property
    def x(self):
        return 100

class WithGetattribute(types.ModuleType):
    def __getattribute__(self, name):
        return 7 if name == "x" else super().__getattribute__(name)

def change(k):
    if k == 50:
        module.__class__ = WithProperty
    if k == 70:
        module.__class__ = WithGetattribute
    if k == 80:
        module.__class__ = types.ModuleType
    return 1

def run(n):
    total = 0
    k = 0
    while k < n:
        k += change(k)
        total += module.x
    return total

module.x = 1
show(run(30), run(100), run(100))

# === strange_code_objects: compiled=run
import sys
from show import show

SOURCE = "def run(n):\n total = 0\n for i in range(n): total += i\n return total\n"
for name in ("\udcff.py", "n\u00e4me.py", "a\nb.py", "x" * 5000, ""):
    names = {}
    exec(compile(SOURCE, name, "exec"), names)
    run = names["run"]
    for code in (run.__code__, run.__code__.replace(co_linetable=b"", co_name="w\u00e9ird\udcfe"), run.__code__.replace(co_firstlineno=2**31 - 5)):
        function = type(run)(code, names)
        show(function(50), function(50))
if "hardwire" in sys.modules:
    sys.modules["hardwire"].report()

def run(n):
    total = 0
    for i in range(n):
        total += i
    return total

show(run(50))
