from binding import ffi

memory = ffi.new("unsigned char[4096]", bytes(i * 7 & 255 for i in range(4096)))


def loop(n):
    p = ffi.cast("void *", memory)
    total = 0
    for i in range(n):
        q = ffi.cast("int32_t *", p)
        total += (q + (i & 1023))[0]
    return total
