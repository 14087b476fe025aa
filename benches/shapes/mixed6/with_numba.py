import ctypes

from binding import lib, njit

mixed = lib.mixed
mixed.argtypes = [ctypes.c_int, ctypes.c_double, ctypes.c_longlong, ctypes.c_float, ctypes.c_ushort, ctypes.c_double]
mixed.restype = ctypes.c_double


@njit
def loop(n):
    total = 0.0
    for i in range(n):
        total += mixed(i, 0.5, i, 1.5, i & 255, 2.5)
    return total
