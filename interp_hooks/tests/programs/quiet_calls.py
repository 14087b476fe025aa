"""Built-in functions and methods in C that run no Python code: what waits is not stored in front of them."""

# === methods_of_text: compiled=run
from show import show

def run(n):
    words = ["Alpha", "beta gamma", " delta ", "", "42", "x,y,,z", "\u00c4rger", "a\U0001f600b", "under_score"]
    got = []
    for i in range(n):
        word = words[i % len(words)]
        got.append((word.lower(), word.upper(), word.title(), word.strip(), word.swapcase(), word.capitalize(), word.casefold()))
        got.append((word.startswith("A"), word.endswith("a"), word.find("a"), word.rfind("a"), word.count("a")))
        got.append((word.isalpha(), word.isdigit(), word.isspace(), word.isidentifier(), word.isascii(), word.isprintable()))
        got.append((word.split(), word.split(","), word.split("a", 1), word.partition(","), word.splitlines()))
        got.append((word.replace("a", "<a>"), "-".join(word.split(",")), ",".join((word, "b")), word.zfill(8), word.ljust(9) + "|"))
        got.append((word.removeprefix("A"), word.removesuffix("a"), word.encode(), word + word.strip("a")))
    return got

show(run(3), run(60))

# === methods_of_bytes: compiled=run
from show import show

def run(n):
    words = [b"Alpha", b"beta gamma", b" delta ", b"", b"42", b"x,y,,z", "\u00c4rger".encode()]
    got = []
    for i in range(n):
        word = words[i % len(words)]
        got.append((word.lower(), word.upper(), word.strip(), word.startswith(b"A"), word.find(b"a"), word.count(b"a"), word.hex()))
        got.append((word.split(), word.split(b","), word.partition(b","), word.replace(b"a", b"<a>"), word.decode(), word.isdigit()))
        got.append((b",".join([word, b"b"]), b"-".join((word,)), word.endswith(b"a"), word.isalpha()))
    return got

show(run(3), run(60))

# === numbers_and_containers: compiled=run
from show import show

def run(n):
    numbers = [0, 1, -7, 255, 2**62, -(2**63), 2**64 - 1]
    floats = [0.0, -0.0, 1.5, 1e300, 2.0]
    got, table = [], {"a": 1, "b": 2}
    for i in range(n):
        k, x = numbers[i % 7], floats[i % 5]
        got.append((str(k), repr(k), hex(k), oct(k), bin(k), k.bit_length(), k.bit_count(), hash(k), hash(str(k))))
        got.append((str(x), repr(x), x.is_integer(), x.hex(), format(x, ".2f"), format(k, "x"), format(str(k), ">5")))
        got.append((int(str(k)), float(str(x)), str("t"), list((k, x)), tuple([k]), list([x])))
        got.append((list(table.keys()), list(table.values()), sorted(table.items()), table.copy(), [k].copy()))
        table["c"] = i
        for key, value in table.items(): got.append(key)
    return got

show(run(3), run(60))

# === formatted: compiled=run
from show import show

def run(n):
    got, width = [], 6
    for i in range(n):
        x = i / 3
        word = "w" * (i % 4)
        got.append(f"{i}")
        got.append(f"{i}:{x:.2f} {word!r} {word:>{width}}|{i:04d}")
        got.append(f"{word}{i}")
        got.append(f"<{word}>")
        got.append(f"{x}-{i:x}-{word}")
        got.append(f"{i % 2 == 0}{None}{[i]}")
    return got

show(run(3), run(60))

# === that_raise
from show import show

def run(n):
    got = []
    for i in range(n):
        word = "ab" if i % 5 else "cd"
        try:
            got.append(word.index("a"))
            got.append(int("12" if i % 7 else "x"))
            got.append("".join(["a", "b"] if i % 3 else ["a", 1]))
            got.append(f"{i:d}{1.5:{'d' if i % 11 == 0 else 'f'}}")
            got.append((b"\xff" if i % 4 == 0 else b"a").decode())
            got.append("a".split("" if i % 13 == 0 else ","))
        except Exception as problem:
            got.append((type(problem).__name__, str(problem)))
    return got

show(run(150))

# === of_other_types
from show import show

class Text(str):
    def lower(self): return log.append("lower") or "low"
    def __format__(self, spec): return log.append(spec) or "formatted"
    def __str__(self): return log.append("str") or "text"
class Buffer:
    def __buffer__(self, flags): return log.append("buffer") or memoryview(b"xy")
