import ctypes


class Cell(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int32), ("b", ctypes.c_double)]


def loop(n):
    s = (Cell * 256)()
    for i in range(n):
        p = s[i & 255]
        p.a += 1
        p.b += 0.5
    return s[0].a + s[3].b + s[200].a + s[255].b
