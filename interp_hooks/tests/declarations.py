"""Random C declarations for `generate_c.py`: scalars, structs, unions, enums, and the C functions that answer for them.

What a struct holds is seen as leaves: places that hold one value each, with a way to it in C and in Python. A leaf's value is a number both
can compute: `hash` adds up the integers in it, `fold` the floats. The values that are stored come from tables that both have, at the edges of the
type.
"""

from dataclasses import dataclass, field

INTS = {
    "signed char": (8, True),
    "unsigned char": (8, False),
    "short": (16, True),
    "unsigned short": (16, False),
    "int": (32, True),
    "unsigned int": (32, False),
    "long": (64, True),
    "unsigned long": (64, False),
    "long long": (64, True),
    "unsigned long long": (64, False),
    "int8_t": (8, True),
    "uint8_t": (8, False),
    "int16_t": (16, True),
    "uint16_t": (16, False),
    "int32_t": (32, True),
    "uint32_t": (32, False),
    "int64_t": (64, True),
    "uint64_t": (64, False),
    "size_t": (64, False),
    "ssize_t": (64, True),
    "intptr_t": (64, True),
    "uintptr_t": (64, False),
    "ptrdiff_t": (64, True),
}
FLOATS = ["float", "double", "long double"]
# Largest code point that is tried: cffi takes no other from char16_t than one unit.
WIDE = {"wchar_t": 0x10FFFF, "char16_t": 0xD7FF, "char32_t": 0x10FFFF}
SCALARS = [*INTS, *FLOATS, "_Bool", "char", *WIDE]
FLOAT_EDGES = {
    "float": [0.0, -0.0, 1.5, -2.25, float(2**24 + 1), 3.4028234663852886e38, -1.401298464324817e-45, float("inf"), float("-inf"), float("nan"), 0.1],
    "double": [0.0, -0.0, 1.5, -2.25, 2.0**53, 1.7976931348623157e308, -5e-324, float("inf"), float("-inf"), float("nan"), 0.1],
}
FLOAT_EDGES["long double"] = FLOAT_EDGES["double"]
CELLS = 8
TABLE_LENGTH = 11
# Sums of ints are kept to 40 bits: their product with 31 then fits in 64, though not always with what is added.
MASK = "0xFFFFFFFFFF"


@dataclass
class Leaf:
    """One value in a struct (or a value itself): `steps` are names, and (length, k) for the item (i + k) % length of an array.

    `k` is where its values begin: in turn `i` the leaf gets value (i + k) of its table, so that no two leaves go in step.
    """

    steps: list
    kind: str
    type: str
    table: str
    k: int
    # For a pointer to a struct: what is read behind it.
    behind: str = ""
    bits: int = 0

    def place(self, base, dereference):
        """The expression of its place; `dereference` joins the first name to the base."""
        text, join = base, dereference
        for step in self.steps:
            text += f"{join}{step}" if isinstance(step, str) else f"[(i + {step[1]}) % {step[0]}]"
            join = "." if isinstance(step, str) else join
        return text

    @property
    def is_float(self):
        return self.kind in ("float", "long double")

    def number(self, place):
        """Its value as a number in Python."""
        forms = {
            "char": "ord({0})",
            "wide": "ord({0})",
            "long double": "float({0})",
            "pointer": "({0}[0] if {0} else -1)",
            "string": "(len(string({0})) if {0} else -1)",
            "void": "({0} == cells)",
            "callback": f"({{0}}({self.k}, 3) if {{0}} else -9)",
            "struct pointer": f"({{0}}.{self.behind} & 0x7FFFFFFFFFFFFFFF if {{0}} else -7)",
        }
        return forms.get(self.kind, "{0}").format(place)

    def number_in_c(self, place):
        """The same in C."""
        forms = {
            "char": "(unsigned char){0}",
            "long double": "(double){0}",
            "float": "(double){0}",
            "pointer": "({0} ? *{0} : -1)",
            "string": "({0} ? (int64_t)strlen({0}) : -1)",
            "void": "({0} == (void *)cells)",
            "callback": f"({{0}} ? {{0}}({self.k}, 3) : -9)",
            "struct pointer": f"({{0}} ? (int64_t)((uint64_t){{0}}->{self.behind} & 0x7FFFFFFFFFFFFFFFu) : -7)",
        }
        return forms.get(self.kind, "{0}").format(place)

    def stored(self):
        """What is stored in it in turn `i`, in Python."""
        return self._stored("{table}[(i + {k}) % {n}]", "cells + (i + {k}) % 8", "NULL", "{first} if i % {m} else {second}")

    def stored_in_c(self):
        """The same in C."""
        return self._stored("{table}[(i + {k}) % {n}]", "cells + (i + {k}) % 8", "NULL", "i % {m} ? {first} : {second}")

    def _stored(self, table, cells, null, choice):
        values = dict(table=self.table, k=self.k, n=TABLE_LENGTH, m=2 + self.k % 4)
        if self.kind == "pointer":
            return choice.format(first=cells.format(**values), second=null, **values)
        if self.kind == "void":
            return choice.format(first="cells", second=null, **values)
        if self.kind == "string":
            return f"strings[(i + {self.k}) % 4]"
        if self.kind == "callback":
            return f"operations[(i + {self.k}) % 3]"
        if self.kind == "struct pointer":
            return choice.format(first=f"{self.table} + (i + {self.k}) % 3", second=null, **values)
        return table.format(**values)


