"""The Mandelbrot set on a square of n by n points, the step in C on a struct by value."""

from binding import ffi, lib


def loop(n):
    zero = ffi.new("struct complex *")[0]
    own = ffi.new("struct complex *")
    c = own[0]
    total = 0
    for row in range(n):
        c.im = 2.5 * row / n - 1.25
        for column in range(n):
            c.re = 2.5 * column / n - 2.0
            z = zero
            steps = 0
            while steps < 60 and z.re * z.re + z.im * z.im <= 4.0:
                z = lib.square_add(z, c)
                steps += 1
            total += steps
    return total
