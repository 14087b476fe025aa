"""Random expressions, and the state that all writers of program text share."""

import contextlib
import random
import re

from . import tables

LOCALS = {"int": ["i0", "i1", "i2"], "float": ["f0", "f1"], "bool": ["b0", "b1"], "num": ["n0", "n1"], "str": ["s0", "s1"], "any": ["x0", "x1"], "obj": ["o0", "o1"]}
HOLE = re.compile(r"\{(int|float|bool|num|str|any|obj|lib|turn|use)\}")
COMPARE = re.compile("COMPARE")


class Expressions:
    """Writes expressions; `fill` puts them into templates."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.depth = 1
        self.names = {kind: list(names) for kind, names in LOCALS.items()}
        density = self.pick([0.15, 0.3, 0.5, 0.9])
        self.features = {"plain"} | {feature for feature in tables.FEATURES if self.chance(density)}
        # Whether the names of the main function are in reach: not in what is defined in front of it.
        self.far = False
        # Whether what is written now may raise.
        self.guarded = False
        # Names that can be read and not assigned: counters.
        self.fixed = []
        # The int that counts the turns of the innermost loop that has one, as an expression.
        self.turn = "0"
        self.functions = []
        self.bindings = self.pick([["lib"], ["api"], ["cdll"], ["lib", "api", "cdll", "pydll"]])
        # Whether ints may grow beyond 64 bits, and whether instances have a dict.
        self.big = "big" in self.features
        self.has_dict = self.chance(0.7)

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, things):
        return things[self.random.randrange(len(things))]

    def emit(self, line):
        self.lines.append("    " * self.depth + line)

    @contextlib.contextmanager
    def indented(self, guarded=None):
        """One level deeper; what raises there is caught if `guarded`."""
        before = self.guarded
        self.guarded = before if guarded is None else guarded
        self.depth += 1
        yield
        self.depth -= 1
        self.guarded = before

    def available(self, rows):
        """The rows of a table whose feature this program has."""
        return [row[1:] for row in rows if row[0] in self.features]

    def fill(self, text, depth):
        """Puts random expressions into a template."""

        def hole(match):
            kind = match[1]
            if kind == "lib":
                return self.pick(self.bindings)
            if kind == "turn":
                return self.turn
            if kind == "use":
                return self.pick(["plus", "minus", "moody" if self.guarded else "plus"])
            value = self.expression(kind, depth)
            return value if value.isidentifier() or value.isdecimal() else f"({value})"

        return HOLE.sub(hole, COMPARE.sub(lambda _: self.pick(tables.COMPARISONS), text))

    def expression(self, kind, depth):
        """A random expression of a kind."""
        if depth <= 0 or kind in ("any", "obj") or self.chance(0.3):
            return self.leaf(kind)
        if self.far and self.chance(0.4):
            chosen = [text for k, text in self.available(tables.READS) if k == kind]
            if self.guarded and "raising" in self.features and self.chance(0.25):
                chosen = [text for k, text, _ in self.available(tables.RISKY) if k == kind]
            if chosen:
                return self.fill(self.pick(chosen), depth - 1)
        if "functions" in self.features and self.chance(0.3):
            usable = [function for function in self.functions if function.result == kind and (self.guarded or not function.raises)]
            if usable:
                return self.call(self.pick(usable[-4:]), depth - 1)
        return self.fill(self.pick(tables.FORMS[kind]), depth - 1)

    def leaf(self, kind):
        """A name or a constant."""
        if kind == "any":
            return self.pick(self.names["any"] * 3 + self.names["int"] + self.names["float"])
        if kind == "obj":
            return self.pick(self.names["obj"])
        if self.names[kind] and self.chance(0.7):
            return self.pick(self.names[kind] + (self.fixed if kind == "int" else []))
        if kind == "num":
            kind = self.pick(["int", "float"])
        if kind == "int":
            return self.pick(tables.INT_CONSTANTS + (tables.BIG_CONSTANTS if self.big or self.chance(0.1) else []))
        return self.pick({"float": tables.FLOAT_CONSTANTS, "bool": ["True", "False"], "str": tables.STR_CONSTANTS}[kind])

    def call(self, function, depth):
        """A call of one of the program's functions, its arguments passed in one of the ways that fit."""
        argument = {name: f"{self.expression(kind, depth)}" for name, kind in function.needed + function.optional + function.keyword_only}
        given, words = [], []
        by_position = True
        for name, _ in function.needed:
            by_position = by_position and (name in function.positional_only or not self.chance(0.2))
            (given.append(argument[name]) if by_position else words.append(f"{name}={argument[name]}"))
        for name, _ in function.optional:
            way = self.random.randrange(3)
            by_position = by_position and way == 0
            if by_position:
                given.append(argument[name])
            elif way == 1:
                words.append(f"{name}={argument[name]}")
        if by_position and function.rest:
            given += [self.expression("int", depth) for _ in range(self.random.randrange(4))]
            if self.chance(0.3):
                given.append(f"*({self.expression('int', depth)}, 2)")
        words += [f"{name}={argument[name]}" for name, _ in function.keyword_only if self.chance(0.6)]
        if function.more:
            words += [f"{name}={self.expression('int', depth)}" for name in ("p", "q") if self.chance(0.4)]
            if self.chance(0.2):
                words.append(f"**{{'r': {self.expression('int', depth)}}}")
        if by_position and self.chance(0.1):
            given = [f"*({', '.join(given)},)"] if given else []
        self.random.shuffle(words)
        words.sort(key=lambda word: word.startswith("**"))
        return f"{function.name}({', '.join(given + words)})"
