"""Comprehensions, generators, sorting, dicts and sets."""


def primes(limit):
    sieve = [True] * limit
    for i in range(2, int(limit**0.5) + 1):
        if sieve[i]:
            sieve[i * i :: i] = [False] * len(range(i * i, limit, i))
    return [i for i in range(2, limit) if sieve[i]]


def transposed(matrix):
    return [[row[i] for row in matrix] for i in range(len(matrix[0]))]


def product(a, b):
    columns = transposed(b)
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a]


def work():
    found = primes(20000)
    by_ending = {ending: [p for p in found if p % 10 == ending] for ending in (1, 3, 7, 9)}
    gaps = {b - a for a, b in zip(found, found[1:])}
    pairs = sorted(((p * 7919 % 1009, p) for p in found), reverse=True)
    square = [[(i * j) % 11 for j in range(24)] for i in range(24)]
    cube = product(product(square, square), square)
    endings = sum(len(group) * ending for ending, group in by_ending.items())
    return endings + sum(gaps) + sum(i * pair[1] for i, pair in enumerate(pairs)) + sum(map(sum, cube))
