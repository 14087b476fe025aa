import ctypes

from binding import lib

lib.hash4.argtypes = [ctypes.c_char_p]
lib.hash4.restype = ctypes.c_uint


def loop(n):
    text = b"hardwire"
    total = 0
    for _ in range(n):
        total += lib.hash4(text)
    return total
