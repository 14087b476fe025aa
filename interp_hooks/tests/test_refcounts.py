"""No leak and no early free over a million iterations, entries and exits."""

import pytest
from harness import Program, check_compiled, check_same, check_sound

TURNS = 1_000_000
# Bodies of a loop over i in range(n); each takes ways in and out of native code a great many times.
BODIES = {
    "ints": "total = (total + i * 3) & 0xFFFFFFFF",
    "big_ints_in_the_box": "total = 2**61 + i; other = total + 1",
    "floats": "half = half * 0.5 + i",
    "overflow_exit": "total = 2**62 + (2**62 if i % 3 == 0 else i)",
    "branches": "total = i if i & 1 else None; half = 0.5 if i & 2 else i; other = half if i & 4 else total",
    "types_change": "total = (i, i * 0.5, None, True, 2**70)[i % 5]; other = total",
    "python_call": "total = same(i); other = same(thing); half = same(half)",
    "python_call_raises": "try:\n            total = moody(i)\n        except ValueError as problem:\n            total = problem.args[0]",
    "abi": "total = lib.isum3(i, 2, 3); half = lib.id_f64(0.25)",
    "api": "total = api.isum3(i, 2, 3); half = api.id_f64(0.25)",
    "cdll": "total = cdll.isum3(i, 2, 3); half = cdll.id_f64(0.25)",
    "pydll": "total = pydll.isum3(i, 2, 3); half = pydll.id_f64(0.25)",
    "pointers": "total = lib.id_ptr(cell); other = lib.load_int(cell)",
    "ctypes_pointers": "total = cdll.id_ptr(i + 2**40); other = cdll.id_str(b'text'); half = cdll.null_ptr()",
    "strings": "total = lib.str_len(b'some text'); other = lib.greeting()",
    "wrong_argument": "try:\n            total = lib.id_i8(i % 200)\n        except OverflowError:\n            total = 0",
    "exit_behind_the_call": "total = lib.big_every(i, 3) + 2**62; other = lib.u64_every(i, 5)",
    "callback": "total = lib.call_once(callback, i) if i % 16 == 0 else i",
    "objects": "other = Thing() if i % 8 == 0 else thing; total = other",
    "nested": "for j in range(3):\n            total = i + j + 2**40",
    "generator": "for j in pair(i):\n            total = j",
    "list_iteration": "for other in things:\n            total = other",
    "items_of_lists": "items[i & 3] = items[i + 1 & 3] + i * 0.5; items[4] = total = items[0]; half = items[-1]",
    "items_over_objects": "items[5] = Thing() if i % 8 == 0 else None; items[5] = thing; other = items[5]; items[6] = i",
    "rows": "rows[i & 1][1] += rows[1][0] & 3; other = rows[0]; total = rows[1][1] + len(rows)",
    "attributes_of_numbers": "holder.n = holder.n * 0.5 + i; holder.m, holder.n = holder.n, holder.m; total = holder.n",
    "attributes_over_objects": "holder.held = things if i & 1 else items; other = holder.held; holder.chain.chain.n = i + 2**40",
    "slots": "slotted.a += 1; slotted.b = slotted.a * 0.25; slotted.a, slotted.b = slotted.b, i; other = slotted.c",
    "class_attribute": "total += holder.STEP; half = holder.HALF",
    "del_local": "other = i + 2**40; del other; other = None",
    "closures": "bump(i); total = count + 0.5",
    "global": "seen = i + 0.5; total = seen",
    "attributes": "box.count = i + 2**40; total = box.count + box.rate; box.thing = things if i & 1 else thing; other = box.thing",
    "items": "cells[i & 1] = i + 2**40; other = cells[-2]; total = cells[1]; cells[2] = other; half = (thing, i, other)[0]",
    "methods": "total = box.step(i); other = box.get; half = other()",
    "properties": "total = box.size; box.size = i; other = box.fixed(thing); half = Box.made(i)",
    "arguments": "total = mixed(i, thing, *things, key=other, z=half); other = mixed(thing, b=i); half = mixed(*things, **{'key': total})",
    "instances": "other = Box(i + 2**40); total = other.count; half = Box(thing).count",
    "operators": "other = box + box; total = other[thing]; half = len(other) if other else -1; total = thing in other",
    "dicts": "table[1] = i + 2**40; other = table[1]; table[2] = things if i & 1 else items; total = table.get(3, thing); table[i & 7] = thing; half = 2 in table",
    "popped": "cells.append(thing); other = cells.pop(); cells.append(i + 2**40); total = cells.pop(); cells.append(things); cells.pop()",
    "class_methods": "total = Box.made(i + 2**40); half = Box.fixed(thing); other = box.fixed(things); box.made(i); other = Box.held",
    "called": "other = guard(thing); total = guard(i + 2**40); guard(Thing())",
    "raising_deep": "try:\n            total = deep(i & 3, i)\n        except KeyError as problem:\n            other = problem.args[0]\n        finally:\n            half = i + 2**40",
    "swallowed": "with guard as other:\n            total = i // (i % 5)",
    "inner_loops": "for j in range(i & 3):\n            for other in (thing, i + 2**40):\n                if other is thing and j: break\n                total = other",
    "inner_exits": "for other in things:\n            if other is None or i % 3 == 1: break\n            total = (other, i)",
    "different_callees": "total = (same, moody, Box, Thing.__init__)[0 if i & 1 else 2](i); other = (same if i & 2 else box.get_it)(things)",
    "unpacking": "total, (other, *half) = i + 2**40, things; total, other = other, total",
    "lambdas": "other = lambda x, y=i + 2**40: (x, y, total); half = other(thing)[1]",
    "missing_keys": "try:\n            total = table[i & 3]\n        except KeyError:\n            other = None",
}
PROGRAM = """\
import gc, sys
from bindings import api, cdll, ffi, lib, pydll

TURNS = int(sys.argv[1])

class Thing:
    pass

things_of_its_own = [2**70]

def same(x):
    return x

def moody(x):
    if x % 7 == 6:
        raise ValueError(x + 2**40)
    return x

def pair(x):
    yield x
    yield x + 2**40

def mixed(a, b=things_of_its_own, *rest, key=None, **more):
    return key, rest or more or a

def deep(depth, x):
    if depth:
        return deep(depth - 1, x)
    if x % 5 == 3:
        raise KeyError(x + 2**40)
    return thing

class Box:
    rate = 2**40 + 5
    held = things_of_its_own

    def __init__(self, count):
        self.count = count
        self.thing = thing

    def step(self, by):
        self.count = by + 2**41
        return self.get()

    def get(self):
        return self.thing

    def get_it(self, it):
        return it

    @property
    def size(self):
        return self.count

    @size.setter
    def size(self, size):
        self.count = size + 2**42

    @staticmethod
    def fixed(it):
        return it

    @classmethod
    def made(cls, count):
        return cls(count).count

    def __add__(self, other):
        return Box(other.thing)

    def __getitem__(self, key):
        return key, self.thing

    def __len__(self):
        return 3

    def __bool__(self):
        return self.count is thing

    def __contains__(self, it):
        return it is self.thing

class Guard:
    def __enter__(self):
        return self

    def __exit__(self, *problem):
        return True

    def __call__(self, it):
        return it

@ffi.callback("int(int)")
def callback(x):
    return x & 0xFF

class Holder:
    STEP, HALF = 2**40, 0.5

    def __init__(self):
        self.n, self.m, self.held, self.chain = 0.5, 1.5, None, self

class Slotted:
    __slots__ = ("a", "b", "c")

thing = Thing()
holder, slotted = Holder(), Slotted()
slotted.a, slotted.b, slotted.c = 1, 0.5, thing
items, rows = [0.5, 1.5, 2.5, 3.5, None, None, 2**40, 0.25], [[2**40, 1], [2**41, 2]]
things = [thing, 2**40 + 1, 0.125, None]
cell = ffi.new("int *", 7)
box, guard, cells, table = Box(1), Guard(), [2**50, 2**51, 2**52], {{1: thing, 2: things}}
watched = [thing, things, things[1], things[2], cell, Thing, same, moody, pair, callback, lib, api, cdll, pydll, lib.id_ptr, 2**61]
watched += [box, guard, cells, table, Box, Guard, mixed, deep, things_of_its_own, Box.step, Box.rate]
watched += [holder, slotted, items, rows, *rows, Holder, Slotted]
seen = None

def run(n):
    global seen
    count = 0

    def bump(by):
        nonlocal count
        count = count + by & 0xFFFFFF

    total = 0
    other = None
    half = 0.5
    for i in range(n):
        {body}

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def state():
    gc.collect()
    return [sys.getrefcount(thing) for thing in watched], len(gc.get_objects()), sys.getrefcount(None) , sys.getallocatedblocks()

run(2000)
run(2000)
counts, objects, nones, blocks = state()
memory = resident()
run(TURNS)
after_counts, after_objects, after_nones, after_blocks = state()
growth = resident() - memory
print("counts", [after - before for before, after in zip(counts, after_counts)])
print("objects", "steady" if abs(after_objects - objects) < 50 else after_objects - objects)
print("None", "steady" if abs(after_nones - nones) < 50 else after_nones - nones)
print("blocks", "steady" if abs(after_blocks - blocks) < 2000 else after_blocks - blocks)
print("memory", "steady" if growth < 16 * 2**20 else growth)
"""
# Many short stays in native code instead of one long one.
SHORT = PROGRAM.replace("run(TURNS)", "for turn in range(TURNS // 20):\n    run(20)")
STEADY = "objects steady\nNone steady\nblocks steady\nmemory steady\n"


