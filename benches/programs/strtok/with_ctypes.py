"""The tokens of a text of n lines, by `strtok`."""

import ctypes

from binding import lib

lib.strtok.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
lib.strtok.restype = ctypes.c_void_p
lib.strlen.argtypes = [ctypes.c_void_p]
lib.strlen.restype = ctypes.c_size_t
lib.memcpy.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
lib.memcpy.restype = ctypes.c_void_p

LINE = b"let width = 12 * (height + 7); call draw_line x0 y0 3.25, count "


def loop(n):
    size = len(LINE)
    owner = ctypes.create_string_buffer(size * n + 1)
    text = ctypes.addressof(owner)
    for i in range(n):
        lib.memcpy(text + size * i, LINE, size)
    tokens = total = 0
    token = lib.strtok(text, b" ,;()")
    while token:
        tokens += 1
        total += lib.strlen(token)
        token = lib.strtok(None, b" ,;()")
    return tokens * 1000000 + total
