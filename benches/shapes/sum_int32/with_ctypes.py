import ctypes

numbers = (ctypes.c_int32 * 1024)(*(i * 7 - 1000 for i in range(1024)))


def loop(n):
    a = numbers
    total = 0
    for i in range(n):
        total += a[i & 1023]
    return total