# Variables that have another type, or an error, in nearly each turn: chance decides whether there is a turn to record.
UNSTABLE = ("branches", "types_change", "swallowed", "missing_keys")


def check(harness, body, shape, turns):
    """The counts stand still, off and on. Off only shows that the program is sound, so it need not run as long."""
    text = shape.format(body=BODIES[body])
    directory = harness.fresh("counts")
    off = harness.run(text, False, arguments=[str(turns // 10)], directory=directory)
    on = harness.run(text, True, arguments=[str(turns)], directory=directory, timeout=120)
    program = Program("program", text, {} if body in UNSTABLE else {"compiled": "run"})
    check_sound(program, off)
    counts, rest = off.stdout.split("\n", 1)
    assert counts.startswith("counts [0, ") and not set(counts) & set("123456789"), counts
    assert rest == STEADY
    check_same(off, on)
    if harness.has_engine:
        check_compiled(program, on)


@pytest.mark.parametrize("body", BODIES)
def test_long_loop(harness, body):
    check(harness, body, PROGRAM, TURNS)


@pytest.mark.parametrize("body", [name for name in BODIES if name not in ("callback", "generator")])
def test_many_entries(harness, body):
    check(harness, body, SHORT, TURNS // 8)


COMPILED_OFTEN = """\
import gc, sys
SOURCE = '''
def run(n, k):
    total = 0
    for i in range(n):
        total += i * k
        if i % 7 == 3:
            total -= k
    return total
'''

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def turn(k):
    names = {}
    exec(SOURCE, names)
    return names["run"](60, k)

results = [turn(k) for k in range(200)]
gc.collect()
memory, objects = resident(), len(gc.get_objects())
results = [turn(k) for k in range(2000)]
gc.collect()
print(sum(results), "objects", "steady" if abs(len(gc.get_objects()) - objects) < 2200 else len(gc.get_objects()) - objects)
print("memory", "steady" if resident() - memory < 64 * 2**20 else resident() - memory)
"""


def test_dead_code_objects_free_their_loops(differential):
    outcome = differential(COMPILED_OFTEN, timeout=120)
    assert outcome.stdout.endswith("objects steady\nmemory steady\n")
