from binding import ffi, lib


def loop(n):
    owner = ffi.new("struct reading *", (3, 0.5))
    reading = owner[0]
    total = 0.0
    for _ in range(n):
        total += lib.weigh(reading)
    return total
