"""The test library through every binding, for the test programs.

`ffi`, `lib` (cffi ABI mode), `out_ffi`, `out` (ABI mode, out of line), `api_ffi`, `api` (API mode), `cdll` and `pydll` (ctypes, with argtypes and restype) are shared by the programs of a
process; a program that changes a library object opens its own with `open_abi`, `open_cdll` or `open_pydll`.
"""

import ctypes
import os
import re

import _clib_abi
import _clib_api
import cffi

PATH = os.environ["HARDWIRE_TEST_CLIB"]
HERE = os.path.dirname(os.path.abspath(__file__))


def open_ffi():
    """A fresh ffi with everything declared."""
    own = cffi.FFI()
    for name in ("clib.h", "memory.h"):
        with open(os.path.join(HERE, name), encoding="utf-8") as header:
            own.cdef(header.read())
    return own


ffi = open_ffi()

out_ffi = _clib_abi.ffi
out = out_ffi.dlopen(PATH)
api_ffi = _clib_api.ffi
api = _clib_api.lib
# Those of clib.h; what memory.h declares is for cffi alone.
with open(os.path.join(HERE, "clib.h"), encoding="utf-8") as _header:
    FUNCTIONS = sorted(set(re.findall(r"(\w+)\(", _header.read())) & {name for name in dir(api) if callable(getattr(api, name))})

_CTYPES = {
    "void": None,
    "_Bool": ctypes.c_bool,
    "char": ctypes.c_char,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "void *": ctypes.c_void_p,
    "char *": ctypes.c_char_p,
    "char const *": ctypes.c_char_p,
    "int *": ctypes.POINTER(ctypes.c_int),
    "int const *": ctypes.POINTER(ctypes.c_int),
    "double *": ctypes.POINTER(ctypes.c_double),
    "double const *": ctypes.POINTER(ctypes.c_double),
    "unsigned char *": ctypes.c_char_p,
    "unsigned char const *": ctypes.c_char_p,
    "int(*)(int)": ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int),
    "void(*)()": ctypes.CFUNCTYPE(None),
    "signed char": ctypes.c_byte,
    "unsigned char": ctypes.c_ubyte,
    "short": ctypes.c_short,
    "unsigned short": ctypes.c_ushort,
    "int": ctypes.c_int,
    "unsigned int": ctypes.c_uint,
    "long": ctypes.c_long,
    "unsigned long": ctypes.c_ulong,
    "long long": ctypes.c_longlong,
    "unsigned long long": ctypes.c_ulonglong,
    "size_t": ctypes.c_size_t,
    "ssize_t": ctypes.c_ssize_t,
}


def ctype_of(cffi_type):
    """The ctypes type that stands for a cffi type."""
    fixed_width = re.fullmatch(r"(u?int\d+)_t", cffi_type.cname)
    if fixed_width:
        return getattr(ctypes, f"c_{fixed_width[1]}")
    return _CTYPES[cffi_type.cname]


def signature(name):
    """(result, arguments) of a function of the library, as cffi types."""
    function = api_ffi.typeof(getattr(api, name))
    return function.result, function.args


def declare(library):
    """Gives every function of a ctypes library its argtypes and restype."""
    for name in FUNCTIONS:
        result, arguments = signature(name)
        function = getattr(library, name)
        function.restype = ctype_of(result)
        function.argtypes = [ctype_of(argument) for argument in arguments]
    return library


def open_abi():
    """A fresh (ffi, lib) pair in ABI mode."""
    own = open_ffi()
    return own, own.dlopen(PATH)


def open_cdll(**options):
    """A fresh ctypes.CDLL with declared functions."""
    return declare(ctypes.CDLL(PATH, **options))


def open_pydll():
    """A fresh ctypes.PyDLL (keeps the GIL) with declared functions."""
    return declare(ctypes.PyDLL(PATH))


def open_bare():
    """A fresh ctypes.CDLL as ctypes gives it: no argtypes, results are int."""
    return ctypes.CDLL(PATH)


lib = ffi.dlopen(PATH)
cdll = open_cdll()
pydll = open_pydll()


def calls():
    """What the library counted since `api.calls_reset()`: how many calls, and the hash of their order."""
    return api.calls_made(), api.calls_trail()
