"""Makes random C libraries and the Python programs that use them through cffi: `python generate_c.py SEED FOLDER` writes and builds one.

The same seed gives the same texts on every interpreter. A program stores values into structs, arrays and variables and passes them to functions in loops,
and so does the library in C (see `declarations.py`); in each turn the program compares what the library found in memory with what it sees itself, and
prints `C DISAGREES` where they differ. Other loops do in some turn what cffi refuses, and print what came of it.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

from declarations import CELLS, INTS, MASK, TABLE_LENGTH, WIDE, Declarations

INCLUDES = "".join(f"#include <{name}.h>\n" for name in ("math", "stdarg", "stddef", "stdint", "stdlib", "string", "sys/types", "uchar", "wchar"))
COMMON = f"""\
typedef int64_t (*operation)(int64_t, int32_t);
extern int32_t cells[{CELLS}];
extern const char *strings[4];
extern operation operations[3];
void setup(void);
double variadic(const char *kinds, ...);
int64_t call_back(operation back, int64_t n);
"""
CODE = f"""\
int32_t cells[{CELLS}] = {{0, 1, -1, 2147483647, -2147483647 - 1, 77, -12345, 65536}};
const char *strings[4] = {{"", "a", "some text", "\\xff\\x80 and more of it"}};
static int64_t add(int64_t a, int32_t b) {{ return a * 3 + b; }}
static int64_t mix(int64_t a, int32_t b) {{ return (a & 0xFFFF) * b - a; }}
static int64_t low(int64_t a, int32_t b) {{ return (int64_t)(int8_t)a - b; }}
operation operations[3] = {{add, mix, low}};
double variadic(const char *kinds, ...)
{{
    double sum = 0.5;
    int32_t *p;
    va_list rest;
    va_start(rest, kinds);
    for (; *kinds; kinds++)
        switch (*kinds) {{
        case 'i': sum = sum * 0.5 + va_arg(rest, int); break;
        case 'u': sum = sum * 0.5 + va_arg(rest, unsigned); break;
        case 'l': sum = sum * 0.5 + (double)va_arg(rest, long long); break;
        case 'd': sum = sum * 0.5 + va_arg(rest, double); break;
        case 'p': p = va_arg(rest, int32_t *); sum = sum * 0.5 + (p ? *p : 7); break;
        }}
    va_end(rest);
    return sum;
}}
int64_t call_back(operation back, int64_t n)
{{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum = (sum + back(sum, (int32_t)i)) & 0xFFFFFF;
    return sum;
}}
"""
HEAD = '''\
import os
import sys
from show import error, show

HERE = os.path.dirname(os.path.abspath(__file__))
{library}
addressof, buffer, cast, from_buffer, memmove, new, sizeof, string, unpack = (
    ffi.addressof, ffi.buffer, ffi.cast, ffi.from_buffer, ffi.memmove, ffi.new, ffi.sizeof, ffi.string, ffi.unpack)
lib.setup()
cells, strings, operations, NULL = lib.cells, lib.strings, lib.operations, ffi.NULL
inf, nan = float("inf"), float("nan")
{tables}

def same(d, e):
    return d == e or d != d and e != e

def agree(function, turns):
    """Calls a function whose turns are compared with C."""
    found = function(turns)
    show(function.__name__, found)
    if found[-1]:
        print("C DISAGREES in", found[-1], "turns of", function.__name__)

def attempt(function, *arguments):
    """Calls a function that cffi may refuse something, and shows where it stopped."""
    try:
        show(function.__name__, function(*arguments))
    except Exception as problem:
        trace = problem.__traceback__.tb_next
        values = trace.tb_frame.f_locals
        print(function.__name__, error(problem), trace.tb_lineno, values.get("i"), values.get("total"))

'''
ABI = """\
import cffi
ffi = cffi.FFI()
{cdefs}
lib = ffi.dlopen(os.path.join(HERE, "{name}.so"))"""
API = """\
sys.path.insert(0, HERE)
from {name}_api import ffi, lib"""
BUILD_API = """
import sys
import cffi
builder = cffi.FFI()
source = open(sys.argv[1]).read()
exec(source)
builder.set_source(name + "_api", f'#include "{name}.h"', include_dirs=["."], library_dirs=["."], extra_objects=[f"{folder}/{name}.so"],
                   runtime_library_dirs=[folder], extra_compile_args=["-O1", "-w"])
