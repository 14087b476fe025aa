"""cffi, ABI mode: C memory. Readings go into an array of structs, one after the other round and round.

    python memory.py LIBRARY
"""

from cffi import FFI
from timing import run

ffi = FFI()
ffi.cdef("struct channel { int readings; double sum; char state; };")


def sum_of_channels(n):
    channels = ffi.new("struct channel[64]")
    for i in range(n):
        channel = channels[i & 63]
        channel.readings += 1
        channel.sum += i * 0.25
        channel.state = b"+" if channel.sum > 100.0 else b"-"
    return sum(c.readings + c.sum for c in channels)


if __name__ == "__main__":
    run(sum_of_channels)
