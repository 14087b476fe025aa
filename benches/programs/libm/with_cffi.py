"""Four functions of libm for each of n numbers."""

from binding import lib


def loop(n):
    total = 0.0
    for i in range(n):
        x = i * 0.001
        wave = lib.sin(x) * lib.exp(-x)
        total += lib.atan2(wave, x + 1.0) + lib.hypot(wave, x)
    return total
