import ctypes


def loop(n):
    source = ctypes.create_string_buffer(b"hardwire" * 8, 64)
    target = (ctypes.c_char * 64)()
    found = 0
    for i in range(n):
        ctypes.memmove(target, source, 64)
        found += target[i & 63] == b"r"
    return found
