from binding import lib


def loop(n):
    total = 0
    for i in range(n):
        total += lib.narrow(i & 3 == 0, b"a", i & 63)
    return total
