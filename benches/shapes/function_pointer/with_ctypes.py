import ctypes

from binding import function_type, lib

Operation = function_type(ctypes.c_int, ctypes.c_int, ctypes.c_int)
lib.find_operation.argtypes = []
lib.find_operation.restype = Operation
multiply = lib.find_operation()


def loop(n):
    total = 0
    for i in range(n):
        total += multiply(i, 3)
    return total
