from binding import lib

lib.nothing.argtypes = []
lib.nothing.restype = None


def loop(n):
    for _ in range(n):
        lib.nothing()
    return n
