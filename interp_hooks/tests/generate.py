"""Makes random loop programs: `python generate.py SEED` prints one. The same seed gives the same text on every interpreter.

The programs are made of int, float, bool and None in locals, globals, closures, lists and attributes, of arithmetic, comparisons, branches, loops in
loops over many kinds of iterators, and of calls to C and to Python, which look at the loop's frame, change globals, call back and raise. They
print every local at the end, and raise nothing that they do not catch.

What keeps them tame: divisors are never zero outside `try`; ints are brought back to size behind each product and shift (beyond 64 bits,
though, now and then), and those that only sums made larger at the head of each loop, so that all of them fit in a float; powers are small;
and `while` loops count with a variable that nothing else in them assigns. `python generate.py FIRST LAST` runs the programs of a range of
seeds in this process and names those that fail.
"""

import contextlib
import io
import random
import signal
import sys
import traceback

INT_CONSTANTS = ["0", "1", "-1", "2", "3", "-7", "10", "63", "255", "1000003", "2**31", "2**32 - 1", "2**53", "2**53 + 1", "2**62", "2**63 - 1", "-2**63"]
FLOAT_CONSTANTS = ["0.0", "-0.0", "0.5", "1.0", "-1.5", "3.25", "1e10", "1e-10", "9007199254740993.0", "1e300", "inf", "nan"]
COMPARISONS = ["<", "<=", "==", "!=", ">", ">="]
# Calls to C: (result kind, text with {int} {float} {bool} for arguments that fit).
C_CALLS = [
    ("int", "{lib}.id_i64({int} & 0xFFFFFFFF)"),
    ("int", "{lib}.id_i32({int} % 2**31)"),
    ("int", "{lib}.id_u8({int} & 255)"),
    ("int", "{lib}.id_u64({int} & 2**64 - 1)"),
    ("int", "{lib}.isum3({int} & 0xFFFF, {int} & 7, -3)"),
    ("int", "{lib}.isum8(1, {int} & 7, 3, 4, 5, 6, 7, {int} & 0xFFF)"),
    ("int", "{lib}.big_every({int} & 0xFFFF, 5)"),
    ("int", "{lib}.u64_every({int} & 0xFFFF, 7)"),
    ("int", "{lib}.narrow_i16({int} & 0xFFFFF)"),
    ("float", "{lib}.id_f64({float})"),
    ("float", "{lib}.id_f32({int} % 1000)"),
    ("float", "{lib}.fsum3({float}, 0.5, {int} % 100)"),
    ("float", "{lib}.nan_every({int} & 0xFFFF, 6)"),
    ("float", "{lib}.mix4({int} % 1000, {float}, {int} & 0xFFFFFF, 0.5)"),
    ("bool", "{lib}.id_bool({int} & 1)"),
    ("int", "calling.call_once(callback, {int} & 0xFFFF)"),
]
# What is read from elsewhere than locals and constants, and calls to Python.
READS = {
    "int": ["factor", "use({int} & 0xFFFF)", "turn({int} & 0xFFFF)", "peek({int})", "look_back({int})", "ints[{int} % 5]", "box.count", "box.bump({int} & 0xFF)"]
    + ["len(box)", "deaths", "len(text)", "ord(text[{int} % len(text)])", "sum([n & 7 for n in ints])", "max(ints)", "hash({int} & 0xFFFF)"],
    "float": ["floats[{int} % 4]", "box.value", "float({int} & 0xFFFF)", "round({float} if -1e9 < {float} < 1e9 else 0.5, 2)", "sum(n * 0.5 for n in upto(3))"],
    "bool": ["{int} in ints", "{float} in floats", "bool(box)", "not box", "text == 'xyz'", "isinstance({any}, float)", "'a' in text", "(x0 is None) == (x1 is None)"],
}
# Statements of one line, some with what they may raise.
WRITES = [
    "ints[{int} % 5] = clamp({int})",
    "ints[{int} % 5] += {int} & 7",
    "floats[{int} % 4] = {float}",
    "box.value = {float}",
    "box.count = {int} & 0xFFFF",
    "text = text[-12:] + 'abcdefg'[{int} % 7]",
    "text += 'x' if {bool} and len(text) < 40 else ''",
    "kept = Kept({int})",
    "kept = None",
    "kept = other",
    "other = Kept({int}) if {bool} else kept",
    "i0, i1 = clamp({int}), clamp({int})",
    "i2, f0, b0 = {int} & 0xFFFF, {float}, {bool}",
    "x0, x1 = x1, x0",
    "x0 = {int} & 0xFF, {float}",
    "del x0; x0 = None",
    "bump({int} & 0xFF)",
    "i1 = bump({int} & 0xFF)",
    "factor = {int} & 0xFF",
    "floats[:2] = floats[2:]",
    "assert isinstance({int}, int)",
]
# Statements that may raise, each with what it may raise.
RISKY = [
    ("int", "{int} // {int}", "ZeroDivisionError"),
    ("int", "{int} % {int}", "ZeroDivisionError"),
    ("float", "{float} / {int}", "ZeroDivisionError"),
    ("float", "{int} / {int}", "(ZeroDivisionError, OverflowError)"),
    ("int", "lib.id_i8({int})", "OverflowError"),
    ("int", "api.isum2({int}, 1)", "OverflowError"),
    ("int", "moody({int})", "ValueError"),
    ("int", "int({float})", "(OverflowError, ValueError)"),
    ("int", "({int} & 0xFFFF) << ({int} % 100 - 5)", "ValueError"),
]
# What brings an int back to size. Most leave it in 64 bits, so that there is a type to compile for.
BOUNDS = ["if {0} > 2**62 or {0} < -2**62: {0} %= 1000003"] * 3 + ["if {0} > 2**90 or {0} < -2**90: {0} = {0} >> 30 & 2**70 - 1"]
BOUNDS += ["if not -2**90 < {0} < 2**90: {0} %= 1000003", "{0} &= 0xFFFFFFFF"]
HEAD = '''\
import sys
import zlib
from math import inf, nan
import cffi
from bindings import PATH, api, calls, cdll, ffi, lib, pydll
from show import show

data = cffi.FFI()
# The callback is a data pointer: the call is a direct one, and it calls back.
data.cdef("int call_once(void *callback, int x);")

def moody(x):
    if x % 11 == 5:
        raise ValueError
    return x & 0xFFFF

def clamp(x):
    return x % 1000003 - 500000

class Box:
    def __init__(self):
        self.count = 0
        self.value = 0.5

    def bump(self, by):
        self.count = (self.count + by) & 0xFFFFFF
        return self.count

    def __len__(self):
        return self.count & 7

    def __bool__(self):
        return self.count % 3 != 0

class Kept:
    """Lives as long as a local holds it; the order of deaths is counted."""

    def __init__(self, mark):
        self.mark = mark & 0xFFFF

    def __del__(self):
        global deaths
        deaths = (deaths * 31 + self.mark) & 0xFFFFFFFF

def peek(x):
    """What the caller's frame looks like from here."""
    frame = sys._getframe(1)
    values = frame.f_locals
    seen = [frame.f_lineno]
    for name in ("i0", "i1", "i2", "f0", "f1", "b0", "k1", "k2"):
        value = values.get(name)
        seen.append(value.hex() if isinstance(value, float) else value)
    return zlib.crc32(repr(seen).encode())

def look_back(x):
    try:
        raise KeyError
    except KeyError as problem:
        values = problem.__traceback__.tb_frame.f_back.f_locals
        return hash((values.get("i0"), values.get("i2"), values.get("b1"))) & 0xFFFFFF

def turn(x):
    """Changes a global now and then."""
    global factor, use, deaths
    if x % 7 == 3:
        factor = (factor * 5 + 1) % 1000
    if x % 23 == 11:
        use = (plus if use is minus else minus)
    return factor

def plus(x):
    return x + 1

def minus(x):
    return x - 1

@ffi.callback("int(int)")
def back(x):
    global factor
    if x % 13 == 5:
        factor = x % 100
        sys._getframe(1)
    return x & 0xFFF

def upto(n):
    for number in range(n):
        yield number * 3 - 5

def until(n):
    number = 0
    while number < n:
        got = yield number
        number += got or 1

factor = 3
use = plus
deaths = 0
callback = data.cast("void *", back)
calling = data.dlopen(PATH)
api.calls_reset()
'''


