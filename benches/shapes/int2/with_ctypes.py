import ctypes

from binding import lib

lib.add.argtypes = [ctypes.c_int, ctypes.c_int]
lib.add.restype = ctypes.c_int


def loop(n):
    total = 0
    for i in range(n):
        total += lib.add(i, 3)
    return total
