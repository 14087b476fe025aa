import ctypes

from binding import lib

lib.sum10.argtypes = [ctypes.c_int] * 10
lib.sum10.restype = ctypes.c_longlong


def loop(n):
    total = 0
    for i in range(n):
        total += lib.sum10(i, 1, 2, 3, 4, 5, 6, 7, 8, i)
    return total
