import ctypes

from binding import lib

lib.blend.argtypes = [ctypes.c_double, ctypes.c_double, ctypes.c_double]
lib.blend.restype = ctypes.c_double


def loop(n):
    last = 0.0
    for i in range(n):
        last = lib.blend(i, last, 0.5)
    return last
