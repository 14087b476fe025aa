"""Calls of functions: recursion, small helpers, default and keyword arguments, closures."""


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def tree(depth):
    return None if depth == 0 else (tree(depth - 1), tree(depth - 1))


def leaves(node):
    return 1 if node is None else leaves(node[0]) + leaves(node[1])


def scaled(value, factor=3, *, offset=0):
    return value * factor + offset


def counter(step):
    total = 0

    def advance():
        nonlocal total
        total += step
        return total

    return advance


def work():
    advance = counter(7)
    total = ackermann(2, 40) + leaves(tree(12))
    for i in range(15000):
        total += scaled(i) + scaled(i, 2, offset=advance())
    return total
