from binding import ffi, lib


def loop(n):
    owner = ffi.new("struct point *", (1.5, 2.5))
    point = owner[0]
    total = 0.0
    for _ in range(n):
        total += lib.slope(point)
    return total
