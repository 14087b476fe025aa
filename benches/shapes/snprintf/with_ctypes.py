import ctypes

from binding import lib

lib.snprintf.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
lib.snprintf.restype = ctypes.c_int


def loop(n):
    buffer = (ctypes.c_byte * 64)()
    unit = ctypes.create_string_buffer(b"ms")
    total = 0
    for i in range(n):
        total += lib.snprintf(buffer, 64, b"%d %s", i, unit)
    return total + buffer[0]
