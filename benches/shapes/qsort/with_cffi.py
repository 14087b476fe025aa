from binding import ffi, lib

COUNT = 500
number = ffi.typeof("int32_t *")


@ffi.callback("comparison")
def compare(a, b):
    x, y = ffi.cast(number, a)[0], ffi.cast(number, b)[0]
    return (x > y) - (x < y)


def loop(n):
    numbers = ffi.new("int32_t[]", COUNT)
    total = 0
    for turn in range(n // COUNT):
        x = turn
        for i in range(COUNT):
            x = (x * 1103515245 + 12345) & 0xFFFFFFFF
            numbers[i] = x >> 8
        lib.qsort(numbers, COUNT, 4, compare)
        total += numbers[0] + numbers[COUNT // 2]
    return total
