from binding import ffi


def loop(n):
    s = ffi.new("struct cell[256]")
    for i in range(n):
        p = s[i & 255]
        p.a += 1
        p.b += 0.5
    return s[0].a + s[3].b + s[200].a + s[255].b
