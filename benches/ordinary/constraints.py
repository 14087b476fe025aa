"""An incremental solver of one-way constraints, in the manner of DeltaBlue: many small objects, methods, lists.

A constraint has a strength and may set one of its variables from the others; the strongest that can, do. Adding one
may push a weaker one out, removing one lets others in again.
"""

REQUIRED, STRONG, NORMAL, WEAK = range(4)


class Variable:
    def __init__(self, value=0):
        self.value = value
        self.constraints = []
        self.setter = None

    def strength(self):
        """How strongly the value is held: the setter's strength, or weaker than all."""
        return WEAK + 1 if self.setter is None else self.setter.strength


class Constraint:
    """`outputs` are the variables that it can set."""

    def __init__(self, strength, variables, outputs):
        self.strength = strength
        self.variables = variables
        self.outputs = outputs
        self.output = None

    def candidate(self, mark):
        """The variable that it may set: the one held most weakly, if more weakly than by this constraint."""
        best = None
        for variable in self.outputs:
            if variable in mark or variable.strength() <= self.strength:
                continue
            if best is None or variable.strength() > best.strength():
                best = variable
        return best

    def execute(self):
        raise NotImplementedError


class Keep(Constraint):
    """Keeps a variable at a value."""

    def __init__(self, strength, variable, value):
        super().__init__(strength, [variable], [variable])
        self.value = value

    def execute(self):
        self.output.value = self.value


class Linear(Constraint):
    """right = left * scale + offset, either way."""

    def __init__(self, strength, left, right, scale=1, offset=0):
        super().__init__(strength, [left, right], [left, right])
        self.left, self.right = left, right
        self.scale, self.offset = scale, offset

    def execute(self):
        if self.output is self.right:
            self.right.value = self.left.value * self.scale + self.offset
        else:
            self.left.value = (self.right.value - self.offset) // self.scale


class Solver:
    def add(self, constraint):
        for variable in constraint.variables:
            variable.constraints.append(constraint)
        mark = set()
        displaced = self.enforce(constraint, mark)
        while displaced is not None:
            displaced = self.enforce(displaced, mark)
        return constraint

    def enforce(self, constraint, mark):
        """Lets a constraint set its variable; returns the one that it pushed out."""
        output = constraint.candidate(mark)
        if output is None:
            return None
        displaced, output.setter, constraint.output = output.setter, constraint, output
        if displaced is not None:
            displaced.output = None
        mark.add(output)
        self.propagate(output)
        return displaced

    def remove(self, constraint):
        for variable in constraint.variables:
            variable.constraints.remove(constraint)
        freed, constraint.output = constraint.output, None
        if freed is None:
            return
        freed.setter = None
        idle = [other for other in freed.constraints if other.output is None]
        for other in sorted(idle, key=lambda other: other.strength):
            self.enforce(other, set())

    def propagate(self, start):
        """Executes what depends on a variable, nearest first."""
        start.setter.execute()
        todo, done = [start], {start}
        while todo:
            variable = todo.pop(0)
            for constraint in variable.constraints:
                output = constraint.output
                if output is not None and output is not variable and output not in done:
                    constraint.execute()
                    done.add(output)
                    todo.append(output)


def work():
    solver = Solver()
    chain = [Variable(i) for i in range(60)]
    for left, right in zip(chain, chain[1:]):
        solver.add(Linear(REQUIRED, left, right, offset=1))
    total = 0
    for value in range(60):
        held = solver.add(Keep(STRONG, chain[0], value))
        total += chain[-1].value
        solver.remove(held)
    pairs = [(Variable(i), Variable(0)) for i in range(60)]
    scale = [solver.add(Linear(NORMAL, a, b, 10, 3)) for a, b in pairs]
    for turn in range(40):
        for a, b in pairs:
            held = solver.add(Keep(STRONG, a if turn % 2 else b, turn))
            total += a.value - b.value
            solver.remove(held)
    return total + sum(constraint.output is constraint.right for constraint in scale)
