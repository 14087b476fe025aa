"""Four functions of libm for each of n numbers."""

import ctypes

from binding import lib

for name, count in [("sin", 1), ("exp", 1), ("atan2", 2), ("hypot", 2)]:
    getattr(lib, name).argtypes = [ctypes.c_double] * count
    getattr(lib, name).restype = ctypes.c_double


def loop(n):
    total = 0.0
    for i in range(n):
        x = i * 0.001
        wave = lib.sin(x) * lib.exp(-x)
        total += lib.atan2(wave, x + 1.0) + lib.hypot(wave, x)
    return total
