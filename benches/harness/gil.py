"""Times PyEval_SaveThread + PyEval_RestoreThread in a loop in C: `gil.py LIBRARY ITERATIONS REPEATS`. Prints ns a pair."""

import ctypes
import sys


def address(name):
    """The address of a function of the Python API."""
    return ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p)


def main(library, iterations, repeats):
    function = ctypes.PyDLL(library).save_restore
    function.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    function.restype = ctypes.c_double
    pair = address("PyEval_SaveThread"), address("PyEval_RestoreThread")
    print(function(int(iterations), int(repeats), *pair))


if __name__ == "__main__":
    main(*sys.argv[1:])
