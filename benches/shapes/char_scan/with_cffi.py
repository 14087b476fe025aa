from functools import cache

from binding import ffi


@cache
def text_of(n):
    """A text as long as the loop: made before the first time that counts."""
    return ffi.new("char[]", (b"hardwire" * (n // 8 + 1))[:n])


def loop(n):
    s = text_of(n)
    i = found = 0
    while s[i] != b"\0":
        found += s[i] == b"r"
        i += 1
    return found
