import numpy
from binding import njit


@njit
def work(a, n):
    for i in range(n):
        a[i & 1023] = i * 0.5
    return a[0] + a[511] + a[1023]


def loop(n):
    return work(numpy.zeros(1024), n)
