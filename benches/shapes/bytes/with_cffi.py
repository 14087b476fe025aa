from binding import lib


def loop(n):
    text = b"hardwire"
    total = 0
    for _ in range(n):
        total += lib.hash4(text)
    return total
