import ctypes

from binding import lib, njit

add = lib.add
add.argtypes = [ctypes.c_int, ctypes.c_int]
add.restype = ctypes.c_int


@njit
def loop(n):
    total = 0
    for i in range(n):
        total += add(i, 3)
    return total
