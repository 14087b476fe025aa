from binding import lib

multiply = lib.find_operation()


def loop(n):
    total = 0
    for i in range(n):
        total += multiply(i, 3)
    return total
