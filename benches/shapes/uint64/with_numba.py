import ctypes

import numpy
from binding import lib, njit

scramble = lib.scramble
scramble.argtypes = [ctypes.c_ulonglong]
scramble.restype = ctypes.c_ulonglong
first = numpy.uint64(0xFEDCBA9876543210)


@njit
def loop(n):
    x = first
    for _ in range(n):
        x = scramble(x)
    return x
