from binding import ffi, lib


def loop(n):
    buffer = ffi.new("char[64]")
    unit = ffi.new("char[]", b"ms")
    total = 0
    for i in range(n):
        total += lib.snprintf(buffer, 64, b"%d %s", ffi.cast("int", i), unit)
    return total + ord(buffer[0])
