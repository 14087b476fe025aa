import ctypes

from binding import lib

lib.narrow.argtypes = [ctypes.c_bool, ctypes.c_char, ctypes.c_byte]
lib.narrow.restype = ctypes.c_byte


def loop(n):
    total = 0
    for i in range(n):
        total += lib.narrow(i & 3 == 0, b"a", i & 63)
    return total
