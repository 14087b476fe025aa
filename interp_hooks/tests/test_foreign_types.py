"""Every scalar type and arity through every binding, with edge values and with values the binding refuses.

The interpreter's own call through libffi decides what is right: values, error texts, and the callee's own count of its calls.
"""

import pytest
from harness import Program

# Loop constants of a program: how the library object is reached. cdll_bare has no argtypes, so ctypes guesses.
BINDINGS = {
    "abi": "from bindings import ffi, lib",
    "api": "from bindings import api_ffi as ffi, api as lib",
    "cdll": "from bindings import ffi, cdll as lib",
    "pydll": "from bindings import ffi, pydll as lib",
    "cdll_bare": "from bindings import ffi, open_bare\nlib = open_bare()",
    "cdll_errno": "from bindings import ffi, open_cdll\nlib = open_cdll(use_errno=True)",
}
INTS = {
    "i8": (8, True),
    "i16": (16, True),
    "i32": (32, True),
    "i64": (64, True),
    "u8": (8, False),
    "u16": (16, False),
    "u32": (32, False),
    "u64": (64, False),
    "schar": (8, True),
    "uchar": (8, False),
    "short": (16, True),
    "ushort": (16, False),
    "int": (32, True),
    "uint": (32, False),
    "long": (64, True),
    "ulong": (64, False),
    "llong": (64, True),
    "ullong": (64, False),
    "size": (64, False),
    "ssize": (64, True),
    "bool": (1, False),
}
WRONG = (
    "1.5, 1.0, float('nan'), float('inf'), 'text', b'bytes', b'b', None, [], [1], (1,), 1j, object(), int, Index(3), Index(2**70), Index('x'), "
    "Both(7), Float(2.5), ffi.NULL, ffi.new('int *', 5), ffi.cast('int', 9), ffi.cast('double', 2.5), ffi.cast('uint64_t', 2**64 - 1), "
    "ffi.cast('int8_t', -3), ffi.cast('char', b'x'), ctypes.c_int(11), ctypes.c_double(1.25), ctypes.c_long(-4), ctypes.c_char(b'c'), "
    "ctypes.c_bool(True), ctypes.c_void_p(None), Parameter(21), Parameter('bad'), Fraction(5, 2), Decimal('3'), 10**30, -10**30, True, False"
)
PRELUDE = """\
import ctypes
from decimal import Decimal
from fractions import Fraction
from bindings import api, calls
from show import error, show
{binding}

class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value

    def __repr__(self):
        return f"Index({{self.value!r}})"

class Float:
    def __init__(self, value):
        self.value = value

    def __float__(self):
        return self.value

class Both(Index, Float):
    def __int__(self):
        return self.value + 1

class Parameter:
    def __init__(self, value):
        self._as_parameter_ = value

api.calls_reset()
"""
ONE_ARGUMENT = """
def run_{name}(values):
    for v in values:
        try:
            show(lib.{name}(v))
        except Exception as problem:
            print(error(problem))

def local_{name}(values, function):
    total = 0
    for v in values:
        total = function(v)
    return total

run_{name}([{values}])
show(local_{name}([{good}], lib.{name}), calls())
for wrong in [{wrong}]:
    before = api.calls_made()
    try:
        show(local_{name}([{good}, wrong], lib.{name}))
    except Exception as problem:
        print(error(problem))
    show(api.calls_made() - before)
"""
STEADY = """
def steady_{name}(n):
    total = 0
    for i in range(n):
        total += lib.{name}({argument})
    return total

show(steady_{name}(60), calls())
"""


def int_values(bits, signed):
    """Good values first, then the edges of the type and what lies behind them."""
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    good = [min(value, high) for value in range(12)]
    edges = [low, low + 1, high - 1, high, 0, 1, low - 1, high + 1, -1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1]
    return ", ".join(map(str, good)), ", ".join(map(str, edges))


def one_argument(name, good, edges, wrong, argument):
    """The loops over one function with one argument."""
    parts = dict(name=name, values=f"{good}, {edges}, {good}, {wrong}", good=good, wrong=wrong, argument=argument)
    return ONE_ARGUMENT.format(**parts) + STEADY.format(**parts)


def wrong_values(binding):
    """What a binding is given though it should refuse it.

    Without argtypes ctypes passes the address of a string, by chance a different number in each process, and a c_double in a register that the
    callee does not look at: nothing to compare.
    """
    if binding == "cdll_bare":
        by_chance = "'text', b'bytes', b'b', ", "Parameter('bad'), ", "ctypes.c_double(1.25), "
        values = WRONG
        for text in by_chance:
            assert text in values
            values = values.replace(text, "")
        return values
    return WRONG


