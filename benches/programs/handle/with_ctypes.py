"""A class around a handle: three layers of methods and a property between the loop and the call."""

import ctypes

from binding import lib

lib.meter_new.argtypes = [ctypes.c_int]
lib.meter_new.restype = ctypes.c_void_p
lib.meter_free.argtypes = [ctypes.c_void_p]
lib.meter_free.restype = None
lib.meter_add.argtypes = [ctypes.c_void_p, ctypes.c_int]
lib.meter_add.restype = ctypes.c_int


class Handle:
    def __init__(self, scale):
        self._pointer = lib.meter_new(scale)

    @property
    def pointer(self):
        if self._pointer is None:
            raise ValueError("closed")
        return self._pointer

    def call(self, function, *arguments):
        return function(self.pointer, *arguments)

    def close(self):
        lib.meter_free(self._pointer)
        self._pointer = None


class Meter(Handle):
    def add(self, amount):
        return self.call(lib.meter_add, amount)

    def count(self, amount=1):
        return self.add(amount)


def loop(n):
    meter = Meter(3)
    total = 0
    for i in range(n):
        total += meter.count(amount=i & 7)
    meter.close()
    return total
