"""The largest singular value of an n by n matrix whose items are computed by a function."""


def item(row, column):
    diagonal = row + column
    return 1.0 / (diagonal * (diagonal + 1) // 2 + row + 1)


def multiplied(vector):
    n = len(vector)
    result = []
    for row in range(n):
        total = 0.0
        for column in range(n):
            total += item(row, column) * vector[column]
        result.append(total)
    return result


def multiplied_transposed(vector):
    n = len(vector)
    result = []
    for row in range(n):
        total = 0.0
        for column in range(n):
            total += item(column, row) * vector[column]
        result.append(total)
    return result


def loop(n):
    u = [1.0] * n
    for _ in range(4):
        v = multiplied_transposed(multiplied(u))
        u = multiplied_transposed(multiplied(v))
    uv = vv = 0.0
    for x, y in zip(u, v):
        uv += x * y
        vv += y * y
    return (uv / vv) ** 0.5
