from binding import lib


def loop(n):
    total = 0.0
    for i in range(n):
        total += lib.mixed(i, 0.5, i, 1.5, i & 255, 2.5)
    return total
