"""Pipelines of generators: sources, filters, windows, merges, `send`."""

from itertools import chain, islice


def numbers(seed):
    while True:
        seed = (seed * 16807) % 2147483647
        yield seed


def below(limit, source):
    for number in source:
        yield number % limit


def kept(wanted, source):
    for number in source:
        if wanted(number):
            yield number


def windows(size, source):
    window = []
    for number in source:
        window.append(number)
        if len(window) == size:
            yield tuple(window)
            window.pop(0)


def merged(left, right):
    left, right = iter(left), iter(right)
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a <= b):
            yield a
            a = next(left, None)
        else:
            yield b
            b = next(right, None)


def average():
    total = count = 0
    value = None
    while True:
        value = yield (total // count if count else 0)
        total += value
        count += 1


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def work():
    source = below(1000, numbers(42))
    odd = kept(lambda number: number & 1, source)
    middles = (sorted(window)[2] for window in windows(5, islice(odd, 6000)))
    running = average()
    next(running)
    total = 0
    for middle in middles:
        total += running.send(middle)
    total += sum(a * b for a, b in zip(tree(11), chain(range(100), tree(10))))
    both = merged(sorted(islice(source, 3000)), sorted(islice(source, 2000)))
    return total, sum(k * number for k, number in enumerate(both)) % 1000003
