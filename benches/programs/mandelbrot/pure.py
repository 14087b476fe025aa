"""The Mandelbrot set on a square of n by n points, in floats."""


def loop(n):
    total = 0
    for row in range(n):
        b = 2.5 * row / n - 1.25
        for column in range(n):
            a = 2.5 * column / n - 2.0
            x = y = 0.0
            steps = 0
            while steps < 60:
                xx = x * x
                yy = y * y
                if xx + yy > 4.0:
                    break
                y = 2.0 * x * y + b
                x = xx - yy + a
                steps += 1
            total += steps
    return total
