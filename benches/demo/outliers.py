"""cffi, ABI mode: one reading in a thousand is an outlier and goes another way.

Native code follows the usual way; at an outlier its guard fails, and the interpreter carries on from there.

    python outliers.py LIBRARY
"""

import sys

from cffi import FFI
from timing import run

ffi = FFI()
ffi.cdef("int is_outlier(int reading);")
lib = ffi.dlopen(sys.argv[1])


def total_without_outliers(n):
    total = outliers = 0
    for reading in range(n):
        if lib.is_outlier(reading):
            outliers += 1
        else:
            total += reading
    return total, outliers


if __name__ == "__main__":
    run(total_without_outliers)
