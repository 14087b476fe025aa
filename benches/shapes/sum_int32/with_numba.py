import numpy
from binding import njit

numbers = numpy.arange(1024, dtype=numpy.int32) * 7 - 1000


@njit
def work(a, n):
    total = 0
    for i in range(n):
        total += a[i & 1023]
    return total


def loop(n):
    return work(numbers, n)