@dataclass
class Struct:
    """A struct or union."""

    name: str
    fields: list = field(default_factory=list)
    leaves: list = field(default_factory=list)
    # Ints that share memory with a leaf: read only.
    puns: list = field(default_factory=list)
    # What keeps it from being passed by value or embedded in another.
    special: set = field(default_factory=set)
    tail: int = 0

    @property
    def tag(self):
        return self.name.split()[1]

    @property
    def new(self):
        """What `ffi.new` is given to make one."""
        return f'"{self.name} *", {{"tail": {self.tail}}}' if self.tail else f'"{self.name} *"'

    def hashed(self, base, dereference, leaves=None, in_c=False):
        """The statements that compute `h` and `d` of its leaves."""
        h, d = [], []
        for leaf in self.leaves if leaves is None else leaves:
            number = (leaf.number_in_c if in_c else leaf.number)(leaf.place(base, dereference))
            if leaf.is_float:
                d.append(f"d = d * 0.5 + {number}")
            elif in_c:
                h.append(f"h = (h * 31 + (uint64_t){number}) & {MASK}")
            else:
                h.append(f"h = (h * 31 + {number}) & {MASK}")
        return h + d


class Declarations:
    """Random declarations, and the C behind them."""

    def __init__(self, rng, api):
        self.random = rng
        self.api = api
        self.header = []  # (text, is it packed)
        self.code = []
        self.tables = {}  # name -> (C type, C literals, Python literals)
        self.structs = []
        self.enums = {}
        self.totals = set()  # types with a function that adds up an array
        self.functions = []  # (name, result leaf, argument leaves)
        self.names = 0

    def pick(self, things):
        return things[self.random.randrange(len(things))]

    def chance(self, probability):
        return self.random.random() < probability

    def fresh(self, letter):
        self.names += 1
        return f"{letter}{self.names}"

    # -- values

    def table(self, ctype, bits=0):
        """The table of values of a scalar type (or of a bit field of it), made when first asked for."""
        name = "v_" + ctype.replace(" ", "_") + (f"_{bits}" if bits else "")
        if name not in self.tables:
            self.tables[name] = (ctype, *self.literals(ctype, bits))
        return name

    def literals(self, ctype, bits):
        """(C literals, Python literals) of a scalar type."""
        count = TABLE_LENGTH
        if ctype in INTS or ctype == "_Bool" and bits:
            width, signed = INTS.get(ctype, (1, False))
            width = bits or width
            low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)
            numbers = [low, high, 0, 1, high // 2, low // 2 + (low < 0), high - 1]
            numbers += [self.random.randint(low, high) for _ in range(2)] + [self.random.randint(max(low, -9), min(high, 9)) for _ in range(2)]
            numbers = [min(max(number, low), high) for number in numbers]
            self.random.shuffle(numbers)
            return [f"{number & (2**64 - 1):#x}u" for number in numbers[:count]], [str(number) for number in numbers[:count]]
        if ctype in FLOATS:
            numbers = FLOAT_EDGES[ctype][:]
            self.random.shuffle(numbers)
            c = {"inf": "INFINITY", "-inf": "-INFINITY", "nan": "NAN"}
            if ctype == "float":
                python = [repr(number) if number != 0.1 else "0.10000000149011612" for number in numbers]
            else:
                python = [repr(number) for number in numbers]
            return [c.get(repr(number), number.hex()) for number in numbers], python
        if ctype == "_Bool":
            numbers = [self.random.randrange(2) for _ in range(count)]
            return [str(number) for number in numbers], [self.pick(["{}", "bool({})"]).format(number) for number in numbers]
        if ctype == "char":
            numbers = [0, 255, 128, 127, 65] + [self.random.randrange(256) for _ in range(count - 5)]
            return [f"(char){number}" for number in numbers], [repr(bytes([number])) for number in numbers]
        if ctype in WIDE:
            numbers = [0, 65, 0xFF, 0x100, WIDE[ctype]] + [self.random.randrange(0xD7FF) for _ in range(count - 5)]
            return [str(number) for number in numbers], [f"chr({number})" for number in numbers]
        constants = self.enums[ctype]
        names = [self.pick(list(constants)) for _ in range(count)]
        return names, [str(constants[name]) for name in names]

    def kind(self, ctype):
        """How values of a scalar type are looked at."""
        if ctype in FLOATS:
            return "long double" if ctype == "long double" else "float"
        return {"char": "char"}.get(ctype, "wide" if ctype in WIDE else "int")

    def scalar(self, steps, ctype=None, bits=0):
        """A leaf of a scalar type."""
        ctype = ctype or self.pick(SCALARS + list(INTS) + list(self.enums))
        return Leaf(steps, self.kind(ctype), ctype, self.table(ctype, bits), self.random.randrange(TABLE_LENGTH), bits=bits)

    def pointer(self, steps):
        """A leaf that is a pointer of some kind."""
        pools = [struct for struct in self.structs if self.first_int(struct)]
        kind = self.pick(["pointer", "void", "string", "callback"] + ["struct pointer"] * 2 * bool(pools))
        k = self.random.randrange(TABLE_LENGTH)
        if kind == "struct pointer":
            struct = self.pick(pools)
            return Leaf(steps, kind, f"{struct.name} *", f"pool_{struct.tag}", k, self.first_int(struct))
        types = {"pointer": "int32_t *", "void": "void *", "string": "const char *", "callback": "operation"}
        return Leaf(steps, kind, types[kind], "", k)

    def first_int(self, struct):
        """A plain int among the members of a struct, to be read behind a pointer to it."""
        if struct.tail:
            return None
        return next((leaf.steps[0] for leaf in struct.leaves if leaf.kind == "int" and len(leaf.steps) == 1), None)

    # -- declarations

    def enum(self):
        name = f"enum {self.fresh('e')}"
        values = [self.pick([-1, 0, 5, 100, -70000, 2**31 - 1]) for _ in range(2)]
        constants, number, text = {}, -1, []
        for index in range(self.random.randrange(2, 6)):
            constant = self.fresh("K")
            given = values[index // 2] if index in (0, 2) and index // 2 < len(values) else None
            number = given if given is not None else number + 1
            if number > 2**31 - 1:
                break
            constants[constant] = number
            text.append(constant + (f" = {given}" if given is not None else ""))
        self.enums[name] = constants
        self.header.append((f"{name} {{ {', '.join(text)} }};", False))

    def member(self, struct, prefix, depth):
        """One member: its declaration, with its leaves entered in the struct."""
        name = self.fresh("f")
        steps = [*prefix, name]
        roll = self.random.random()
        others = [other for other in self.structs if not other.tail and not other.special & {"union"} and len(other.leaves) <= 6]
        if roll < 0.13 and "packed" not in struct.special:
            struct.special.add("bits")
            ctype = self.pick(list(INTS) + ["_Bool"])
            # cffi 2.1.1 reads each signed bit field of 64 bits as -2**63.
            width = min(self.random.randint(1, INTS.get(ctype, (1, False))[0]), 63)
            struct.leaves.append(self.scalar(steps, ctype, width))
            return f"{ctype} {name} : {width};"
        if roll < 0.23:
            leaf = self.pointer(steps)
            struct.leaves.append(leaf)
            return f"{leaf.type} {name};"
        if roll < 0.36:
            length = self.random.randint(1, 5)
            leaf = self.pick([self.scalar, self.scalar, self.scalar, self.pointer])([*steps, (length, self.random.randrange(9))])
            struct.leaves.append(leaf)
            return f"{leaf.type} {name}[{length}];"
        if roll < 0.50 and others and depth == 0:
            other = self.pick(others)
            count = self.pick([0, 0, 2, 3])
            inside = [*steps, (count, self.random.randrange(9))] if count else steps
            struct.special |= other.special - {"packed"}
            if "packed" in other.special:
                struct.special.add("unaligned")
            for leaf in other.leaves:
                struct.leaves.append(Leaf(inside + leaf.steps, leaf.kind, leaf.type, leaf.table, leaf.k, leaf.behind, leaf.bits))
            return f"{other.name} {name}" + (f"[{count}];" if count else ";")
        if roll < 0.58 and depth < 2 and "packed" not in struct.special:
            return self.union_member(struct, prefix, name)
        if roll < 0.66 and depth < 2 and "packed" not in struct.special:
            struct.special.add("anonymous")
            named = self.named()
            inside = [self.member(struct, steps if named else prefix, depth + 1) for _ in range(self.random.randint(1, 3))]
            return f"struct {{ {' '.join(inside)} }}{' ' + name if named else ''};"
        leaf = self.scalar(steps)
        struct.leaves.append(leaf)
        return f"{leaf.type} {name};"

    def named(self):
        """Whether a struct or union in a struct gets a name. In API mode cffi 2.1.1 loses its way behind one without (offsets, bit fields)."""
        return self.api or self.chance(0.5)

    def union_member(self, struct, prefix, name):
        """A union in a struct: one member of it is written, the others that are ints are read."""
        struct.special.add("union")
        named = self.named()
        prefix = [*prefix, name] if named else prefix
        active = self.scalar([*prefix, self.fresh("f")], self.pick([*INTS, "float", "double"]))
        struct.leaves.append(active)
        members = [f"{active.type} {active.steps[-1]};"]
        for _ in range(self.random.randint(1, 3)):
            other = self.scalar([*prefix, self.fresh("f")], self.pick([*INTS, "double", "float", "char"]))
            struct.puns.append(other)
            members.append(f"{other.type} {other.steps[-1]};")
        self.random.shuffle(members)
        return f"union {{ {' '.join(members)} }}{' ' + name if named else ''};"

    def struct(self):
        """A struct and its functions in C."""
        struct = Struct(f"struct {self.fresh('s')}")
        if self.chance(0.12):
            struct.special.add("packed")
        members = []
        for _ in range(self.random.randint(1, 6)):
            members.append(self.member(struct, [], 0))
            if len(struct.leaves) >= 10:
                break
        if not struct.leaves:
            struct.leaves.append(self.scalar([self.fresh("f")]))
            members.append(f"{struct.leaves[-1].type} {struct.leaves[-1].steps[-1]};")
        if self.chance(0.15) and not any(leaf.type in WIDE for leaf in struct.leaves):
            struct.tail = self.random.randint(2, 6)
            leaf = self.scalar(["tail", (struct.tail, self.random.randrange(9))], self.pick([*INTS, "double", "float"]))
            struct.leaves.append(leaf)
            members.append(f"{leaf.type} tail[];")
        packed = "packed" in struct.special
        self.header.append((f"{struct.name} {{ {' '.join(members)} }};", packed))
        self.structs.append(struct)
        self.struct_functions(struct)

    @staticmethod
    def by_value(struct):
        """Whether cffi passes it by value in ABI mode."""
        return not struct.special and not struct.tail

    def struct_functions(self, struct):
        name, tag = struct.name, struct.tag
        self.declare(f"{name} *alloc_{tag}(void)", f"return calloc(1, sizeof({name}) + 64 * {struct.tail});")
        body = "".join(f"\n    {leaf.place('p', '->')} = {leaf.stored_in_c()};" for leaf in struct.leaves)
        self.declare(f"void fill_{tag}({name} *p, int64_t i)", body)
        for part, leaves in (("hash", struct.leaves), ("pun", struct.puns)):
            lines = struct.hashed("p", "->", leaves, in_c=True)
            whole = "".join(f"\n    {line};" for line in lines)
            self.declare(f"int64_t {part}_{tag}(const {name} *p, int64_t i)", f"uint64_t h = 0; double d = 0.0;{whole}\n    return (int64_t)h;")
            self.declare(f"double {part}_fold_{tag}(const {name} *p, int64_t i)", f"uint64_t h = 0; double d = 0.0;{whole}\n    return d;")
        if not struct.tail:
            self.header.append((f"extern {name} pool_{tag}[3];", False))
            self.code.append(f"{name} pool_{tag}[3];")
        if self.by_value(struct):
            self.declare(f"{name} make_{tag}(int64_t i)", f"{name} s; memset(&s, 0, sizeof s); fill_{tag}(&s, i); return s;")
            self.declare(f"int64_t vhash_{tag}({name} s, int64_t i)", f"return hash_{tag}(&s, i);")
            self.declare(f"double vfold_{tag}(int16_t a, {name} s, double b, int64_t i)", f"return a + b + hash_fold_{tag}(&s, i);")
            first = struct.leaves[0]
            self.declare(f"{name} step_{tag}({name} s, {first.type} x, int64_t i)", f"{first.place('s', '.')} = x; return s;")

    def declare(self, head, body):
        """A function in the header and in the code."""
        self.header.append((f"{head};", False))
        self.code.append(f"{head}\n{{\n    {body.strip()}\n}}")

    def mix(self, leaves, names):
        """C that mixes arguments into `h` (ints) and `d` (floats)."""
        text = "uint64_t h = 7; double d = 0.0;"
        for leaf, name in zip(leaves, names):
            number = leaf.number_in_c(name)
            text += f"\n    d = d * 0.5 + {number};" if leaf.is_float else f"\n    h = h * 31 + (uint64_t){number};"
        return text

    def result(self, leaf):
        """C that makes a result of `h` and `d`."""
        forms = {
            "float": "d + (double)(h % 1000)",
            "long double": "d + (double)(h % 1000)",
            "wide": f"h % {WIDE.get(leaf.type, 1)} % 0xD800",
            "pointer": "h % 3 ? cells + h % 8 : NULL",
            "void": "h % 3 ? cells : NULL",
            "string": "strings[h % 4]",
            "callback": "operations[h % 3]",
            "struct pointer": f"h % 3 ? {leaf.table} + h % 3 : NULL",
        }
        if leaf.type in self.enums:
            return f"{leaf.table}[h % {TABLE_LENGTH}]"
        return forms.get(leaf.kind, "h")

    def function(self):
        """A function of scalars and pointers, and one that answers for a call of it in turn i."""
        name = self.fresh("fun")
        make = [self.scalar] * 5 + [self.pointer]
        result = self.pick(make)([])
        arguments = [self.pick(make)([]) for _ in range(self.random.choice([0, 1, 1, 2, 2, 3, 4, 6, 9, 14]))]
        names = [f"a{number}" for number in range(len(arguments))]
        declared = ", ".join(f"{leaf.type} {name}" for leaf, name in zip(arguments, names)) or "void"
        self.declare(f"{result.type} {name}({declared})", f"{self.mix(arguments, names)}\n    return {self.result(result)};")
        given = ", ".join(leaf.stored_in_c() for leaf in arguments)
        self.declare(f"{result.type} {name}_answer(int64_t i)", f"return {name}({given});")
        self.functions.append((name, result, arguments))

    def variable(self):
        """A global variable that both sides read and write."""
        name = self.fresh("global")
        # Not of an enum: those cffi does not find in ABI mode.
        leaf = self.pointer([]) if self.chance(0.3) else self.scalar([], self.pick(SCALARS))
        self.header.append((f"extern {leaf.type} {name};", False))
        self.code.append(f"{leaf.type} {name};")
        self.declare(f"void {name}_set(int64_t i)", f"{name} = {leaf.stored_in_c()};")
        number = leaf.number_in_c(name)
        result = "double" if leaf.is_float else leaf.type if leaf.kind == "int" else "int64_t"
        self.declare(f"{result} {name}_get(void)", f"return {number};")
        return name, leaf

    def array(self, ctype):
        """A function that adds up an array of a scalar type."""
        tag = ctype.replace(" ", "_")
        leaf, table = Leaf([], self.kind(ctype), ctype, self.table(ctype), 0), self.table(ctype)
        add = f"d = d * 0.5 + {leaf.number_in_c('p[j]')};" if leaf.is_float else f"h = (h * 31 + (uint64_t){leaf.number_in_c('p[j]')}) & {MASK};"
        result = "double" if leaf.is_float else "int64_t"
        body = f"uint64_t h = 0; double d = 0.0;\n    if (!p) p = {table};\n    for (int j = 0; j < n; j++) {add}\n    return {'d' if leaf.is_float else 'h'};"
        if tag not in self.totals:
            self.totals.add(tag)
            self.declare(f"{result} total_{tag}(const {ctype} *p, int n)", body)
        return leaf, f"total_{tag}"

    def variadic(self, number):
        """A call of the variadic function: (arguments in Python, its answer's name)."""
        letters, python, c = "", [], []
        for _ in range(self.random.randint(0, 9)):
            ctype = self.pick(["int", "unsigned int", "long long", "double", "int32_t *"])
            k = self.random.randrange(TABLE_LENGTH)
            letters += {"int": "i", "unsigned int": "u", "long long": "l", "double": "d", "int32_t *": "p"}[ctype]
            if ctype == "int32_t *":
                python.append(f"cells + (i + {k}) % 8")
                c.append(f"cells + (i + {k}) % 8")
            else:
                value = f"{self.table(ctype)}[(i + {k}) % {TABLE_LENGTH}]"
                python.append(f'cast("{ctype}", {value})')
                c.append(value)
        name = f"variadic_answer{number}"
        self.declare(f"double {name}(int64_t i)", f"return variadic({', '.join([chr(34) + letters + chr(34), *c])});")
        return ", ".join([f'b"{letters}"', *python]), name
