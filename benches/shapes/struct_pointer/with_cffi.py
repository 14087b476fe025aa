from binding import ffi, lib


def loop(n):
    counter = ffi.new("struct counter *", {"total": 0, "step": 3})
    steps = 0
    for _ in range(n):
        steps += lib.bump(counter)
    return steps + counter.total
