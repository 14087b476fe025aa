"""Functions that pass on what they are given, `f(*args, **kwargs)`: with keywords and without, exceptions in the middle, who looks."""

# === what_is_passed_on: compiled=run
import functools
from show import show

def plain(f):
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs)
    return wrapper

def counted(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return f(*args, **kwargs)
    wrapper.calls = 0
    return wrapper

def first(f):
    def wrapper(self, *args, **kwargs):
        return f(self, *args, **kwargs) + 1
    return wrapper

@plain
def add(a, b=2, *rest, c=3):
    return a + b * c + len(rest)

@plain
@plain
@counted
def deep(a, b):
    return a ^ b

class A:
    def __init__(self, n):
        self.n = n

    @first
    def get(self, k):
        return self.n + k

    @plain
    def me(self):
        return self

def run(n):
    total, a = 0, A(5)
    for i in range(n):
        total += add(i) + add(i, 4) + add(i, 1, 2, 3) + deep(i, 7)
        total += a.get(i) + a.me().n + A(i).me().get(1)
        if i % 40 == 39:
            total += add(i, c=9) + add(b=1, a=i) + deep(i, b=2) + a.get(k=i)
        total &= 0xFFFFFFF
    return total

show(run(300))

# === exceptions_and_lines: compiled=run
import traceback, sys
from show import show

def guarded(f):
    def wrapper(*args, **kwargs):
        try:
            return f(*args, **kwargs)
        finally:
            done.append(args[0])
    return wrapper

def passing(f):
    def wrapper(*args, **kwargs):
        return (
            f(
                *args,
                **kwargs,
            )
        )
    return wrapper

done = []

@passing
def divide(a, b):
    return a // b

@guarded
def careful(a, b):
    return a // b

def loop(n, seen):
    total = 0
    for i in range(n):
        total += divide(i, 120 - i) + careful(i, 3)
    return total

def run(n):
    total, seen = 0, []
    for i in range(n):
        total += divide(1000, i + 1)
        if i % 70 == 69:
            try:
                divide(i)
            except TypeError as error:
                seen.append(str(error))
    try:
        loop(n, seen)
    except ZeroDivisionError as error:
        lines = [(entry.name, entry.lineno) for entry in traceback.extract_tb(error.__traceback__)]
        seen.append([(name, line - lines[0][1]) for name, line in lines])
        frame = error.__traceback__.tb_next.tb_frame.f_back
        seen.append(sorted(error.__traceback__.tb_next.tb_next.tb_frame.f_locals.items(), key=lambda item: item[0])[0])
    return total, seen, len(done)

show(run(200))

# === keywords_that_come_and_go: compiled=run
from show import show

def passing(f):
    def wrapper(*args, **kwargs):
        if args[0] % 50 == 49:
            kwargs["c"] = args[0]
        if args[0] % 60 == 59:
            kwargs = dict(kwargs, d=1)
        return f(*args, **kwargs)
    return wrapper

def fixed(f, options):
    def wrapper(*args):
        return f(*args, **options)
    return wrapper

@passing
def f(a, b=0, **others):
    return a + b + sum(others.values())

options = {}
g = fixed(lambda a, c=1: a * c, options)

def run(n):
    total = 0
    for i in range(n):
        total += f(i) + f(i, 2) + g(i)
        if i == 150:
            options["c"] = 3
        if i == 220:
            options.clear()
    return total

show(run(300))

# === foreign_functions_and_looks: compiled=run
import sys
from bindings import api, calls, lib
from show import show

seen = []

def passing(f):
    def wrapper(*args, **kwargs):
        return f(*args, **kwargs)
    return wrapper

isum2 = passing(lib.isum2)

@passing
def look(a, b):
    if a % 90 == 89:
        frame = sys._getframe(1)
        seen.append((frame.f_code.co_name, sorted(frame.f_locals), frame.f_locals["args"], frame.f_lineno - frame.f_code.co_firstlineno))
    return lib.isum2(a, b)

def run(n):
    total = 0
    for i in range(n):
        total += isum2(i, 1) + look(i, 2)
    return total

api.calls_reset()
show(run(200), calls(), seen)
