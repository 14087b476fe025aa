"""Random statements other than loops."""

from . import tables

ERRORS = ["Exception", "Exception", "(ArithmeticError, ValueError, LookupError, TypeError, AttributeError, StopIteration)"]


class Statements:
    """Writes statements (mixed into the generator)."""

    def statement(self, budget, in_loop):
        """One random statement (a compound one counts its parts); `in_loop`: break and continue make sense."""
        ways = [(8, self.assignment), (3, self.in_place)]
        if self.far:
            ways.append((5, self.write))
            if "types" in self.features:
                ways.append((2, self.dispatch))
        if in_loop:
            ways.append((2, self.leave))
        if budget >= 2:
            ways += [(5, lambda: self.branch(budget, in_loop)), (1, lambda: self.risky(budget, in_loop))]
            if "raising" in self.features:
                ways.append((3, lambda: self.attempt(budget, in_loop)))
            if "with" in self.features:
                ways.append((2, lambda: self.managed(budget, in_loop)))
            if "loops" in self.features and self.may_loop():
                ways.append((5, lambda: self.loop(budget // 2, True, in_loop)))
        self.random.choices([way for _, way in ways], [weight for weight, _ in ways])[0]()

    def write(self):
        """A statement from the table."""
        text = self.pick(self.available(tables.WRITES))[0]
        self.emit(self.fill(text, 2))
        for name in ("n0", "n1"):
            if text.startswith(name):
                self.emit(tables.NUM_BOUND.format(name))

    def assignment(self):
        """A value for a name."""
        kinds = ["int", "int", "int", "float", "float", "bool"]
        if self.far:
            kinds += ["num", "num", "any"] if "types" in self.features else []
            kinds += ["str"] if "strings" in self.features else []
        kind = self.pick([kind for kind in kinds if self.names[kind]])
        self.assign(kind, self.pick(self.names[kind]), self.value(kind))

    def value(self, kind):
        if kind == "any":
            return self.pick([self.expression(self.pick(["int", "float", "bool"]), 1), "None", "True", "'q'"])
        return self.expression(kind, 3)

    def assign(self, kind, name, value):
        """An assignment, and what keeps its value in bounds."""
        self.emit(f"{name} = {value}")
        if kind == "int":
            self.bound(name, value)
        elif kind == "num":
            self.emit(tables.NUM_BOUND.format(name))
        elif kind == "str":
            self.emit(f"{name} = {name}[-12:]")

    def bound(self, name, value):
        """Brings an int back to size where it may have grown much."""
        if "*" in value or "<<" in value or self.chance(0.2):
            forms = [*tables.BOUNDS, *(tables.BIG_BOUNDS if self.big else [])]
            self.emit(self.pick(forms).format(name))
        else:
            self.loose.add(name)

    def in_place(self):
        """An augmented assignment."""
        kind = self.pick(["int", "float"])
        if not self.names[kind]:
            return self.assignment()
        name = self.pick(self.names[kind])
        if kind == "float":
            self.emit(f"{name} {self.pick(['+=', '-=', '*='])} {self.expression(self.pick(['float', 'int']), 1)}")
            return None
        op = self.pick(["+=", "-=", "&=", "|=", "^=", "*=", "<<=", ">>=", "//=", "%=", "+="])
        amount = self.expression("int", 1)
        safe = {"*=": f"({amount}) % 1000 - 300", "<<=": f"({amount}) & 15", ">>=": f"({amount}) & 63", "//=": f"({amount}) | 1", "%=": f"({amount}) | 1"}
        self.emit(f"{name} {op} {safe.get(op, amount)}")
        self.bound(name, op)
        return None

    def leave(self):
        """Leaves the loop or the iteration now and then."""
        way = self.pick(["continue", "continue", "continue", "break"])
        condition = self.expression("bool", 2)
        self.emit(f"if {condition}{f' and {self.turn} % 5 == 4' if way == 'break' else ''}: {way}")

    def branch(self, budget, in_loop):
        """if, with or without elif and else."""
        self.emit(f"if {self.expression('bool', 2)}:")
        self.block(budget // 2, in_loop)
        while self.chance(0.3):
            self.emit(f"elif {self.expression('bool', 2)}:")
            self.block(budget // 3, in_loop)
        if self.chance(0.5):
            self.emit("else:")
            self.block(budget // 3, in_loop)

    def dispatch(self):
        """What to do depends on the type of a variable."""
        name = self.pick(self.names["any"])
        cases = [
            ("{0} is None", "{0} = {int} & 0xFF", "None"),
            ("isinstance({0}, int)", "i1 = ({0} + {int}) & 0xFFFF", "int()"),
            ("isinstance({0}, float)", "f1 = {0} * 0.5 + {float}", "float()"),
            ("type({0}) is str", "i2 = len({0}) + {int} & 0xFFFF", "str()"),
            ("type({0}) is tuple", "i0 = len({0})", "(_, _)"),
        ]
        self.random.shuffle(cases)
        cases = cases[: 1 + self.random.randrange(5)]
        match = self.chance(0.2)
        if match:
            self.emit(f"match {name}:")
        for number, (condition, action, pattern) in enumerate(cases):
            with self.indented():
                self.depth -= not match
                self.emit(f"case {pattern}:" if match else f"{'el' if number else ''}if {condition.replace('{0}', name)}:")
                self.emit("    " + self.fill(action.replace("{0}", name), 1))
                self.depth += not match

    def risky(self, budget, in_loop):
        """One operation that may raise, and its handler."""
        rows = tables.RISKY if self.far else [row for row in tables.RISKY if row[0] == "plain"]
        kind, text, problem = self.pick(self.available(rows))
        if not self.names[kind]:
            return self.assignment()
        self.emit("try:")
        with self.indented(guarded=False):
            self.assign(kind, self.pick(self.names[kind]), self.fill(text, 2))
        self.emit(f"except {problem}:")
        self.block(1, in_loop)
        if self.chance(0.3):
            self.emit(self.pick(["else:", "finally:"]))
            self.block(1, False)
        return None

    def attempt(self, budget, in_loop):
        """A block in which anything may raise."""
        outside = self.guarded
        self.emit("try:")
        self.guarded = True
        self.block(budget - 1, in_loop)
        self.guarded = outside
        if outside and self.chance(0.3):
            self.emit(f"except {self.pick(['ValueError', 'LookupError', 'ArithmeticError'])}:")
            self.block(1, in_loop)
        elif not outside or self.chance(0.8):
            self.emit(f"except {self.pick(ERRORS)} as problem:")
            with self.indented():
                self.emit("note_error(problem)")
                if self.chance(0.3):
                    self.statement(1, in_loop)
                if outside and self.chance(0.3):
                    self.emit(f"if {self.expression('bool', 1)}: raise{self.pick(['', ' KeyError(1)', ' ValueError from problem'])}")
            if self.chance(0.2):
                self.emit("else:")
                self.block(1, in_loop)
        else:
            self.emit("finally:")
            self.block(1, False)
            return
        if self.chance(0.2):
            self.emit("finally:")
            self.block(1, in_loop and self.chance(0.3))

    def managed(self, budget, in_loop):
        """A block in a context manager."""
        self.emit(f"with Guard({self.expression('int', 1)})" + self.pick([":", " as guard:", f", Guard({self.expression('int', 1)}) as guard:"]))
        self.block(budget - 1, in_loop)

    def block(self, budget, in_loop):
        """Some statements, one level deeper."""
        with self.indented():
            for _ in range(max(1, min(budget, 1 + self.random.randrange(5)))):
                self.statement(budget - 1, in_loop)
