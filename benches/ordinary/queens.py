"""Queens on a board by generators: permutations made by hand, sets of diagonals."""


def permutations(items):
    """The orders of a few items, each a tuple."""
    n = len(items)
    indices = list(range(n))
    cycles = list(range(n, 0, -1))
    yield tuple(items)
    while True:
        for i in reversed(range(n)):
            cycles[i] -= 1
            if cycles[i]:
                j = cycles[i]
                indices[i], indices[-j] = indices[-j], indices[i]
                yield tuple(items[k] for k in indices)
                break
            indices[i:] = indices[i + 1 :] + indices[i : i + 1]
            cycles[i] = n - i
        else:
            return


def queens(n):
    columns = range(n)
    for order in permutations(columns):
        if n == len({order[k] + k for k in columns}) == len({order[k] - k for k in columns}):
            yield order


def work():
    found = list(queens(7))
    return len(found), found[3], found[-1]
