import ctypes

from binding import lib, njit

nothing = lib.nothing
nothing.argtypes = []
nothing.restype = None


@njit
def loop(n):
    for _ in range(n):
        nothing()
    return n
