import ctypes

from binding import lib

lib.gain.argtypes = [ctypes.c_double, ctypes.c_double, ctypes.c_double]
lib.gain.restype = ctypes.c_double


def loop(n):
    total = 0.0
    for i in range(n):
        total += lib.gain(i, 1.5, 0.5)
        total += i * 0.5
    return total
