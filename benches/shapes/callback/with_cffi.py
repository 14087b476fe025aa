from binding import ffi, lib


@ffi.callback("int(int)")
def twice(i):
    return i * 2 + 1


def loop(n):
    return lib.each(twice, n)
