import ctypes

from binding import lib

lib.crc32.argtypes = [ctypes.c_ulong, ctypes.POINTER(ctypes.c_ubyte), ctypes.c_uint]
lib.crc32.restype = ctypes.c_ulong


def loop(n):
    data = (ctypes.c_ubyte * 64)(*range(64))
    crc = 0
    for _ in range(n):
        crc = lib.crc32(crc, data, 64)
    return crc
