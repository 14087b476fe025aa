import ctypes

from binding import lib


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_double), ("y", ctypes.c_double)]


lib.slope.argtypes = [Point]
lib.slope.restype = ctypes.c_double


def loop(n):
    point = Point(1.5, 2.5)
    total = 0.0
    for _ in range(n):
        total += lib.slope(point)
    return total
