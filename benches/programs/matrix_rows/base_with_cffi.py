"""As many cells in one loop."""

from binding import ffi

COLUMNS = 64
made = {}


def matrix(n):
    if n not in made:
        cells = made[n] = ffi.new("double[]", n * COLUMNS)
        for i in range(n * COLUMNS):
            cells[i] = (i & 15) * 0.5
    return made[n]


def loop(n):
    cells = matrix(n)
    total = 0.0
    for i in range(n * COLUMNS):
        total += cells[i]
    return total
