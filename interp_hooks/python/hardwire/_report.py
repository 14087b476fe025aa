"""The report: what became of each hot loop, for people.

The program's own loops come first, those of the libraries behind them; compiled ones before the others.
"""

import os

# Why native code was left, by the operation of the trace that left.
_EXITS = {
    "loop_end": "end of the loop",
    "check": "interruption",
    "guard_true": "other branch",
    "guard_false": "other branch",
    "guard_type": "other type",
    "guard_shared": "last owner",
    "guard_kept": "last owner",
    "guard_is": "other object",
    "unbox_int": "int of more than 64 bits",
    "unbox_uint": "negative int or more than 64 bits",
    "unbox_bits": "int of more than 64 bits",
    "unbox_char": "bytes of another length than 1",
    "unbox_uchar": "str of another length than 1",
    "ftoi": "float beyond 64 bits",
    "call_new": "exception",
    "iadd_ovf": "overflow",
    "isub_ovf": "overflow",
    "imul_ovf": "overflow",
    "call_py": "exception",
    "call_py_bool": "exception",
}
_STATES = {"compiled": 0, "left alone": 1, "counting": 2}


def plural(count, noun):
    """`1 exit`, `2 exits`, `2 entries`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def _exits(exits):
    """Exits by reason and place, the most frequent first."""
    ordered = sorted(exits.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {_exit(key)}" for key, count in ordered)


def _exit(key):
    """`guard_type at 30` in words; a key of another form as it is."""
    operation, at, place = key.partition(" at ")
    if not at:
        return key
    where = f"bytecode {place}" if place.isdigit() else place
    return f"{_EXITS.get(operation, operation)} ({where})"


def _library(file):
    """The name of a library's file below the folder of all libraries; None for the program's own files."""
    if file.startswith("<frozen "):
        return file
    _, packages, name = file.rpartition(os.sep + "site-packages" + os.sep)
    if packages:
        return name
    folder = os.path.dirname(os.__file__) + os.sep
    return file[len(folder) :] if file.startswith(folder) else None


def _name(file):
    """A library's file below its folder, another relative to the working directory if it lies below that."""
    library = _library(file)
    if library is not None:
        return library
    try:
        relative = os.path.relpath(file)
    except (OSError, ValueError):
        return file  # the working directory is gone
    return file if file.startswith("<") or relative.startswith(os.pardir) else relative


def _order(loop):
    """Where a loop stands in the report."""
    state = _STATES.get(loop["state"], len(_STATES))
    return _library(loop["file"]) is not None, state, loop["file"], loop["line"]


def _state(loop):
    """What became of a loop, in words."""
    if loop["state"] == "counting":
        state = "not compiled yet"
    else:
        state = loop["state"]
    if loop["reason"]:
        return f"{state}: {loop['reason']}"
    if loop["state"] == "compiled" and loop.get("compile_ms"):
        return f"{state} in {loop['compile_ms']:.1f} ms"
    return state


def _line(loop):
    """One loop's line."""
    parts = [_state(loop)]
    if loop["versions"] > 1:
        parts.append(plural(loop["versions"], "version"))
    if loop["entries"]:
        parts.append(plural(loop["entries"], "entry"))
    if loop["exits"]:
        parts.append(f"exits: {_exits(loop['exits'])}")
    return f"  {_name(loop['file'])}:{loop['line']} {loop['function']}: {'; '.join(parts)}"


def render(stats):
    """The report of `hardwire.stats()` as text. `hardwire demo` reads its first line."""
    loops = sorted(stats["loops"], key=_order)
    head = ", ".join(
        (
            plural(len(loops), "hot loop"),
            f"{stats['compiled']} compiled",
            plural(stats["entries"], "entry"),
            plural(stats["exits"], "exit"),
        )
    )
    return "\n".join([f"hardwire: {head}", *map(_line, loops)]) + "\n"
