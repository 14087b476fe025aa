"""Makes random loop programs: `python generate.py SEED` prints one. The same seed gives the same text on every interpreter.

The programs are made of numbers, strings and objects in locals, globals, closures, lists and attributes, of arithmetic, branches, loops in loops over
many kinds of iterators, handlers, and of calls to C and to Python, which look at the loop's frame, change globals and classes, call back and raise.
Each has some of these features only (`random_loops/tables.py`). They print every local at the end, what happened on the way, the order of deaths and
the reference counts of what lives long, and raise nothing that they do not catch.

What keeps them tame: divisors are never zero where nobody catches the error; ints are brought back to size behind each product and shift (beyond 64
bits, though, now and then), and those that only sums made larger at the head of each loop, so that all of them fit in a float; powers are small;
`while` loops count with a variable that nothing else in them assigns; and no object is part of a cycle, so that the collector decides nothing.
`python generate.py FIRST LAST` runs the programs of a range of seeds in this process and names those that fail.
"""

import contextlib
import io
import signal
import sys
import traceback

from random_loops.definitions import Definitions
from random_loops.expressions import LOCALS, Expressions
from random_loops.loops import Loops
from random_loops.preamble import PREAMBLE
from random_loops.statements import Statements

# What lives long: the counts of references to these are the same in the end. Numbers are not among them, since they are made anew.
PINNED = "ints, floats, box, pinned, Small, Large, Kept, plus, minus, clamp, moody, deep, turn, grow, bump"


class Generator(Expressions, Definitions, Statements, Loops):
    """Writes one program."""

    def __init__(self, seed):
        super().__init__(seed)
        if self.has_dict and "changes" in self.features:
            self.features.add("dicts")
        self.counters = 0
        self.loops = 0
        self.product = 1
        self.counts_up = False
        # Ints that were assigned without being brought back to size.
        self.loose = set()

    def setting(self, in_function):
        """The names that all programs have."""
        self.emit("ints, floats, text, box = [1, 2**40, -7, 0, 255], [0.5, -1.0, 1e10, inf], 'abc', Box()")
        self.emit("kept = other = None; bag = [3, 1]; table = {1: 5, 3: 7}; pinned = 1, 'pinned'")
        self.emit("known, places, tally, late = {1, 'a', (2, True)}, {(0, 1): 5, (1, 0): 7}, Tally({2: 5}), 0")
        self.emit("endless = counting(1); limited = iter(range(3)); called = plus; ticks = count = 0; next(endless)")
        self.emit("def bump(by):")
        self.emit(f"    {'nonlocal' if in_function else 'global'} count")
        self.emit("    count = (count + by) & 0xFFFF")
        self.emit("    return count")
        self.emit(f"i1, i2, f1 = {self.default('int')}, {self.default('int')}, {self.default('float')}")
        self.emit("b0, b1, x0, x1, n0, n1, s0, s1 = True, False, None, 1, 1, 0.5, 'ab', ''")
        self.emit("o0, o1 = Small(3), Large(5, 1.5)")
        self.emit(f"before = counts({PINNED})")

    def program(self):
        """The whole text."""
        self.classes()
        self.recursive()
        if "functions" in self.features:
            for number in range(1 + self.random.randrange(3)):
                self.loops = 4
                self.function(number)
        self.loops = 0
        in_function = self.chance(0.75)
        self.lines.append("")
        self.depth = int(in_function)
        if in_function:
            self.lines.append("def run(i0, f0):")
            self.emit("global factor, use")
        else:
            self.emit("i0, f0 = 5, 0.25")
        self.setting(in_function)
        self.far = True
        for _ in range(1 + self.random.randrange(2)):
            if "raising" in self.features and self.chance(0.2):
                self.emit("try:")
                with self.indented(guarded=True):
                    self.loop(8)
                self.emit("except Exception as problem: note_error(problem)")
            else:
                self.loop(8)
        shown = [name for kind, names in LOCALS.items() if kind != "obj" for name in names]
        self.emit("kept = other = None")
        self.emit(f"show({', '.join(shown)}, calls())")
        self.emit("show(ints, floats, text, bag, table, o0.count, o0.value, o1.count, type(o1).__name__, box.count, count, factor, deaths)")
        self.emit("show(sorted(map(repr, known)), places, tally, late)")
        self.emit("print(trail, *log, sep='\\n    ')")
        self.emit(f"print(*(now - then for now, then in zip(counts({PINNED}), before)))")
        if in_function:
            self.lines += ["", "run(5, 0.25)", "run(0, -1.0)", "run(2**63 - 2, 1e300)" if self.big else "run(77, 1e300)"]
        return PREAMBLE + "\n".join(self.lines) + "\n"


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
        entries = [entry for entry in traceback.extract_tb(problem.__traceback__) if entry.filename == f"<seed {seed}>"]
        line = entries[-1].lineno if entries else getattr(problem, "lineno", "?")
        return f"line {line}: {type(problem).__name__}: {problem}"
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
