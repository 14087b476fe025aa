"""The call that the class makes, without the class."""

from binding import ffi, lib


def loop(n):
    meter = ffi.gc(lib.meter_new(3), lib.meter_free)
    total = 0
    for i in range(n):
        total += lib.meter_add(meter, i & 7)
    return total
