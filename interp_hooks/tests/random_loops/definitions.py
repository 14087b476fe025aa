"""Random functions and classes that a program's loops use."""

import dataclasses

from . import tables


@dataclasses.dataclass
class Function:
    """A function of the program: (name, kind) of its parameters by how they are passed."""

    name: str
    result: str
    needed: list
    optional: list
    keyword_only: list
    rest: bool
    more: bool
    raises: bool
    positional_only: list

    def parameters(self, default):
        """The text between the parentheses of its definition."""
        parts = [name for name, _ in self.needed]
        if self.positional_only:
            parts.insert(len(self.positional_only), "/")
        parts += [f"{name}={default(kind)}" for name, kind in self.optional]
        if self.rest:
            parts.append("*rest")
        elif self.keyword_only:
            parts.append("*")
        parts += [f"{name}={default(kind)}" for name, kind in self.keyword_only]
        return ", ".join(parts + ["**more"] * self.more)


# What an instance can do: (signature, lines of the body). A class has one alternative of each name. `self.count` is a small int.
METHODS = [
    ("step(self, by)", ["self.count = (self.count + by * self.rate) & 0xFFFF", "return self.count"]),
    ("step(self, by=1)", ["self.count = ({int}) & 0xFFFF", "return self.count + by"]),
    ("other(self, by)", ["return ({int}) & 0xFFFF"]),
    ("scaled(self, by, /, *rest, unit=2.0, **more)", ["return self.value * unit + len(rest) + len(more)"]),
    ("scaled(self, by, *rest, unit=2.0, more=1)", ["for part in rest:", "    by += part & 3", "return {float} if by > unit else by + more"]),
    ("outer(self, by)", ["return self.middle(by) + self.rate"]),
    ("middle(self, by)", ["if {bool}: return self.inner(by + 1) & 0xFFF", "return self.inner(by)"]),
    ("inner(self, by)", ["self.count = (self.count + by) & 0xFF", "return by + self.count"]),
    ("__add__(self, other)", ["return Small((self.count + (other.count if isinstance(other, Small) else other)) & 0xFF, self.value)"]),
    ("__sub__(self, other)", ["return Small((self.count ^ (other if isinstance(other, int) else 3)) & 0xFF)"]),
    ("__rsub__(self, other)", ["return (other - self.count) & 0xFFFF"]),
    ("__getitem__(self, key)", ["if key > 9: raise IndexError(key)", "return (self.count + key) & 0xFF"]),
    ("__setitem__(self, key, what)", ["self.count = (key + what) & 0xFF"]),
    ("__call__(self, by)", ["return self.count + by"]),
    ("__len__(self)", ["return self.count & 7"]),
    ("__bool__(self)", ["return self.count % 3 != 0"]),
    ("__eq__(self, other)", ["return self.count == other.count"]),
    ("__eq__(self, other)", ["return isinstance(other, Small) and (self.count & 3) == (other.count & 3)"]),
    ("__lt__(self, other)", ["return self.count < other.count"]),
    ("__contains__(self, by)", ["return self.count & 7 == by"]),
]
# The names that expressions in a method are made of.
FIELDS = {"int": ["self.count", "self.rate", "3"], "float": ["self.value"], "bool": ["True"], "num": [], "str": [], "any": ["None"], "obj": []}


