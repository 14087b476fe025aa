"""Runs the loop of a file through a binding once: `once.py BINDING LIBRARY FILE ITERATIONS`. Prints the result.

What it takes is measured from outside, as the process CPU time of everything from the interpreter's start.
"""

import os
import sys


def main(binding, library, path, iterations):
    import bindings

    sys.modules["binding"] = bindings.module(binding, library, os.path.dirname(path))
    # As an import does it, without what would be imported for it.
    scope = {"__name__": "shape"}
    with open(path) as file:
        exec(compile(file.read(), path, "exec"), scope)
    print(repr(scope["loop"](int(iterations))))


if __name__ == "__main__":
    main(*sys.argv[1:])
