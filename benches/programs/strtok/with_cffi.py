"""The tokens of a text of n lines, by `strtok`."""

from binding import ffi, lib

LINE = b"let width = 12 * (height + 7); call draw_line x0 y0 3.25, count "


def loop(n):
    size = len(LINE)
    text = ffi.new("char[]", size * n + 1)
    for i in range(n):
        lib.memcpy(text + size * i, LINE, size)
    tokens = total = 0
    token = lib.strtok(text, b" ,;()")
    while token:
        tokens += 1
        total += lib.strlen(token)
        token = lib.strtok(ffi.NULL, b" ,;()")
    return tokens * 1000000 + total
