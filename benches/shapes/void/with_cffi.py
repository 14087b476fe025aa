from binding import lib


def loop(n):
    for _ in range(n):
        lib.nothing()
    return n