class Definitions:
    """Writes functions and classes (mixed into the generator)."""

    def default(self, kind):
        """The text of a parameter's default."""
        return self.pick({"int": tables.INT_CONSTANTS, "float": tables.FLOAT_CONSTANTS, "bool": ["True", "False"]}[kind])

    def kinds(self, names, most):
        """Up to so many of the names, each with a kind."""
        return [(name, self.pick(["int", "int", "float", "bool"])) for name in names[: self.random.randrange(most + 1)]]

    def function(self, number):
        """A Python function of the module's own, with any kind of parameters and a body of a few statements."""
        needed = [("a", "int"), *self.kinds(["b", "c"], 2)]
        made = Function(
            name=f"helper{number}",
            result=self.pick(["int", "int", "float", "bool"]),
            needed=needed,
            optional=self.kinds(["d", "e"], 2) if self.chance(0.4) else [],
            keyword_only=self.kinds(["g", "h"], 2) if self.chance(0.3) else [],
            rest=self.chance(0.2),
            more=self.chance(0.15),
            raises="raising" in self.features and self.chance(0.4),
            positional_only=["a"] if self.chance(0.15) else [],
        )
        self.lines += ["", f"def {made.name}({made.parameters(self.default)}):"]
        saved = self.names, self.fixed, self.guarded, self.turn
        self.names = {kind: [name for name, k in made.needed + made.optional + made.keyword_only if k == kind] for kind in self.names}
        self.names["int"].append("t0")
        self.names["float"].append("t1")
        self.names["any"], self.fixed, self.guarded, self.turn = ["a", "t1"], [], made.raises, "t0"
        self.emit(f"t0, t1 = {'len(rest)' if made.rest else '3'}, {'float(len(more))' if made.more else '0.5'}")
        if made.rest and self.chance(0.7):
            self.emit("for part in rest: t0 += part & 7")
        if made.raises and self.chance(0.6):
            self.emit(f"if {self.expression('bool', 1)}: raise {self.pick(['ValueError', 'KeyError(a)', 'IndexError'])}")
        for _ in range(self.random.randrange(4)):
            self.statement(2, False)
        if self.chance(0.4):
            self.emit(f"if {self.expression('bool', 1)}:")
            self.emit(f"    return {self.bounded(made.result)}")
        self.emit(f"return {self.bounded(made.result)}")
        self.names, self.fixed, self.guarded, self.turn = saved
        self.functions.append(made)

    def recursive(self):
        """A function that calls itself to a small depth, on either side of a branch."""
        self.lines += ["", "def again(a, b=2):"]
        self.emit("if a <= 0:")
        self.emit(f"    return {self.pick(['b', 'b * 3', 'a - b'])}")
        if self.chance(0.5):
            self.emit(f"if {self.pick(['a & 1', 'b > 3', 'a == 2'])}:")
            self.emit("    return (again(a - 1, b + 1) + a) & 0xFFFF")
        self.emit(f"return ({self.pick(['again(a - 2, b)', 'again(a - 1, a)', 'again(a - 3) ^ again(a - 2, b - 1)'])} + 1) & 0xFFFF")

    def bounded(self, kind):
        """The text of a result."""
        value = self.expression(kind, 2)
        return f"({value}) & 0xFFFFFFFFFF" if kind == "int" else value

    def classes(self):
        """The classes `Small` and `Large(Small)`, which can do the same things in their own ways."""
        self.methods("class Small:", True, None)
        self.methods("class Large(Small):", False, "Small")

    def methods(self, head, whole, base):
        """One class; `whole`: it defines everything."""
        self.lines += ["", head, "    kind = " + repr(head.split()[1][0])]
        if not self.has_dict:
            self.emit("__slots__ = ('count', 'value')" if whole else "__slots__ = ()")
        if whole or self.chance(0.3):
            self.emit(f"rate = {self.pick(['1', '2', '7'])}")
        if whole or self.chance(0.5):
            self.emit(f"def __init__(self, count=0, value=0.5{', *rest' if self.chance(0.1) else ''}):")
            inits = ["self.count, self.value = count, value", "self.count = count; self.value = value", "self.value = value; self.count = count & 0xFF"]
            self.emit(f"    {self.pick(inits if whole else [*inits, f'{base}.__init__(self, count, value)', 'super().__init__(count + 1, value)'])}")
        written = set()
        methods = list(METHODS)
        self.random.shuffle(methods)
        for signature, body in methods:
            name = signature.partition("(")[0]
            if name in written or not whole and self.chance(0.6):
                continue
            written.add(name)
            self.method(signature, body, base)
        self.accessors(whole)

    def method(self, signature, body, base):
        """One method; the derived class may pass the call on."""
        names, self.names = self.names, {kind: list(texts) for kind, texts in FIELDS.items()}
        features, self.features = self.features, self.features - {"functions"}
        self.emit(f"def {signature}:")
        name = signature.partition("(")[0]
        if base and name in ("step", "other", "inner", "middle") and self.chance(0.4):
            body = [f"return super().{name}(by) + {self.pick(['1', 'self.rate'])} & 0xFFFF"]
        with self.indented():
            for line in body:
                self.emit(self.fill(line, 1))
        self.names, self.features = names, features

    def accessors(self, whole):
        """The property, the static and the class method."""
        if whole or self.chance(0.3):
            self.emit("@property")
            self.emit("def size(self):")
            self.emit(f"    return self.count {self.pick(['+', '^', '*'])} {self.pick(['2', 'self.rate', 'len(self)'])}")
            self.emit("@size.setter")
            self.emit("def size(self, what):")
            self.emit("    self.count = what & 0xFFF")
        if whole or self.chance(0.3):
            self.emit("@staticmethod")
            self.emit("def fixed(by):")
            self.emit(f"    return by {self.pick(['+', '^', '*'])} 5")
        if whole:
            self.emit("@classmethod")
            self.emit("def made(cls, count):")
            self.emit("    return cls(count & 0xFF)")
