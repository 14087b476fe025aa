from binding import ffi

numbers = ffi.new("int32_t[1024]", [i * 7 - 1000 for i in range(1024)])


def loop(n):
    a = numbers
    total = 0
    for i in range(n):
        total += a[i & 1023]
    return total
