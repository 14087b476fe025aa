from binding import ffi


def loop(n):
    a = ffi.new("double[1024]")
    for i in range(n):
        a[i & 1023] = i * 0.5
    return a[0] + a[511] + a[1023]
