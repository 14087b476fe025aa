import ctypes

FourInts = ctypes.c_int * 4


def loop(n):
    total = 0
    for i in range(n):
        p = FourInts()
        p[i & 3] = i
        total += p[1]
    return total