class Generator:
    """Writes one program."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.depth = 1
        self.names = {"int": ["i0", "i1", "i2"], "float": ["f0", "f1"], "bool": ["b0", "b1"], "any": ["x0", "x1"]}
        self.counters = 0
        # Whether names beyond the plain locals are in reach: not in the helpers.
        self.far = False
        self.loops = 0
        self.helpers = []
        # Names that can be read and not assigned: the counters of `while` loops.
        self.fixed = []
        # Ints that were assigned without being brought back to size.
        self.loose = set()

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, things):
        return things[self.random.randrange(len(things))]

    def emit(self, line):
        self.lines.append("    " * self.depth + line)

    def fill(self, text, depth):
        """Puts random expressions into a template."""
        while "{" in text:
            kind = text[text.index("{") + 1 : text.index("}")]
            value = self.pick(["lib", "api", "cdll", "pydll"]) if kind == "lib" else f"({self.expression(kind, depth)})"
            text = text.replace("{" + kind + "}", value, 1)
        return text

    def expression(self, kind, depth):
        """A random expression of a kind."""
        if depth <= 0 or self.chance(0.25) or kind == "any":
            return self.leaf(kind)
        if self.far and self.chance(0.12):
            return self.fill(self.pick(READS[kind]), depth - 1)
        return {"int": self.int_expression, "float": self.float_expression, "bool": self.bool_expression}[kind](depth - 1)

    def leaf(self, kind):
        if kind == "any":
            return self.pick(self.names["any"])
        if self.far and self.chance(0.12):
            return self.pick({"int": ["factor", "ints[1]", "box.count", "count"], "float": ["floats[2]", "box.value"], "bool": ["(x0 is x1)"]}[kind])
        if self.chance(0.7):
            return self.pick(self.names[kind] + (self.fixed if kind == "int" else []))
        return self.pick({"int": INT_CONSTANTS, "float": FLOAT_CONSTANTS, "bool": ["True", "False"]}[kind])

    def call(self, kind):
        """A template for a call with a result of a kind, or None."""
        chosen = [text for result, text in C_CALLS if result == kind]
        chosen += [f"{name}({{int}}, {{float}})" for name, result in self.helpers if result == kind]
        return self.pick(chosen)

    def int_expression(self, depth):
        forms = ["{int} + {int}", "{int} - {int}", "{int} + {int}", "{int} - {int}", "({int} & 0xFFFFFFFF) * {int}", "{int} & {int}", "{int} | {int}"]
        forms += ["{int} ^ {int}", "-{int}", "~{int}", "{int} // ({int} | 1)", "{int} % ({int} | 1)", "({int} & 0xFFFFFFFF) << ({int} & 31)"]
        forms += ["{int} >> ({int} & 63)", "({int} % 13) ** ({int} & 7)", "{int} + {bool}", "{bool} + {bool}", "{int} if {bool} else {int}"]
        forms += ["{int} and {int}", "{int} or {int}", "clamp({int})", "abs({int})", "min({int}, {int})"]
        form = self.call("int") if self.chance(0.25) else self.pick(forms)
        return self.fill(form, depth)

    def float_expression(self, depth):
        forms = ["{float} + {float}", "{float} - {float}", "{float} * {float}", "{float} / ({float} or 1.5)", "{float} // ({float} or 2.5)"]
        forms += ["{float} % ({float} or 0.75)", "-{float}", "{float} * {int}", "{int} - {float}", "{int} / ({int} | 1)", "abs({float}) ** 0.5"]
        forms += ["{float} + {bool}", "{float} if {bool} else {float}", "{float} and {float}", "{float} or {float}", "{float} * 0.5 + {int} % 100"]
        form = self.call("float") if self.chance(0.2) else self.pick(forms)
        return self.fill(form, depth)

    def bool_expression(self, depth):
        comparison, other = self.pick(COMPARISONS), self.pick(COMPARISONS)
        forms = [f"{{int}} {comparison} {{int}}", f"{{float}} {comparison} {{float}}", f"{{int}} {comparison} {{float}}", "not {int}", "not {float}"]
        forms += [f"{{int}} {comparison} {{int}} {other} {{int}}", f"{{float}} {comparison} {{int}} {other} {{float}}", "{bool} and {bool}"]
        forms += ["{bool} or {bool}", "not {bool}", "{bool} ^ {bool}", "{bool} & {bool}", "{bool} is True", f"{{bool}} {comparison} {{bool}}"]
        forms += [f"{self.pick(self.names['any'])} is {self.pick(['None', 'not None', 'True'])}"]
        form = self.call("bool") if self.chance(0.1) else self.pick(forms)
        return self.fill(form, depth)

    def assign(self, kind, name, value):
        """An assignment, and what keeps an int in bounds."""
        self.emit(f"{name} = {value}")
        if kind == "int":
            self.bound(name, value)

    def bound(self, name, value):
        if "*" in value or "<<" in value or self.chance(0.2):
            forms = [*BOUNDS, "if abs({0}) > 2**64: {0} = {0} >> 40 & 2**70 - 1", "{0} = clamp({0})"]
            self.emit(self.pick(forms).format(name))
        else:
            self.loose.add(name)

    def statement(self, budget, in_loop):
        """One random statement (a compound one counts its parts); `in_loop`: break and continue make sense."""
        roll = self.random.random()
        if self.chance(0.2):
            self.emit(self.fill(self.pick(WRITES), 2))
            return
        if roll < 0.40 or budget < 2:
            kind = self.pick(["int", "int", "int", "float", "float", "bool"])
            self.assign(kind, self.pick(self.names[kind]), self.expression(kind, 3))
        elif roll < 0.52:
            self.in_place()
        elif roll < 0.58:
            kind = self.pick(["int", "float", "bool"])
            value = self.pick([self.expression(kind, 1), "None", "True"])
            self.emit(f"{self.pick(self.names['any'])} = {value}")
        elif roll < 0.60:
            self.emit(f"{self.pick(['lib', 'api', 'cdll', 'pydll'])}.tick()")
        elif roll < 0.78:
            self.branch(budget, in_loop)
        elif roll < 0.88:
            self.risky(budget)
        elif roll < 0.93 and in_loop:
            self.emit(f"if {self.expression('bool', 2)}: {self.pick(['continue', 'continue', 'break'])}")
        elif self.depth < 4 and self.loops < 5:
            self.loop(budget // 2, inner=True)
        else:
            self.emit("i0, i1 = i1, i0")
            self.loose |= {"i0", "i1"}

    def in_place(self):
        kind = self.pick(["int", "float"])
        name = self.pick(self.names[kind])
        if kind == "float":
            self.emit(f"{name} {self.pick(['+=', '-=', '*='])} {self.expression(self.pick(['float', 'int']), 1)}")
            return
        op = self.pick(["+=", "-=", "&=", "|=", "^=", "*=", "<<=", ">>=", "//=", "%="])
        amount = self.expression("int", 1)
        safe = {"*=": f"({amount}) % 1000 - 300", "<<=": f"({amount}) & 15", ">>=": f"({amount}) & 63", "//=": f"({amount}) | 1", "%=": f"({amount}) | 1"}
        self.emit(f"{name} {op} {safe.get(op, amount)}")
        self.bound(name, op)

    def branch(self, budget, in_loop):
        self.emit(f"if {self.expression('bool', 2)}:")
        self.block(budget // 2, in_loop)
        if self.chance(0.3):
            self.emit(f"elif {self.expression('bool', 2)}:")
            self.block(budget // 3, in_loop)
        if self.chance(0.5):
            self.emit("else:")
            self.block(budget // 3, in_loop)

    def risky(self, budget):
        kind, text, problem = self.pick(RISKY)
        name = self.pick(self.names[kind])
        self.emit("try:")
        self.depth += 1
        value = self.fill(text, 2)
        self.assign(kind, name, value)
        self.depth -= 1
        self.emit(f"except {problem}:")
        self.block(1, False)
        if self.chance(0.3):
            self.emit(self.pick(["else:", "finally:"]))
            self.block(1, False)

    def block(self, budget, in_loop):
        self.depth += 1
        for _ in range(max(1, min(budget, 1 + self.random.randrange(4)))):
            self.statement(budget - 1, in_loop)
        self.depth -= 1

    def loop(self, budget, inner=False):
        """A loop; inner ones are short."""
        self.loops += 1
        self.counters += 1
        counter = f"k{self.counters}"
        turns = 2 + self.random.randrange(12) if inner else 40 + self.random.randrange(160)
        kind = self.pick(["range", "range", "while", "list", "tuple", "other"])
        if kind == "while":
            self.emit(f"{counter} = 0")
            self.emit(f"while {counter} < {turns}" + (f" and ({self.expression('bool', 1)} or {counter} < {turns // 2}):" if self.chance(0.2) else ":"))
            self.emit(f"    {counter} += {self.pick(['1', '1', '2', '3'])}")
        else:
            self.emit(f"for {counter} in {self.iterable(kind, turns)}:")
        # Inside, the counter is an int to work with, unless the values are of many types.
        names = {"while": self.fixed, "tuple": self.names["any"], "other": self.names["any"]}.get(kind, self.names["int"])
        names.append(counter)
        head, outside, self.loose = len(self.lines), self.loose, set()
        self.block(max(budget, 3), True)
        indent = "    " * (self.depth + 1)
        self.lines[head:head] = [indent + self.pick(BOUNDS).format(name) for name in sorted(self.loose - {counter})]
        self.loose = (self.loose | outside) - {counter}
        names.remove(counter)
        if self.chance(0.2):
            self.emit("else:")
            self.block(1, False)

    def iterable(self, kind, turns):
        if kind == "list":
            return f"[{', '.join(self.pick(INT_CONSTANTS) for _ in range(6))}] * {turns // 5 + 1}"
        if kind == "other":
            forms = [f"upto({turns})", f"until({turns})", f"enumerate(range({turns}))", f"zip(range({turns}), upto({turns}))", f"reversed(range({turns}))"]
            forms += [f"map(abs, range(-5, {turns}))", f"dict.fromkeys(range({turns}))", f"range({turns})[::-1]", f"b'abcdefgh' * {turns // 8 + 1}"]
            forms += [f"iter(list(range({turns})))", f"[(n, n * 0.5) for n in range({turns})]", f"filter(None, range({turns}))", f"'abc' * {turns // 3 + 1}"]
            return self.pick(forms)
        if kind == "tuple":
            values = ", ".join(self.pick(INT_CONSTANTS + FLOAT_CONSTANTS + ["None", "True"]) for _ in range(4))
            return f"({values}) * {turns // 4 + 1}"
        start, step = self.pick([0, 0, 0, -20, 5, 2**31 - 30, 2**62]), self.pick([1, 1, 1, 2, 7, -1, -3])
        return f"range({start}, {start + turns * step}, {step})" if step != 1 or start else f"range({turns})"

    def helper(self, number):
        """A Python function of an int and a float."""
        kind = self.pick(["int", "float", "bool"])
        name = f"helper{number}"
        names, self.names = self.names, {"int": ["a"], "float": ["b"], "bool": ["True"], "any": ["a"]}
        self.lines += ["", f"def {name}(a, b):"]
        if self.chance(0.5):
            self.emit(f"if {self.expression('bool', 1)}:")
            self.emit(f"    return {self.bounded(kind)}")
        self.emit(f"return {self.bounded(kind)}")
        self.names = names
        self.helpers.append((name, kind))

    def bounded(self, kind):
        value = self.expression(kind, 2)
        return f"({value}) & 0xFFFFFFFFFF" if kind == "int" else value

    def program(self):
        """The whole text."""
        for number in range(self.random.randrange(3)):
            self.helper(number)
        in_function = self.chance(0.75)
        self.lines.append("")
        self.depth = int(in_function)
        if in_function:
            self.lines.append("def run(i0, f0):")
            self.emit("global factor")
        else:
            self.emit("i0, f0 = 5, 0.25")
        self.emit("ints, floats, text, box = [1, 2**40, -7, 0, 255], [0.5, -1.0, 1e10, inf], 'abc', Box()")
        self.emit("kept = other = None")
        self.emit("count = 0")
        self.emit("def bump(by):")
        self.emit(f"    {'nonlocal' if in_function else 'global'} count")
        self.emit("    count = (count + by) & 0xFFFF")
        self.emit("    return count")
        self.far = True
        self.emit(f"i1, i2, f1 = {self.pick(INT_CONSTANTS)}, {self.pick(INT_CONSTANTS)}, {self.pick(FLOAT_CONSTANTS)}")
        self.emit("b0, b1, x0, x1 = True, False, None, 1")
        for _ in range(1 + self.random.randrange(2)):
            self.loop(8)
        shown = [name for names in self.names.values() for name in names]
        self.emit("kept = other = None")
        self.emit(f"show({', '.join(shown)}, calls())")
        self.emit("show(ints, floats, text, box.count, box.value, count, factor, deaths)")
        if in_function:
            self.lines += ["", "run(5, 0.25)", "run(0, -1.0)", "run(2**63 - 2, 1e300)"]
        return HEAD + "\n".join(self.lines) + "\n"


def generate(seed):
    """The program of a seed."""
    return Generator(seed).program()


def fails(seed, seconds=20):
    """What is wrong with the program of a seed as it stands, without Hardwire: a text, or None."""

    def too_long(number, frame):
        raise TimeoutError(f"no end within {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(generate(seed), f"<seed {seed}>", "exec"), {"__name__": "__main__"})
    except BaseException as problem:
        entry = [entry for entry in traceback.extract_tb(problem.__traceback__) if entry.filename == f"<seed {seed}>"][-1]
        return f"line {entry.lineno}: {type(problem).__name__}: {problem}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return None


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.stdout.write(generate(int(sys.argv[1])))
    else:
        wrong = {seed: text for seed in range(int(sys.argv[1]), int(sys.argv[2]) + 1) if (text := fails(seed))}
        sys.exit("\n".join(f"seed {seed}: {text}" for seed, text in wrong.items()) or 0)
