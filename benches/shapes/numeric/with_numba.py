import ctypes

from binding import lib, njit

gain = lib.gain
gain.argtypes = [ctypes.c_double, ctypes.c_double, ctypes.c_double]
gain.restype = ctypes.c_double


@njit
def loop(n):
    total = 0.0
    for i in range(n):
        total += gain(i, 1.5, 0.5)
        total += i * 0.5
    return total