log = []

def run(n, words):
    got = []
    for i in range(n):
        word = words[i % len(words)]
        got.append((word.lower(), str(word), f"{word}|{word:3}", "a".startswith(word), "-".join([word, "b"]), "b".replace("b", word)))
    return got

show(run(60, ["One", Text("Two"), "Three", Text("Four")]), log[:20], len(log))

def joined(n):
    got = []
    for i in range(n):
        got.append(b"-".join([b"a", Buffer() if i % 2 else b"b"]))
    return got

show(joined(60), len(log))

# === looked_at_meanwhile: compiled=run
import sys
from show import show

def look():
    frame = sys._getframe(1)
    return {name: value for name, value in frame.f_locals.items() if name != "got"}

def run(n):
    got, k, x, word = [], 0, 0.5, ""
    for i in range(n):
        k = i * 3
        word = str(k) + "x"
        x = x + 1.0
        parts = word.split("3")
        got.append(f"{k}{x}")
        if i % 9 == 8: got.append(look())
        word = word.upper()
    return got

show(run(60))

# === names_that_are_replaced
import builtins
from show import show

def run(n):
    got = []
    for i in range(n):
        got.append((str(i), repr(i)))
        if i == 40: builtins.repr = lambda o: "replaced"
        if i == 50: builtins.str = lambda o: "a text"
    return got

plain, text = builtins.repr, builtins.str
try:
    got = run(60)
finally:
    builtins.repr, builtins.str = plain, text
show(got)

# === what_is_let_go_of: compiled=run
import gc
import sys
from show import show

def run(n):
    keep = 2**40 + 1
    word = "".join(["long", "word"])
    parts = ["a", "b"]
    before = sys.getrefcount(word), sys.getrefcount(parts), sys.getrefcount("-")
    total = 0
    for i in range(n):
        total += len(str(i * keep)) + len(word + "x") + len(f"{word}{i}") + len(",".join([word, "z"])) + len(word.replace("l", word))
        total += len(list(parts)) + len("-".join(parts)) + len(tuple(parts))
    after = sys.getrefcount(word), sys.getrefcount(parts), sys.getrefcount("-")
    return total, [b - a for a, b in zip(before, after)]

show(run(100))
blocks = []
for turn in range(6):
    run(400)
    gc.collect()
    blocks.append(sys.getallocatedblocks())
show(abs(blocks[-1] - blocks[-2]) < 60)

# === handlers_of_errors
import codecs
from show import show

def handler(problem):
    log.append((seen, type(problem).__name__))
    return ("?", problem.end)
log, seen = [], 0
strict = codecs.lookup_error("strict")

def run(n, texts, raws):
    global seen
    got = []
    for i in range(n):
        seen = i
        got.append((texts[i % len(texts)].encode(), raws[i % len(raws)].decode()))
    return got

codecs.register_error("strict", handler)
try:
    got = run(100, ["a", "b\ud800", "\u00e4"], [b"x", b"\xff", "\u00e4".encode(), b""])
finally:
    codecs.register_error("strict", strict)
show(got, log)

# === numbers_that_are_large
import sys
from show import show

def run(n, k):
    got, seen = [], 0
    for i in range(n):
        seen = i
        text = str(k)
        got.append((len(text), hash(repr(k)), len(f"{k}"), int(text) == k, len(format(k, "d")), seen))
        k = k * 1000003 if i % 7 == 6 else k
    return got

sys.set_int_max_str_digits(0)
show(run(60, 12), run(60, 2**62), run(20, 7**9000))

# === concatenations_of_nothing: compiled=run
from show import show

def run(n, texts):
    got = []
    for i in range(n):
        text = texts[i % len(texts)]
        a, b, c = "" + text, text + "", text + "x"
        got.append((a is text, b is text, c, "" + text is text))
    return got

show(run(60, ["long enough", "", "c", "\u00e4", "\u4f60"]))

# === dicts_that_are_copied
from show import show

class Key:
    def __init__(self, n): self.n = n
    def __hash__(self): return 7
    def __eq__(self, other):
        global seen
        seen += 1
        return self.n == other.n
seen = 0

def run(n):
    global seen
    table = {Key(k): k for k in range(6)}
    for k in range(200): table[k + 100] = k
    for k in range(190): del table[k + 100]
    got = []
    for i in range(n):
        seen += 1000
        copied = table.copy()
        got.append((seen, len(copied)))
    return got

show(run(60))
