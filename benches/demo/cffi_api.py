"""cffi, API mode: a checksum over a sequence of words, through a compiled extension module (`build_api.py`).

    python cffi_api.py
"""

from _sensor import lib
from timing import run


def checksum_of_range(n):
    total = 2166136261
    for word in range(n):
        total = lib.checksum(total, word)
    return total


if __name__ == "__main__":
    run(checksum_of_range)
