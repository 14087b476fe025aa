"""A class around a handle: three layers of methods and a property between the loop and the call."""

from binding import ffi, lib


class Handle:
    def __init__(self, scale):
        self._pointer = ffi.gc(lib.meter_new(scale), lib.meter_free)

    @property
    def pointer(self):
        if self._pointer is None:
            raise ValueError("closed")
        return self._pointer

    def call(self, function, *arguments):
        return function(self.pointer, *arguments)

    def close(self):
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
