import ctypes

from binding import function_type, lib

COUNT = 500
number = ctypes.POINTER(ctypes.c_int32)
comparison = function_type(ctypes.c_int, number, number)
lib.qsort.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, comparison]
lib.qsort.restype = None


@comparison
def compare(a, b):
    x, y = a[0], b[0]
    return (x > y) - (x < y)


def loop(n):
    numbers = (ctypes.c_int32 * COUNT)()
    total = 0
    for turn in range(n // COUNT):
        x = turn
        for i in range(COUNT):
            x = (x * 1103515245 + 12345) & 0xFFFFFFFF
            numbers[i] = x >> 8
        lib.qsort(numbers, COUNT, 4, compare)
        total += numbers[0] + numbers[COUNT // 2]
    return total
