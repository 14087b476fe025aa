"""Builds `_shapes`, the cffi API-mode module of shapes: `build_api.py FOLDER LIBRARY SHAPE_FOLDER...`.

LIBRARY is the system's library that the shapes call, such as `libz.so.1`; empty, where their own sources are all.
"""

import sys
from pathlib import Path

from cffi import FFI


def main(folder, library, shapes):
    builder = FFI()
    headers = [header for header in (shape / "shape.h" for shape in shapes) if header.exists()]
    for header in headers:
        builder.cdef(header.read_text())
    includes = "\n".join(f'#include "{header}"' for header in headers)
    sources = [str(source) for source in (shape / "shape.c" for shape in shapes) if source.exists()]
    options = dict(sources=sources, extra_compile_args=["-O2"])
    if library:
        # By the file's name: the link without a version (`-lz`) comes with the package for developers only.
        options["extra_link_args"] = [f"-l:{library}"]
    builder.set_source("_shapes", includes, **options)
    builder.compile(tmpdir=folder)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], [Path(shape) for shape in sys.argv[3:]])
