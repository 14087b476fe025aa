"""The product of two n by n matrices, each a `double **`."""

from binding import ffi


def matrix(n):
    """The matrix, and what keeps its rows."""
    kept = [ffi.new("double[]", n) for _ in range(n)]
    return ffi.new("double *[]", kept), kept


def loop(n):
    a, keep_a = matrix(n)
    b, keep_b = matrix(n)
    c, keep_c = matrix(n)
    for i in range(n):
        for j in range(n):
            a[i][j] = (i - j) / n
            b[i][j] = (i + j) / n
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += a[i][k] * b[k][j]
            c[i][j] = total
    trace = 0.0
    for i in range(n):
        trace += c[i][i]
    return trace
