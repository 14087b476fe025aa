import ctypes

memory = (ctypes.c_ubyte * 4096)(*(i * 7 & 255 for i in range(4096)))
Int32Pointer = ctypes.POINTER(ctypes.c_int32)


def loop(n):
    p = ctypes.cast(memory, ctypes.c_void_p)
    total = 0
    for i in range(n):
        q = ctypes.cast(p, Int32Pointer)
        total += q[i & 1023]
    return total
