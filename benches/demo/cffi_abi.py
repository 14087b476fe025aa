"""cffi, ABI mode: calibrates readings with a function of a library that is opened at run time.

    python cffi_abi.py LIBRARY
"""

import sys

from cffi import FFI
from timing import run

ffi = FFI()
ffi.cdef("double calibrate(double raw, double gain, double offset);")
lib = ffi.dlopen(sys.argv[1])


def mean_reading(n):
    total = 0.0
    for i in range(n):
        total += lib.calibrate(i * 0.5, 1.25, -3.0)
    return total / n


if __name__ == "__main__":
    run(mean_reading)