builder.compile(tmpdir=folder)
"""
# What cffi refuses for a number, or just about takes.
WRONG = ["'text'", "b'b'", "None", "1.5", "[]", "nan", "NULL", "cast('int', 3)", "cast('double', 2.5)", "object()", "True", "2**64", "-2**63 - 1", "2**200"]


class Generator(Declarations):
    """Writes one library and its program."""

    def __init__(self, seed):
        # Building a module takes seconds: a few programs only.
        super().__init__(random.Random(f"declarations {seed}"), seed % 8 == 0)
        self.name = f"random_c_{seed}"
        self.text = []
        self.calls = []

    def emit(self, line, depth=1):
        self.text.append("    " * depth + line)

    def head(self, letter, arguments="n"):
        """Begins a function: its name."""
        name = self.fresh(letter)
        self.text += ["", f"def {name}({arguments}):"]
        return name

    def compared(self, letter, cost, write):
        """A function whose turns are compared with C: `write` writes what is in front of the loop, and gives the lines of a turn."""
        name = self.head(letter)
        self.emit("total = wrong = 0")
        self.emit("last = 0.0")
        lines = write()
        loop = self.pick(["for i in range(n):"] * 3 + ["i = -1\n    while i < n - 1:\n        i += 1"])
        self.emit(loop)
        for line in lines:
            self.emit(line, 2)
        self.emit("return total, last, wrong")
        self.calls.append(f"agree({name}, {self.random.randint(3, 40)})")
        self.calls.append(f"agree({name}, {max(200, 12000 // cost)})")

    # -- how a struct is reached

    def reach(self, struct):
        """(statements in front of the loop, statements of a turn, the struct, a pointer to it), as texts."""
        name, k = struct.name, self.random.randrange(9)
        one = f"new({struct.new})"
        forms = [
            ([f"p = {one}"], [], "p", "p"),
            ([f"p = {one}"], [], "p[0]", "p"),
            ([f"s = {one}", "v = s[0]"], [], "v", "addressof(v)"),
            ([f"p = lib.alloc_{struct.tag}()"], [], "p", "p"),
            ([f"p = lib.alloc_{struct.tag}()", "a = cast('uintptr_t', p)"], [f"q = cast('{name} *', a)"], "q", "q"),
            ([f"s = {one}", "p = cast('void *', s)"], [f"q = cast('{name} *', p)"], "q", "q"),
            ([], [f"p = {one}"], "p", "p"),
        ]
        if not struct.tail:
            forms += [
                ([f"a = new('{name}[4]')"], [f"q = a[(i + {k}) % 4]"], "q", "addressof(q)"),
                ([f"a = new('{name}[]', 5)"], [f"q = a + (i + {k}) % 5"], "q", "q"),
                ([f"a = new('{name}[5]')"], [], f"a[(i + {k}) % 5]", f"a + (i + {k}) % 5"),
                ([f"a = new('{name}[5]')", "q = a"], ["q = q + 1 if i % 5 else a + 0"], "q", "q"),
                ([f"a = lib.pool_{struct.tag}"], [f"q = addressof(a, (i + {k}) % 3)"], "q", "q"),
                ([f"m = bytearray(2 * sizeof('{name}'))", f"a = from_buffer('{name}[]', m)"], ["q = a[i % 2]"], "q", "a + i % 2"),
                ([f"m = bytearray(sizeof('{name}'))", f"p = from_buffer('{name} *', m)"], [], "p", "p"),
            ]
        return self.pick(forms)

    def finds(self, struct, base, pointer, part="hash", leaves=None):
        """The statements that compute a struct's numbers and compare them with C's."""
        leaves = struct.leaves if leaves is None else leaves
        lines = ["h = 0", "d = 0.0"]
        inner = next((leaf.steps[0] for leaf in leaves if len(leaf.steps) > 1 and isinstance(leaf.steps[1], str)), None)
        if inner and self.chance(0.5):
            lines.append(f"inner = {base}.{inner}")
            mine = [line.replace(f"{base}.{inner}.", "inner.") for line in struct.hashed(base, ".", leaves)]
        else:
            mine = struct.hashed(base, ".", leaves)
        lines += mine
        if any(not leaf.is_float for leaf in leaves):
            lines += [f"if h != lib.{part}_{struct.tag}({pointer}, i):", "    wrong += 1"]
            lines.append(f"total = (total * 31 + h) & {MASK}")
        if any(leaf.is_float for leaf in leaves):
            lines += [f"if not same(d, lib.{part}_fold_{struct.tag}({pointer}, i)):", "    wrong += 1", "last = d"]
        return lines

    # -- loops that are compared with C

    def writes(self, struct):
        """The program stores into a struct, and C looks."""

        def write():
            front, turn, base, pointer = self.reach(struct)
            for line in [*front, f"other = lib.alloc_{struct.tag}()"]:
                self.emit(line)
            lines = turn + [f"{leaf.place(base, '.')} = {leaf.stored()}" for leaf in struct.leaves]
            lines += [f"lib.fill_{struct.tag}(other, i)"]
            lines += [f"if lib.hash_{struct.tag}(other, i) != lib.hash_{struct.tag}({pointer}, i):", "    wrong += 1"]
            return lines + self.finds(struct, base, pointer)

        self.compared("write", 2 * len(struct.leaves) + 8, write)

    def reads(self, struct):
        """C stores into a struct, and the program looks."""

        def write():
            front, turn, base, pointer = self.reach(struct)
            for line in front:
                self.emit(line)
            lines = [*turn, f"lib.fill_{struct.tag}({pointer}, i)", *self.finds(struct, base, pointer)]
            if struct.puns:
                lines += self.finds(struct, base, pointer, "pun", struct.puns)
            return lines

        self.compared("read", len(struct.leaves) + 6, write)

    def whole_structs(self, struct):
        """Structs that are passed and returned by value, copied whole, and made of dicts and lists."""

        def write():
            name, tag, first = struct.name, struct.tag, struct.leaves[0]
            lines = []
            if self.by_value(struct):
                lines = [f"s = lib.make_{tag}(i)"]
                if self.chance(0.5):
                    step = f"(i + {self.random.randrange(TABLE_LENGTH)})"
                    stored = first.stored().replace("(i", f"({step}", 1)
                    lines += [f"s = lib.step_{tag}(s, {stored}, i)"]
                lines += self.finds(struct, "s", "addressof(s)")
                lines += [f"if lib.vhash_{tag}(s, i) != lib.hash_{tag}(addressof(s), i):", "    wrong += 1"]
                lines += [f"if not same(lib.vfold_{tag}(i & 7, s, 0.5, i), (i & 7) + 0.5 + lib.hash_fold_{tag}(addressof(s), i)):", "    wrong += 1"]
            else:
                lines = ["s = p[0]", f"lib.fill_{tag}(p, i)"]
            self.emit(f"p = new({struct.new})")
            self.emit(f"q = new({struct.new})")
            plain = [leaf for leaf in struct.leaves if len(leaf.steps) == 1]
            forms = ["memmove(q, p, sizeof(p[0]))", "buffer(q)[:] = buffer(p)[:]"]
            if not struct.tail:
                lines.append("p[0] = s")
                forms += ["q[0] = s", "q[0] = p[0]"]
            lines += [self.pick(forms), *self.finds(struct, "q", "p")] if not struct.tail else self.finds(struct, "p", "p")
            if plain and not struct.tail and not struct.special & {"union", "anonymous"}:
                given = ", ".join(f"'{leaf.steps[0]}': {leaf.stored()}" for leaf in plain)
                lines += [self.pick([f"r = new('{name} *', {{{given}}})", f"q[0] = {{{given}}}\nr = q"]).replace("\n", "\n        ")]
                lines += self.finds(struct, "r", "r")
            return lines

        self.compared("value", 4 * len(struct.leaves) + 10, write)

    def functions_of_scalars(self):
        """Calls of a function, and of its like in C."""
        name, result, arguments = self.pick(self.functions)

        def write():
            through = f"lib.{name}"
            if self.chance(0.3):
                self.emit(f"function = {self.pick([f'lib.{name}', f'addressof(lib, {chr(34)}{name}{chr(34)})'])}")
                through = "function"
            given = ", ".join(leaf.stored() for leaf in arguments)
            answer, mine = f"lib.{name}_answer(i)", f"{through}({given})"
            lines = [f"r = {mine}", f"e = {answer}"]
            if result.is_float:
                return [*lines, f"if not same({result.number('r')}, {result.number('e')}):", "    wrong += 1", f"last = {result.number('r')}"]
            return [*lines, f"h = {result.number('r')}", f"if h != {result.number('e')}:", "    wrong += 1", f"total = (total * 31 + h) & {MASK}"]

        self.compared("call", len(arguments) + 5, write)

    def variables(self):
        """A variable of the library."""
        name, leaf = self.variable()

        def write():
            number = leaf.number(f"lib.{name}")
            same = f"if not same({number}, lib.{name}_get()):" if leaf.is_float else f"if {number} != lib.{name}_get():"
            lines = [f"lib.{name} = {leaf.stored()}", same, "    wrong += 1", f"lib.{name}_set(i + 5)", same, "    wrong += 1"]
            return [*lines, f"last = {number}" if leaf.is_float else f"total = (total * 31 + {number}) & {MASK}"]

        self.compared("variable", 10, write)

    def arrays(self):
        """An array of scalars: items, slices, pointers into it, and C that adds it up."""
        ctype = self.pick([ctype for ctype in [*INTS, *INTS, "float", "double", "_Bool", "char", *WIDE]])
        leaf, total = self.array(ctype)

        def write():
            table, n, k = leaf.table, TABLE_LENGTH, self.random.randrange(9)
            self.emit(f"a = new('{ctype}[]', {table})" if ctype != "char" else f"a = new('char[]', b''.join({table}))")
            self.emit(f"b = new('{ctype}[{n}]')")
            self.emit(f"end = a + {n}")
            at = f"(i + {k}) % {n}"
            lines = self.random.sample(
                [
                    f"b[{at}] = a[i % {n}]",
                    f"p = a + {at}\n        b[{at}] = p[0]",
                    f"p = b + i % {n}\n        p[0] = a[{at}]",
                    f"p = end - 1 - {at}\n        x = {leaf.number('p[0]')}\n        total = (total + (p - a)) & {MASK}\n        wrong += not a <= p < end",
                    f"cut = a[i % 4:i % 4 + 5]\n        b[{k % 5}] = cut[i % 5]",
                    f"b[2:5] = {table}[i % 5:i % 5 + 3]" if ctype != "char" else f"b[2:5] = a[i % 5:i % 5 + 3]",
                    f"memmove(b + 3, a + {at} % 5, 2 * sizeof('{ctype}'))",
                    f"b[i % {n}] = (a + i % {n})[0]",
                    f"p = addressof(b, {at})\n        p[0] = a[i % 3]",
                    f"total += len(b[{k}:{k + 1}]) + len(unpack(a, i % 4))",
                    f"c = cast('{ctype} *', cast('void *', b))\n        c[{at}] = a[i % 5]",
                ],
                3,
            )
            number = leaf.number(f"b[{at}]")
            # C is asked for the one item, in an array of one.
            found = f"lib.{total}({self.pick(['b', 'addressof(b, 0)'])} + {at}, 1)"
            if leaf.is_float:
                lines += [f"e = {number}", f"if not same(e, {found}):", "    wrong += 1", "last = e"]
            else:
                lines += [f"h = {number} & {MASK}", f"if h != {found}:", "    wrong += 1", f"total = (total * 31 + h) & {MASK}"]
            whole = f"{table}[:i % {n} + 1]" if ctype != "char" else "a"
            compare = "not same({0}, {1})" if leaf.is_float else "{0} != {1}"
            given = self.pick(["a", "a", whole])
            test = compare.format(f"lib.{total}({given}, i % {n} + 1)", f"lib.{total}(NULL, i % {n} + 1)")
            return [*lines, f"if {test}:", "    wrong += 1"]

        self.compared("array", 12, write)

    def variadic_calls(self):
        given, answer = self.variadic(self.names)

        def write():
            lines = [f"last = lib.variadic({given})"]
            return [*lines, f"if not same(last, lib.{answer}(i)):", "    wrong += 1"]

        self.compared("variadic", 12, write)

    def callbacks(self):
        """A function pointer to Python code, and pointers to C that Python calls."""

        def write():
            self.emit("seen = [0]")
            self.emit("@ffi.callback('int64_t(int64_t, int32_t)')")
            self.emit("def back(a, b):")
            self.emit("    seen[0] += 1")
            self.emit("    return (a * 3 + b) & 0xFFFF")
            return [
                "f = operations[i % 3]",
                "total = (total + f(i, 3) + f(-i, i & 7)) & 0xFFFFFF",
                "g = back if i % 3 else f",
                "x = lib.call_back(g, i % 4)",
                "y = 0",
                "for j in range(i % 4):",
                "    y = (y + g(y, j)) & 0xFFFFFF",
                "if x != y:",
                "    wrong += 1",
            ]

        self.compared("back", 14, write)

    # -- what cffi refuses

    def refused(self, write):
        """A function that does something else in turn `at`; `write(odd)` gives a turn's lines."""
        name = self.head("odd", "n, at, odd")
        self.emit("total = 0")
        lines = write()
        self.emit("for i in range(n):")
        caught = self.chance(0.4)
        if caught:
            self.emit("try:", 2)
        for line in lines:
            self.emit(line, 3 if caught else 2)
        if caught:
            self.emit("except Exception as problem:", 2)
            self.emit("    total += 1000 + len(str(problem))", 2)
        self.emit("return total")
        return name

    def refused_stores(self, struct):
        """Values that are out of range or of a wrong type, stored into one leaf."""
        leaf = self.pick(struct.leaves)

        def write():
            front, turn, base, _ = self.reach(struct)
            for line in front:
                self.emit(line)
            place = leaf.place(base, ".")
            return [*turn, f"x = {leaf.stored()} if i != at else odd", f"{place} = x", f"total += {leaf.number(place)} != 0"]

        name = self.refused(write)
        self.attempts(name, self.wrong_values(leaf))

    def wrong_values(self, leaf):
        """Values for a place that it does not take, or just about takes."""
        odd = self.random.sample(WRONG, 3)
        if leaf.kind == "int" and leaf.type in INTS:
            bits, signed = INTS[leaf.type]
            bits = leaf.bits or bits
            low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
            odd += [str(low), str(high), str(low - 1), str(high + 1)]
        if leaf.kind in ("char", "wide"):
            odd += ["b'xy'", "'xy'", "b''", "''", "65", "chr(0x10000)"]
        if leaf.type == "_Bool":
            odd += ["2", "-1", "0.0"]
        # A pointer to elsewhere must not be followed.
        return [value for value in odd if leaf.kind in ("int", "char", "wide", "float", "long double") or value not in ("NULL", "b'b'", "2**64")]

    def attempts(self, name, odd):
        for value in odd:
            at = self.pick([0, 1, 2, 3, 40, 199, 250])
            self.calls.append(f"attempt({name}, 200, {at}, {value})")

    def refused_arguments(self):
        """Wrong arguments for a function."""
        with_arguments = [function for function in self.functions if function[2]]
        if not with_arguments:
            return
        name, result, arguments = self.pick(with_arguments)
        number = self.random.randrange(len(arguments))

        def write():
            given = [leaf.stored() for leaf in arguments]
            given[number] = "x"
            return [f"x = {arguments[number].stored()} if i != at else odd", f"r = lib.{name}({', '.join(given)})", f"total += {result.number('r')} != 0"]

        self.attempts(self.refused(write), self.wrong_values(arguments[number]))

    def refused_places(self, struct):
        """Indices that are out of range, NULL, members that there are none of, structs of another type."""
        first = struct.leaves[0]
        ctype = self.pick([*INTS, "double"])
        forms = [
            ([f"a = new('{ctype}[7]')"], ["j = i % 7 if i != at else odd", "a[j] = 1", "total += a[j]"], ["7", "-1", "2**40", "2**70", "'x'", "1.0", "True"]),
            ([f"a = new('{ctype}[7]')"], ["a = a if i != at else odd", "total += a[i % 7] == 0"], ["NULL", "cast('int *', 0)", "new('int[3]')", "cast('void *', 8)", "7"]),
            ([f"a = new('{ctype}[7]')"], ["c = a[0:3 if i != at else odd]", "total += c[i % 3] == 0"], ["8", "-1", "None", "'x'", "2"]),
            ([f"a = new('{ctype}[7]')", "e = a + 7"], ["e = e if i != at else odd", "total += e - a"], ["NULL", "new('char *')", "7", "new('void **')"]),
            ([f"p = new('{ctype} *')"], ["p = p if i != at else odd", "total += int(p[0]) + (p == NULL)"], ["NULL", f"cast('{ctype} *', 0)", "cells", "3"]),
            ([f"p = new('{ctype} *')"], ["j = 0 if i != at else odd", "total += int(p[j])"], ["1", "-1", "None", "2**70"]),
            ([f"p = new({struct.new})"], [f"q = p if i != at else odd", f"total += lib.hash_{struct.tag}(q, i) & 1"], ["3", "None", "'x'", "cells", "strings", "b'bytes'"]),
            ([f"p = new({struct.new})"], [f"total += lib.hash_{struct.tag}(p, i) & 1 if i != at else lib.hash_{struct.tag}(odd)"], ["3", "NULL"]),
            ([f"p = new({struct.new})"], ["total += bool(p) if i != at else p.nosuch", "p = odd or p"], ["None"]),
            ([f"p = new({struct.new})"], [f"p = p if i != at else cast('{struct.name} *', 0)", "q = p[0]", "total += odd"], ["1"]),
            (["c = cast('int', 5)"], ["c = c if i != at else odd", "total += int(c)"], ["cast('double', 2.5)", "NULL", "new('int *')", "cast('char', b'x')", "'7'"]),
            ([f"a = new('{ctype}[3]', [1, 2, 3])"], ["x, y, z = a if i != at else odd", "total += x == 1"], ["new('int[2]')", "NULL", "cells"]),
            (["c = cast('char', b'a')"], ["total += len(string(c if i != at else odd))"], ["NULL", "cast('int', 3)", "new('char[]', b'abc')", "new('int[2]')"]),
            ([], ["f = operations[i % 3] if i != at else odd", "total += f(i, 1) & 7"], ["NULL", "cast('operation', 0)", "lib.setup", "len"]),
            ([], [f"x = cast('{ctype}', 3 if i != at else odd)", "total += int(x)"], ["'x'", "2**70", "-1.5", "nan", "NULL", "None", "b'A'", "inf"]),
            ([], [f"x = new('{ctype}[]', [1, 2] if i != at else odd)", "total += len(x)"], ["-1", "5", "'ab'", "[[]]", "None", "(1, 2**65)", "{}"]),
        ]
        if first.kind == "int" and len(first.steps) == 1:
            given = f"{{'{first.steps[0]}': {first.stored()}}}"
            turn = [f"p = new('{struct.name} *', {given} if i != at else odd)", "total += bool(p)"]
            forms.append(([], turn, ["{'nosuch': 1}", "[1] * 30", "5", "[]", f"{{'{first.steps[0]}': 2**80}}"]))
        front, turn, odd = self.pick(forms)

        def write():
            for line in front:
                self.emit(line)
            return turn

        self.attempts(self.refused(write), self.random.sample(odd, min(4, len(odd))))

    # -- the whole

    def program(self):
        """(header, code, program, statements that declare all to an `ffi`), as texts."""
        for _ in range(self.random.randrange(1, 3)):
            self.enum()
        for _ in range(self.random.randint(2, 4)):
            self.struct()
        for _ in range(3):
            self.function()
        loops = [self.functions_of_scalars, self.arrays, self.variables, self.variadic_calls, self.callbacks, self.arrays, self.functions_of_scalars]
        for struct in self.structs:
            loops += [lambda s=struct: self.reads(s), lambda s=struct: self.writes(s), lambda s=struct: self.whole_structs(s)]
        for loop in self.random.sample(loops, min(9, len(loops))):
            loop()
        for _ in range(2):
            self.refused_stores(self.pick(self.structs))
            self.refused_places(self.pick(self.structs))
        self.refused_arguments()

        groups = []
        for text, packed in self.header:
            if groups and groups[-1][1] == packed:
                groups[-1][0].append(text)
            else:
                groups.append(([text], packed))
        groups[0][0].insert(0, COMMON)
        cdefs = "\n".join(f'ffi.cdef("""\n{chr(10).join(lines)}\n"""{", packed=True" if packed else ""})' for lines, packed in groups)
        header = INCLUDES + COMMON
        header += "\n".join(text.replace("};", "} __attribute__((packed));") if packed else text for text, packed in self.header) + "\n"
        tables = "".join(f"static const {ctype} {name}[] = {{{', '.join(values)}}};\n" for name, (ctype, values, _) in self.tables.items())
        pools = "".join(f"    for (int i = 0; i < 3; i++) fill_{s.tag}(&pool_{s.tag}[i], i);\n" for s in self.structs if not s.tail)
        code = f'#include "{self.name}.h"\n{CODE}{tables}{chr(10).join(self.code)}\nvoid setup(void)\n{{\n{pools}}}\n'
        literals = "\n".join(f"{name} = [{', '.join(values)}]" for name, (_, _, values) in self.tables.items())
        literals += "".join(f"\npool_{struct.tag} = lib.pool_{struct.tag}" for struct in self.structs if not struct.tail)
        library = API.format(name=self.name) if self.api else ABI.format(name=self.name, cdefs=cdefs)
        text = HEAD.format(library=library, tables=literals) + "\n".join(self.text) + "\n\n" + "\n".join(self.calls) + "\n"
        return header, code, text, cdefs.replace("ffi.cdef", "builder.cdef")


def generate(seed):
    """The program of a seed."""
    return Generator(seed).program()[2]


def build(seed, folder):
    """Builds the library of a seed, and its module for API mode where it has one."""
    generator = Generator(seed)
    header, code, _, cdefs = generator.program()
    name = generator.name
    (folder / f"{name}.h").write_text(header)
    (folder / f"{name}.c").write_text(code)
    # No fused operations: they round otherwise than Python does.
    options = ["-O1", "-fwrapv", "-ffp-contract=off", "-w", "-fPIC", "-shared"]
    subprocess.run(["cc", *options, "-o", f"{name}.so", f"{name}.c", "-lm"], cwd=folder, check=True)
    if generator.api:
        (folder / f"{name}_build.py").write_text(f"name, folder = {name!r}, {str(folder)!r}\n{cdefs}\n")
        command = [sys.executable, "-c", BUILD_API, f"{name}_build.py"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


if __name__ == "__main__":
    folder = Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    build(int(sys.argv[1]), folder)
    (folder / f"{Generator(int(sys.argv[1])).name}.py").write_text(generate(int(sys.argv[1])))
