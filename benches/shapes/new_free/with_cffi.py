from binding import ffi


def loop(n):
    total = 0
    for i in range(n):
        p = ffi.new("int[4]")
        p[i & 3] = i
        total += p[1]
    return total
