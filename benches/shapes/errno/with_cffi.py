from binding import ffi, lib


def loop(n):
    total = 0
    for i in range(n):
        total += lib.refuse(i)
        total += ffi.errno
    return total
