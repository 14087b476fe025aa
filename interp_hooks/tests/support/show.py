"""Printing for test programs: exact, and free of addresses and other chance."""

import re

_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def text(value):
    """A value as text: type and exact value, floats in hexadecimal."""
    if isinstance(value, float):
        return f"float {value.hex()}"
    if isinstance(value, (tuple, list)):
        return f"{type(value).__name__}({', '.join(map(text, value))})"
    return f"{type(value).__name__} {_ADDRESS.sub('0x..', repr(value))}"


def show(*values):
    """Prints values, each with its type."""
    print(*map(text, values), sep=" | ")


def error(exception):
    """An exception as text."""
    return f"{type(exception).__name__}: {_ADDRESS.sub('0x..', str(exception))}"
