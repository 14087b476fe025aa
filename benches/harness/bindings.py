"""A shape's library through each binding, as the module `binding` that the shapes import.

cffi's have `ffi` and `lib`; ctypes' have `lib`, `open_library(**options)` and `function_type`; a compiled module has `lib`, and Numba
`lib` and `njit`.
"""

import ctypes
import types
from pathlib import Path


def cffi_abi(library, shape):
    """cffi, ABI mode."""
    from cffi import FFI

    ffi = FFI()
    header = Path(shape) / "shape.h"
    if header.exists():
        ffi.cdef(header.read_text())
    return dict(ffi=ffi, lib=ffi.dlopen(library))


def cffi_api(library, shape):
    """cffi, API mode."""
    import _shapes

    return dict(ffi=_shapes.ffi, lib=_shapes.lib)


def cdll(library, shape):
    """ctypes, releasing the GIL around each call."""
    return _ctypes(ctypes.CDLL, ctypes.CFUNCTYPE, library)


def pydll(library, shape):
    """ctypes, keeping the GIL."""
    return _ctypes(ctypes.PyDLL, ctypes.PYFUNCTYPE, library)


def _ctypes(loader, function_type, library):
    return dict(
        lib=loader(library),
        open_library=lambda **options: loader(library, **options),
        function_type=function_type,
    )


def pure(library, shape):
    """No binding: Python alone."""
    return {}


def extension(library, shape):
    """A compiled module whose functions wrap the library's: what Cython or nanobind made."""
    import functions

    return dict(lib=functions)


def numba(library, shape):
    """Numba, which knows ctypes' functions."""
    from numba import njit

    return dict(lib=ctypes.CDLL(library), njit=njit)


BINDINGS = {
    "cffi-abi": cffi_abi,
    "cffi-api": cffi_api,
    "cdll": cdll,
    "pydll": pydll,
    "pure": pure,
    "extension": extension,
    "numba": numba,
}


def module(name, library, shape):
    """The module `binding`."""
    made = types.ModuleType("binding")
    vars(made).update(BINDINGS[name](library, shape))
    return made
