"""Numbers in lists: elimination, a Fourier transform, relaxation on a grid, chance."""

import math


def solved(matrix, right):
    n = len(matrix)
    rows = [row[:] + [value] for row, value in zip(matrix, right)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda r: abs(rows[r][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for r in range(k + 1, n):
            factor = rows[r][k] / rows[k][k]
            for c in range(k, n + 1):
                rows[r][c] -= factor * rows[k][c]
    x = [0.0] * n
    for k in range(n - 1, -1, -1):
        x[k] = (rows[k][n] - sum(rows[k][c] * x[c] for c in range(k + 1, n))) / rows[k][k]
    return x


def transform(values):
    n = len(values)
    if n == 1:
        return values
    even, odd = transform(values[::2]), transform(values[1::2])
    out = [0j] * n
    for k in range(n // 2):
        angle = -2 * math.pi * k / n
        turned = complex(math.cos(angle), math.sin(angle)) * odd[k]
        out[k] = even[k] + turned
        out[k + n // 2] = even[k] - turned
    return out


def relaxed(size, turns):
    grid = [[float((r * c) % 7) for c in range(size)] for r in range(size)]
    for _ in range(turns):
        for r in range(1, size - 1):
            row, above, below = grid[r], grid[r - 1], grid[r + 1]
            for c in range(1, size - 1):
                row[c] = 0.3 * (above[c] + below[c] + row[c - 1] + row[c + 1]) - 0.2 * row[c]
    return sum(map(sum, grid))


def inside(count):
    state, hits = 7, 0
    for _ in range(count):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        x = state / 0x7FFFFFFF
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        y = state / 0x7FFFFFFF
        if x * x + y * y <= 1.0:
            hits += 1
    return hits


def work():
    n = 30
    matrix = [[1.0 / (r + c + 1) + (r == c) for c in range(n)] for r in range(n)]
    x = solved(matrix, [float(k % 5) for k in range(n)])
    spectrum = transform([complex(k % 9, 0) for k in range(512)])
    return (
        round(sum(x), 6),
        round(sum(map(abs, spectrum)), 4),
        round(relaxed(40, 12), 4),
        inside(8000),
    )
