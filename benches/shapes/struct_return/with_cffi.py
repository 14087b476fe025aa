from binding import lib


def loop(n):
    total = 0.0
    for i in range(n):
        bounds = lib.around(i)
        total += bounds.low + bounds.high
    return total
