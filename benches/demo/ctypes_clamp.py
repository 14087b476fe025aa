"""ctypes: adds up readings, each clamped to a range.

    python ctypes_clamp.py LIBRARY
"""

import ctypes
import sys

from timing import run

lib = ctypes.CDLL(sys.argv[1])
lib.clamp.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
lib.clamp.restype = ctypes.c_int


def sum_of_clamped(n):
    total = 0
    for reading in range(n):
        total += lib.clamp(reading & 1023, 100, 900)
    return total


if __name__ == "__main__":
    run(sum_of_clamped)
