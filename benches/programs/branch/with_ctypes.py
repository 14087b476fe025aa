"""A call on each side of a branch that nobody can predict."""

import ctypes

from binding import lib

lib.go_left.argtypes = [ctypes.c_int]
lib.go_right.argtypes = [ctypes.c_int]


def loop(n):
    coin = 12345
    total = 0
    for i in range(n):
        coin = (coin * 1103515245 + 12345) & 0x7FFFFFFF
        if coin & 0x10000:
            total += lib.go_left(i)
        else:
            total -= lib.go_right(i)
    return total
