import ctypes

from binding import lib, njit

blend = lib.blend
blend.argtypes = [ctypes.c_double, ctypes.c_double, ctypes.c_double]
blend.restype = ctypes.c_double


@njit
def loop(n):
    last = 0.0
    for i in range(n):
        last = blend(i, last, 0.5)
    return last
