"""Every operator on every pair of edge values, in loops whose types are steady at first and then change.

The programs are made here: one an operator and a shape of the loop (both operands vary; one is a constant; in place; in a condition).
"""

import pytest
from harness import Program

INTS = "0, -1, 1, 2, -2, 3, 7, -7, 10, 255, -256, 2**30, -2**30, 2**31 - 1, 2**31, -2**31, 2**32, 2**53 - 1, 2**53, 2**53 + 1, \
-2**53 - 1, 2**61, -2**61, 2**62, -2**62, 2**62 - 1, 2**63 - 1, 2**63 - 2, -2**63 + 1, -2**63, 2**63, 2**64, -2**64, 3**50, -10**30"
FLOATS = "0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, -7.25, 1e-5, 1e16, 9007199254740992.0, 9007199254740993.0, 9.223372036854775e18, \
9.223372036854776e18, -9.223372036854776e18, 1e19, 1e308, -1e308, 5e-324, -5e-324, 2.2250738585072014e-308, inf, -inf, nan"
BOOLS = "True, False"
# What exponents and shift counts may be, so that results stay small enough to print.
EXPONENTS = "0, 1, 2, 3, 5, -1, -2, 17, 63, 64, 100"
SHIFTS = "0, 1, 2, 5, 31, 32, 61, 62, 63, 64, 65, 100, -1, -64, -2**63"
DEEP_RIGHT_SHIFTS = SHIFTS + ", 2**31, 2**63 - 1, 2**63, 2**70"
FLOAT_EXPONENTS = "0.0, -0.0, 1.0, 2.0, 3.0, 0.5, -0.5, -1.0, 1e3, 1e308, -1e308, 5e-324, inf, -inf, nan"

ARITHMETIC = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%"}
BITWISE = {"and": "&", "or": "|", "xor": "^"}
COMPARISONS = {"lt": "<", "le": "<=", "eq": "==", "ne": "!=", "gt": ">", "ge": ">="}
NUMBERS = {"int": INTS, "float": FLOATS, "bool": BOOLS}
# Values that fit the common case, so that a loop is compiled for them before the edges come.
WARM = {"int": "5, 6, 7, 8, 9, 11, 12, 13", "float": "1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5", "bool": "True, False, True, True, False"}

PRELUDE = """\
from show import error, show
from math import inf, nan
lefts = [{left}]
rights = [{right}]
"""

PAIRS = """
def pairs(lefts, rights):
    for a in lefts:
        for b in rights:
            try:
                show(a {op} b)
            except Exception as problem:
                show(a, b)
                print(error(problem))

pairs(lefts, rights)
"""

IN_PLACE = """
def in_place(lefts, rights):
    for a in lefts:
        for b in rights:
            x = a
            try:
                x {op}= b
            except (ZeroDivisionError, OverflowError, ValueError, TypeError) as problem:
                print(error(problem))
            show(x)

in_place(lefts, rights)
"""

CONDITION = """
def condition(lefts, rights):
    yes = no = 0
    for a in lefts:
        for b in rights:
            if a {op} b:
                yes += 1
            else:
                no += 1
            if not a {op} b:
                no += 1
            x = a {op} b
            y = yes if b {op} a else no
            show(x, y)
    show(yes, no)

condition(lefts, rights)
"""

MODULE_LEVEL = """
for a in lefts:
    for b in rights:
        try:
            x = a {op} b
        except ArithmeticError as problem:
            x = error(problem)
        except (ValueError, TypeError) as problem:
            x = error(problem)
        show(x)
"""

CONSTANT = """
def constant_{number}(values):
    for a in values:
        try:
            show(a {op} ({constant}), ({constant}) {op} a)
        except Exception as problem:
            print(error(problem))

constant_{number}(lefts)
"""

ACCUMULATE = """
def accumulate(values):
    for start in values:
        x = start
        for i in range(12):
            x = x {op} {step}
        show(x)

accumulate(lefts)
"""


def right_values(op, kind):
    """The right operands that keep results printable."""
    if op == "**":
        return {"int": EXPONENTS, "float": FLOAT_EXPONENTS, "bool": BOOLS}[kind]
    if op == "<<":
        return SHIFTS if kind == "int" else BOOLS
    if op == ">>":
        return DEEP_RIGHT_SHIFTS if kind == "int" else BOOLS
    return NUMBERS[kind]


def with_warm_up(kind, values):
    """A list that is steady at first."""
    return f"{WARM[kind]}, {values}"


def warm_right(op, kind):
    """Right operands with a steady beginning, where their size allows it."""
    values = right_values(op, kind)
    return values if op in ("**", "<<", ">>") else with_warm_up(kind, values)


