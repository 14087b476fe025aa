import ctypes

from binding import lib

lib.scramble.argtypes = [ctypes.c_ulonglong]
lib.scramble.restype = ctypes.c_ulonglong


def loop(n):
    x = 0xFEDCBA9876543210
    for _ in range(n):
        x = lib.scramble(x)
    return x
