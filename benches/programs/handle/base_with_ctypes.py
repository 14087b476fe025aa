"""The call that the class makes, without the class."""

import ctypes

from binding import lib

lib.meter_new.argtypes = [ctypes.c_int]
lib.meter_new.restype = ctypes.c_void_p
lib.meter_free.argtypes = [ctypes.c_void_p]
lib.meter_free.restype = None
lib.meter_add.argtypes = [ctypes.c_void_p, ctypes.c_int]
lib.meter_add.restype = ctypes.c_int


def loop(n):
    meter = lib.meter_new(3)
    total = 0
    for i in range(n):
        total += lib.meter_add(meter, i & 7)
    lib.meter_free(meter)
    return total