def binary_programs():
    """Both operands vary."""
    programs = []
    operators = {**ARITHMETIC, **BITWISE, "pow": "**", "lshift": "<<", "rshift": ">>"}
    for name, op in operators.items():
        kinds = ("int", "bool") if name in (*BITWISE, "lshift", "rshift") else tuple(NUMBERS)
        for left in kinds:
            for right in kinds:
                head = PRELUDE.format(left=with_warm_up(left, NUMBERS[left]), right=warm_right(op, right))
                shapes = {"pairs": PAIRS, "in_place": IN_PLACE, "module": MODULE_LEVEL}
                for shape, body in shapes.items():
                    where = {"pairs": "pairs", "in_place": "in_place", "module": "<module>"}[shape]
                    text = head + body.format(op=op)
                    programs.append(Program(f"{name}_{left}_{right}_{shape}", text, {"compiled": where}))
    return programs


def comparison_programs():
    """Comparisons, as values and in conditions."""
    programs = []
    for name, op in {**COMPARISONS, "is": "is", "is_not": "is not"}.items():
        for left in NUMBERS:
            for right in NUMBERS:
                if "is" in name and (left, right) != ("bool", "bool"):
                    continue  # the identity of equal ints and floats is CPython's own affair
                head = PRELUDE.format(left=with_warm_up(left, NUMBERS[left]), right=with_warm_up(right, NUMBERS[right]))
                text = head + CONDITION.format(op=op)
                programs.append(Program(f"{name}_{left}_{right}", text, {"compiled": "condition"}))
    return programs


def constant_programs():
    """One operand is a constant in the code: this is where folding and strength reduction happen."""
    programs = []
    for name, op in {**ARITHMETIC, **BITWISE, **COMPARISONS}.items():
        constants = ["0", "1", "-1", "2", "3", "-3", "8", "10", "2**31", "2**53", "2**62", "2**63 - 1", "-2**63", "2**64", "True"]
        values = INTS
        if name not in BITWISE:
            constants += ["0.0", "-0.0", "0.5", "1.0", "-1.0", "2.0", "1e308", "5e-324", "9007199254740993.0", "9.223372036854776e18"]
            values += ", " + FLOATS
        head = PRELUDE.format(left=with_warm_up("int", values), right="")
        body = "".join(CONSTANT.format(number=number, op=op, constant=constant) for number, constant in enumerate(constants))
        # A division by zero raises in every turn: that loop has no turn to record.
        wanted = "constant_2,constant_5" if op in ("/", "//", "%") else "constant_0,constant_5"
        programs.append(Program(f"constant_{name}", head + body, {"compiled": wanted}))
    for name, op, amounts in (
        ("pow", "**", ["0", "1", "2", "3", "-1", "0.5", "-0.5", "2.0"]),
        ("lshift", "<<", ["0", "1", "8", "31", "62", "63", "64", "True"]),
        ("rshift", ">>", ["0", "1", "8", "31", "62", "63", "64", "200", "True"]),
    ):
        values = INTS if name != "pow" else f"{INTS}, {FLOATS}"
        head = PRELUDE.format(left=with_warm_up("int", values), right="")
        # The constant stands on the right only: 2 ** (2 ** 63) has no end.
        shape = CONSTANT.replace(", ({constant}) {op} a)", ")")
        body = "".join(shape.format(number=number, op=op, constant=amount) for number, amount in enumerate(amounts))
        programs.append(Program(f"constant_{name}", head + body, {"compiled": "constant_1,constant_2"}))
    return programs


def accumulating_programs():
    """A value goes round the loop: out of 64 bits and back, out of the finite floats and into NaN."""
    steps = {
        "add": ("+", "2**60"),
        "sub": ("-", "2**60"),
        "mul": ("*", "37"),
        "mul_negative": ("*", "-3"),
        "add_float": ("+", "1e307"),
        "mul_float": ("*", "1e100"),
        "div_float": ("/", "3.0"),
        "truediv": ("/", "3"),
        "floordiv": ("//", "-3"),
        "mod": ("%", "1000003"),
        "shift": ("<<", "7"),
        "shift_back": (">>", "3"),
        "xor": ("^", "(i * 0x9E3779B97F4A7C15)"),
        "widen_and_narrow": ("* 2**20 %", "2**61"),
    }
    programs = []
    for name, (op, step) in steps.items():
        values = INTS if name in ("shift", "shift_back", "xor") else f"{INTS}, {FLOATS}"
        head = PRELUDE.format(left=with_warm_up("int", values), right="")
        programs.append(Program(f"accumulate_{name}", head + ACCUMULATE.format(op=op, step=step), {"compiled": "accumulate"}))
    return programs


GROUPS = {
    "binary": binary_programs(),
    "comparison": comparison_programs(),
    "constant": constant_programs(),
    "accumulate": accumulating_programs(),
}
CASES = [pytest.param(group, program, id=program.name) for group, programs in GROUPS.items() for program in programs]


@pytest.mark.parametrize("group, program", CASES)
def test_arithmetic(batches, group, program):
    batches.check(f"arithmetic-{group}", GROUPS[group], program, 1)
