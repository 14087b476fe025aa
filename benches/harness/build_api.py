"""Builds `_shapes`, the cffi API-mode module of all shapes: `build_api.py FOLDER SHAPE_FOLDER...`."""

import sys
from pathlib import Path

from cffi import FFI


def main(folder, shapes):
    builder = FFI()
    for shape in shapes:
        builder.cdef((shape / "shape.h").read_text())
    includes = "\n".join(f'#include "{shape / "shape.h"}"' for shape in shapes)
    sources = [str(shape / "shape.c") for shape in shapes]
    builder.set_source("_shapes", includes, sources=sources, extra_compile_args=["-O2"])
    builder.compile(tmpdir=folder)


if __name__ == "__main__":
    main(sys.argv[1], [Path(shape) for shape in sys.argv[2:]])
