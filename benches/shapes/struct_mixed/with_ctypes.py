import ctypes

from binding import lib


class Reading(ctypes.Structure):
    _fields_ = [("count", ctypes.c_int), ("weight", ctypes.c_double)]


lib.weigh.argtypes = [Reading]
lib.weigh.restype = ctypes.c_double


def loop(n):
    reading = Reading(3, 0.5)
    total = 0.0
    for _ in range(n):
        total += lib.weigh(reading)
    return total
