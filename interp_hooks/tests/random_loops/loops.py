"""Random loops: over everything that there is to iterate, in one another, with few turns and with many."""

from . import tables

# The turns of all loops around and in one another, multiplied, stay below this.
MOST_TURNS = 3000
MOST_LOOPS = 6


class Loops:
    """Writes loops (mixed into the generator)."""

    def may_loop(self):
        return self.depth < (6 if self.far else 3) and self.loops < MOST_LOOPS

    def turns(self, inner):
        """How many turns a loop takes."""
        if not self.far:
            return self.random.randrange(4)
        if not inner:
            return self.pick([self.random.randrange(6), 60, *[40 + self.random.randrange(160) for _ in range(3)], 500])
        return min(self.pick([0, 1, 2, 3, self.random.randrange(2, 14), self.random.randrange(2, 14), 60, 150]), MOST_TURNS // (self.product or 1))

    def loop(self, budget, inner=False, in_loop=False):
        """A loop; `in_loop`: break and continue make sense around it."""
        self.loops += 1
        self.counters += 1
        counter, turns = f"k{self.counters}", self.turns(inner)
        saved = self.product, self.turn
        self.product *= max(turns, 4)
        kinds = ["range", "range", "while", "list", "tuple", "pair", "other"] + (["some", "some"] if inner else [])
        kind = self.pick(kinds + (["pile", "bag"] if self.far and "containers" in self.features else []))
        targets = {counter: "int"}
        if kind in ("tuple", "other"):
            targets = {counter: "any"}
        elif kind == "pair":
            self.emit(f"for {self.pair(counter, turns, targets)}:")
        if kind in ("while", "pile"):
            targets = {}
            self.fixed.append(counter)
            self.while_head(kind, counter, turns)
        elif kind != "pair":
            self.emit(f"for {counter} in {self.iterable(kind, turns)}:")
        if kind in ("range", "while") and self.counts_up:
            self.turn = counter
        elif not inner and self.far:
            self.turn = "ticks"
            self.emit("    ticks += 1")
        for name, of in targets.items():
            self.names[of].append(name)
        self.loop_body(max(budget, 3), {*targets, counter})
        for name, of in targets.items():
            self.names[of].remove(name)
        if counter in self.fixed:
            self.fixed.remove(counter)
        self.product, self.turn = saved
        if self.chance(0.25):
            self.emit("else:")
            self.block(1, in_loop)

    def loop_body(self, budget, counters):
        """The body, with what keeps ints in bounds at its head."""
        head, outside, self.loose = len(self.lines), self.loose, set()
        self.block(budget, True)
        indent = "    " * (self.depth + 1)
        bounds = tables.BOUNDS + (tables.BIG_BOUNDS if self.big else [])
        self.lines[head:head] = [indent + self.pick(bounds).format(name) for name in sorted(self.loose - counters)]
        self.loose = (self.loose | outside) - counters

    def while_head(self, kind, counter, turns):
        """The first lines of a `while` loop, which end it for sure."""
        if kind == "pile":
            # What it takes from the pile it puts back in smaller pieces.
            pile = f"pile{self.counters}"
            self.counts_up = False
            self.emit(f"{pile} = [{', '.join(str(self.random.randrange(max(turns, 2))) for _ in range(self.random.randrange(1, 4)))}]")
            self.emit(f"while {pile}:")
            self.emit(f"    {counter} = {pile}.pop()")
            self.emit(f"    if {counter} > {self.pick(['2', '6'])}: {pile} += [{counter} // 2, {counter} // 3]")
            return
        self.counts_up = True
        self.emit(f"{counter} = 0")
        condition = f"{counter} < {turns}"
        if self.chance(0.2):
            condition += f" and ({self.expression('bool', 1)} or {counter} < {turns // 2})"
        step = self.pick(["1", "1", "2", "3"])
        if self.chance(0.25):
            self.emit(f"while {self.pick(['True', '1'])}:")
            self.emit(f"    {counter} += {step}")
            self.emit(f"    if not ({condition}): break")
        else:
            self.emit(f"while {condition}:")
            self.emit(f"    {counter} += {step}")

    def pair(self, counter, turns, targets):
        """The head of a loop with two targets: `targets` gets their kinds."""
        second = f"v{self.counters}"
        forms = [
            ("int", "enumerate(range({0}))"),
            ("int", "enumerate(upto({0}), 3)"),
            ("int", "zip(range({0}), upto({0}))"),
            ("float", "zip(range({0}), [0.5, -1.0, 2.5] * {0})"),
            ("bool", "enumerate([True, False] * ({0} // 2))"),
            ("int", "dict.fromkeys(range({0}), 7).items()"),
            ("float", "[(n, n * 0.5) for n in range({0})]"),
            ("any", "enumerate(((None, 1, 2.5, 'a') * {0})[:{0}])"),
            ("float", "((1, 2.5), (3, 4.5), (5, -0.5))[:{0}]"),
            ("float", "((1, 2.5), (3, 4.5))"),
            ("float", "CORNERS"),
        ]
        of, text = self.pick(forms)
        targets[second] = of
        return f"{counter}, {second} in {text.format(turns)}"

    def iterable(self, kind, turns):
        """What a `for` loop goes over."""
        self.counts_up = False
        if kind == "bag":
            self.emit(f"bag = [{', '.join(str(self.random.randrange(256)) for _ in range(self.random.randrange(8)))}]")
            return "bag"
        if kind == "list":
            return f"[{', '.join(self.pick(tables.INT_CONSTANTS) for _ in range(6))}] * {turns // 5}"
        if kind == "some":
            forms = ["range({turn} % 4)", "range({int} & 7)", "range({int} & 3, 5)", "range(5, {int} & 7, -1)", "(1, {int} & 7, 3)", "[{int} & 0xFF]", "()"]
            forms += ["(3, -1, 2)", "STEPS", "STEPS", "WEIGHTS", "[4, 0]"]
            return self.fill(self.pick(forms), 1)
        if kind == "other":
            forms = [f"upto({turns})", f"until({turns})", f"reversed(range({turns}))", f"[n & 3 for n in range({turns})]", f"(n * 2 for n in range({turns}))"]
            forms += [f"map(abs, range(-5, {turns}))", f"dict.fromkeys(range({turns}))", f"range({turns})[::-1]", f"b'abcdefgh' * {turns // 8 + 1}"]
            forms += [f"iter(list(range({turns})))", f"filter(None, range({turns}))", f"'abc' * {turns // 3}", f"reversed([1, 2.5] * {turns // 2})"]
            forms += [f"dict.fromkeys(range({turns}), 2.5).values()", f"{{*range({turns})}}", f"sorted(range({turns}), reverse=True)", f"bytearray({turns})"]
            return self.pick(forms)
        if kind == "tuple":
            of = tables.INT_CONSTANTS + tables.FLOAT_CONSTANTS + ["None", "True"]
            values = ", ".join(self.pick(of) for _ in range(4))
            return f"({values}) * {turns // 4}"
        start, step = self.pick([0, 0, 0, 0, -20, 5, 2**31 - 30] + [2**62] * self.big), self.pick([1, 1, 1, 1, 2, 7, -1, -3])
        self.counts_up = not start and step == 1
        return f"range({turns})" if self.counts_up else f"range({start}, {start + turns * step}, {step})"
