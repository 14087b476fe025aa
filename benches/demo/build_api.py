"""Builds the extension module `_sensor` (cffi, API mode) in the folder given as the argument."""

import sys
from pathlib import Path

from cffi import FFI

here = Path(__file__).resolve().parent

builder = FFI()
builder.cdef((here / "sensor.h").read_text())
builder.set_source("_sensor", '#include "sensor.h"', sources=[str(here / "sensor.c")], include_dirs=[str(here)])

if __name__ == "__main__":
    builder.compile(tmpdir=sys.argv[1])