def int_programs():
    """Integer types, `_Bool` included: as argument and result, widened and narrowed in C."""
    programs = []
    for binding, head in BINDINGS.items():
        for kind, (bits, signed) in INTS.items():
            if binding == "cdll_bare" and kind == "bool":
                continue  # ctypes reads an int where the callee gave 8 bits and left the others as they were
            good, edges = int_values(bits, signed)
            names = [f"id_{kind}"]
            if kind in ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "bool"):
                names += [f"widen_{kind}", f"narrow_{kind}"]
            body = "".join(one_argument(name, good, edges, wrong_values(binding), "i & 1" if kind == "bool" else "i") for name in names)
            wanted = {"compiled": ",".join(f"steady_{name}" for name in names)}
            programs.append(Program(f"{kind}_{binding}", PRELUDE.format(binding=head) + body, wanted))
    return programs


def float_programs():
    """float and double: rounding to single precision, infinities, NaN, what is accepted as a float."""
    good = "0.5, 1.5, 2.5, 3.25, 4.0, 5.125, 6.0, 7.0, 8.0"
    edges = (
        "0.0, -0.0, 1e308, -1e308, 5e-324, float('inf'), float('-inf'), float('nan'), 0.1, 1e39, 3.4028234663852886e38, 3.5e38, 1e-46, "
        "16777217.0, 1, 0, -1, True, 2**53 + 1, 2**63, 2**64, 10**30, 2**1024"
    )
    programs = []
    for binding, head in BINDINGS.items():
        if binding == "cdll_bare":
            continue  # ctypes refuses a float it has no argtypes for: that is among the wrong values of the integer programs
        names = ["id_f32", "id_f64", "widen_f32", "narrow_f32"]
        body = "".join(one_argument(name, good, edges, WRONG, "i * 0.5") for name in names)
        wanted = {"compiled": ",".join(f"steady_{name}" for name in names)}
        programs.append(Program(f"float_{binding}", PRELUDE.format(binding=head) + body, wanted))
    return programs


ARITY = """
def {name}(n):
    total = 0
    for i in range(n):
        total += lib.{function}({arguments})
    return total

show({name}(50), calls())
for call in (lambda: lib.{function}({arguments_of_call}), lambda: lib.{function}({fewer}), lambda: lib.{function}({more}), lambda: lib.{function}({named})):
    for i in range(20):
        try:
            text = "result " + str(call())
        except Exception as problem:
            text = error(problem)
    print(text)
show(calls())
"""


def argument_list(family, count, index="i"):
    """Arguments of one of the arity families."""
    forms = {"isum": ["{i} + {k}"], "fsum": ["{i} * 0.5 + {k}"]}
    forms["mix"] = ["{i} - {k}", "{i} * 0.25", "{i} * 10**12 + {k}", "{i} * 0.5 - {k}", "({i} + {k}) & 255", "{k} / ({i} + 1)", "{k} - {i}"]
    chosen = forms[family]
    return [chosen[k % len(chosen)].format(i=index, k=k) for k in range(count)]


def arity_programs():
    """0 to 20 arguments, on the stack too; and too few, too many, named ones."""
    programs = []
    for binding, head in BINDINGS.items():
        for family in ("isum", "fsum", "mix"):
            if binding == "cdll_bare" and family != "isum":
                continue
            body, wanted = "", []
            for count in range(21):
                arguments = argument_list(family, count)
                calls = argument_list(family, count, "7")
                # A missing argument would be read from wherever it should have been: only with argtypes is that an error in Python.
                fewer = calls[:-1] if count and binding != "cdll_bare" else calls
                more = calls if binding.startswith(("cdll", "pydll")) else [*calls, "1"]
                body += ARITY.format(
                    name=f"call_{family}{count}",
                    function=f"{family}{count}",
                    arguments=", ".join(arguments),
                    arguments_of_call=", ".join(calls),
                    fewer=", ".join(fewer),
                    more=", ".join(more),
                    named=", ".join([*calls[:-1], "x=1"]) if binding not in ("cdll_bare",) else ", ".join(calls),
                )
                wanted.append(f"call_{family}{count}")
            programs.append(Program(f"{family}_{binding}", PRELUDE.format(binding=head) + body, {"compiled": ",".join(wanted)}))
    return programs


GROUPS = {"ints": int_programs(), "floats": float_programs(), "arity": arity_programs()}
CASES = [pytest.param(group, program, id=program.name) for group, programs in GROUPS.items() for program in programs]


@pytest.mark.parametrize("group, program", CASES)
def test_foreign_types(batches, group, program):
    batches.check(f"foreign-{group}", GROUPS[group], program, 1)
