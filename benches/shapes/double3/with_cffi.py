from binding import lib


def loop(n):
    last = 0.0
    for i in range(n):
        last = lib.blend(i, last, 0.5)
    return last
