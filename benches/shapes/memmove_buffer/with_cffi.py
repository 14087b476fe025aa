from binding import ffi


def loop(n):
    source = ffi.new("char[64]", b"hardwire" * 8)
    target = ffi.new("char[64]")
    found = 0
    for i in range(n):
        ffi.memmove(target, source, 64)
        found += ffi.buffer(target, 64)[i & 63] == b"r"
    return found
