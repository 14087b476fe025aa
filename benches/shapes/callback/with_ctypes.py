import ctypes

from binding import function_type, lib

step = function_type(ctypes.c_int, ctypes.c_int)
lib.each.argtypes = [step, ctypes.c_int]
lib.each.restype = ctypes.c_longlong


@step
def twice(i):
    return i * 2 + 1


def loop(n):
    return lib.each(twice, n)
