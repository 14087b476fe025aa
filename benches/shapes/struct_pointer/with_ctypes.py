import ctypes

from binding import lib


class Counter(ctypes.Structure):
    _fields_ = [("total", ctypes.c_longlong), ("step", ctypes.c_int)]


lib.bump.argtypes = [ctypes.POINTER(Counter)]
lib.bump.restype = ctypes.c_int


def loop(n):
    counter = Counter(0, 3)
    pointer = ctypes.pointer(counter)
    steps = 0
    for _ in range(n):
        steps += lib.bump(pointer)
    return steps + counter.total
