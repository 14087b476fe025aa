from binding import lib


def loop(n):
    x = 0xFEDCBA9876543210
    for _ in range(n):
        x = lib.scramble(x)
    return x
