import ctypes

from binding import lib, njit

sum10 = lib.sum10
sum10.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int]
sum10.restype = ctypes.c_longlong


@njit
def loop(n):
    total = 0
    for i in range(n):
        total += sum10(i, 1, 2, 3, 4, 5, 6, 7, 8, i)
    return total
