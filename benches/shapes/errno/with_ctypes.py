import ctypes

from binding import open_library

lib = open_library(use_errno=True)
lib.refuse.argtypes = [ctypes.c_int]
lib.refuse.restype = ctypes.c_int


def loop(n):
    total = 0
    for i in range(n):
        total += lib.refuse(i)
        total += ctypes.get_errno()
    return total
