"""Strings looked at character by character, slices, short containers, methods of built-in types."""

# === characters: compiled=run,words
from show import error, show

class Text(str):
    def isalpha(self): return "own"

ALL = [chr(c) for c in (0, 9, 10, 28, 32, 48, 57, 65, 90, 95, 97, 122, 127, 133, 160, 170, 178, 181, 188, 255, 0x130, 0x2160, 0x2028, 0x3000, 0x661, 0x1D7D8, 0x4E00, 0x10FFFF, 0xD800)] + ["", "ab", "1a", "  ", "A1", Text("x"), b"a", bytearray(b"1")]
NAMES = ["isalpha", "isalnum", "isdigit", "isspace", "isupper", "islower", "isascii"]

def run(texts):
    seen = []
    for i in range(len(texts) * 3):
        c = texts[i % len(texts)]
        seen.append((c.isalpha(), c.isalnum(), c.isdigit(), c.isspace(), c.isupper(), c.islower(), c.isascii()))
        if isinstance(c, str): seen.append((c.isdecimal(), c.isnumeric(), c.isidentifier(), c.upper(), c.strip()))
    return seen

show(run(ALL))
for size in (1, 7, 20, 31): show(len(run(ALL[:size])), run(ALL[size:])[-9:])

def words(text):
    found, at = [], 0
    while at < len(text):
        start = at
        while at < len(text) and (text[at].isalnum() or text[at] == "_"): at += 1
        if start < at: found.append((text[start:at], start))
        elif text[at] in "+-*/": found.append([text[at]])
        elif text[at] in ("(", ")", "[["): found.append([])
        elif text[at] not in " \t": found.append([at, text[at], text])
        if start == at: at += 1
    return found

show(words("a + b1_2 * (Éc - 9)  [x]\t/ " * 9), words("ab" * 30), words(""))

def wrong(n):
    problems = {}
    for i in range(n):
        for way in (lambda: "a".isalpha(1), lambda: "a" in 1, lambda: 1 in "a", lambda: "abc"[i], lambda: "a" < 1, lambda: [].append(), lambda: [].append(1, 2), lambda: "a".nothing(), lambda: None in "a", lambda: "x"["y":]):
            try: way()
            except Exception as problem: problems[error(problem)] = problems.get(error(problem), 0) + 1
    return problems

show(wrong(40))

# === comparisons: compiled=run
from show import show

class Own(str):
    def __eq__(self, other): return "eq"
    def __lt__(self, other): return "lt"
    def __contains__(self, other): return "yes"
    __hash__ = str.__hash__

VALUES = ["", "a", "b", "ab", "é", "\u4e00", "a\0", "\U0001F600", Own("a"), "abc" * 30, 1, None]

def run(values):
    seen = []
    for i in range(len(values) ** 2 * 2):
        x, y = values[i % len(values)], values[i // len(values) % len(values)]
        seen.append((x == y, x != y))
        if isinstance(x, str) and isinstance(y, str): seen.append((x < y, x <= y, x > y, x >= y, x in y, x not in y, y in "abé", x in ("a", "ab"), x not in ("b",)))
        seen.append((x in (1, 2, 3), x in ("a", 1), x in (None, "a"), i in (1, 5, 2**70), (i % 2 == 0) in (1, 2), float(i) in (1, 2)))
    return seen

show(run(VALUES))
show(run(VALUES[:8])[-5:], run(VALUES[1:3])[-5:])

# === slices: compiled=run
from show import error, show

class L(list):
    def __getitem__(self, key): return key

class Index:
    def __index__(self): return 2

SEQUENCES = ["hello", "é\u4e00x", b"bytes", [1, 2.5, "x", None], (1, 2, 3), bytearray(b"ab"), range(9), L([1, 2]), "", [], ()]
ENDS = [None, 0, 1, -1, 3, -3, 99, -99, True, 2**63 - 1, -2**63, 2**70, Index(), 1.5]

def run(sequences, ends):
    seen = []
    for i in range(len(ends) ** 2):
        start, stop = ends[i % len(ends)], ends[i // len(ends)]
        for sequence in sequences:
            try:
                part = sequence[start:stop]
                seen.append((part, part is sequence and type(sequence) is not str, sequence[:], sequence[1:]))
            except TypeError as problem: seen.append(error(problem))
    return seen

for part in run(SEQUENCES, ENDS): show(part)
for k in range(5): show(run(SEQUENCES[k:k + 1], ENDS[:8])[-6:])

def shared(n):
    row, seen = [1.5, [2]], []
    for i in range(n):
        copy = row[:]
        copy[1].append(i)
        copy[0] += i
        seen.append((copy[0], row[0], copy[1] is row[1], len(copy[1])))
        row = copy[:2] if i % 3 else row
    return seen

show(shared(50))

# === short_containers: compiled=run,finalised
from show import show

class Dies:
    log = []
    def __init__(self, name): self.name = name
    def __del__(self): Dies.log.append(self.name)

def run(n):
    seen, x = [], float("nan")
    for i in range(n):
        y = i * 0.5
        pair, triple = (y, y), (i, x, [x])
        a, b = pair
        seen.append((pair[0] is pair[1], triple[1] is x, x in triple, x in triple[2], [i, pair, triple], (), [], [y], (pair,), a + b))
        i, y = y, i
        seen.append([i, y, "z"])
    return seen

show(run(40))

def finalised(n):
    kept = None
    for i in range(n):
        one = Dies(i)
        both = [one, Dies(-i)]
        both.append(Dies(i * 100))
        pair = (one, both)
        one = None
        if i % 4 == 1: kept = pair
        both = pair = [i]
        Dies.log.append("turn")
    return kept[0].name

show(finalised(30), Dies.log)

# === methods_of_builtin_types: compiled=run
from show import show

class MyList(list):
    def append(self, x): list.append(self, -x)

class Lower(str):
    def upper(self): return "own"

def run(n, lists, texts):
    seen = []
    for i in range(n):
        l, t = lists[i % len(lists)], texts[i % len(texts)]
        l.append(i)
        if i % 5 == 0: seen.append((l.pop(), l.index(l[0]), l.count(3), l.copy()))
        seen.append((t.upper(), t.find("l"), t.startswith("h"), t.replace("l", "L", 1), t.split("l"), t.encode()))
        seen.append(({1: 2}.get(1), {}.get(i, "no"), (1, 2).index(2), (3).bit_length(), (1.5).is_integer(), b"ab".hex(), {1}.union({2})))
    return seen, lists

show(run(30, [[5], [0]], ["hello", "l"]))
show(run(60, [[5], MyList([1]), [0]], ["hello", Lower("hello"), "éé"]))

def grows(n):
    rows = []
    for i in range(n):
        for row in rows[-2:]: row.append(i)
        rows.append([i])
        if i % 10 == 9: rows = rows[5:]
    return rows

show(grows(60))
