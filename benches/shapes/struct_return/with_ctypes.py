import ctypes

from binding import lib


class Bounds(ctypes.Structure):
    _fields_ = [("low", ctypes.c_double), ("high", ctypes.c_double)]


lib.around.argtypes = [ctypes.c_double]
lib.around.restype = Bounds


def loop(n):
    total = 0.0
    for i in range(n):
        bounds = lib.around(i)
        total += bounds.low + bounds.high
    return total
