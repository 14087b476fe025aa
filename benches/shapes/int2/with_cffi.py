from binding import lib


def loop(n):
    total = 0
    for i in range(n):
        total += lib.add(i, 3)
    return total
