"""The sum of a matrix of n rows: a loop in a loop."""

from binding import ffi

COLUMNS = 64
made = {}


def matrix(n):
    if n not in made:
        cells = made[n] = ffi.new("double[][64]", n)
        for i in range(n * COLUMNS):
            cells[i // COLUMNS][i % COLUMNS] = (i & 15) * 0.5
    return made[n]


def loop(n):
    cells = matrix(n)
    total = 0.0
    for row in range(n):
        line = cells[row]
        for column in range(COLUMNS):
            total += line[column]
    return total
