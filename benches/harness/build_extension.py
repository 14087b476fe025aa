"""Builds the module `functions` with Cython or nanobind: `build_extension.py FOLDER PEER SOURCE SHAPES C_SOURCE...`.

SHAPES is the folder that the headers are found in; the C sources are compiled into the module.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

OPTIONS = ["-O2", "-fPIC"]


def compilers():
    """The C and the C++ compiler."""
    return os.environ.get("CC", "cc").split(), os.environ.get("CXX", "c++").split()


def cython(folder, source):
    """The C file that Cython makes, the compiler for it, and its options."""
    made = folder / "functions.c"
    subprocess.run([sys.executable, "-m", "cython", "-3", source, "-o", made], check=True)
    return [made], compilers()[0], []


def nanobind(folder, source):
    """The C++ files, the compiler for them, and its options."""
    import nanobind as package

    root = Path(package.source_dir()).parent
    includes = [root / "include", root / "ext" / "robin_map" / "include"]
    options = ["-std=c++17", "-fvisibility=hidden", *(f"-I{include}" for include in includes)]
    return [source, root / "src" / "nb_combined.cpp"], compilers()[1], options


def main(folder, peer, source, shapes, *c_sources):
    folder = Path(folder)
    sources, compiler, options = {"cython": cython, "nanobind": nanobind}[peer](folder, source)
    includes = [f"-I{shapes}", f"-I{sysconfig.get_path('include')}"]
    objects = []
    for index, one in enumerate([*sources, *c_sources]):
        is_own = index < len(sources)
        command = [*(compiler if is_own else compilers()[0]), *OPTIONS, *(options if is_own else [])]
        objects.append(folder / f"{index}.o")
        subprocess.run([*command, *includes, "-c", one, "-o", objects[-1]], check=True)
    module = folder / ("functions" + sysconfig.get_config_var("EXT_SUFFIX"))
    subprocess.run([*compiler, "-shared", *objects, "-o", module], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
