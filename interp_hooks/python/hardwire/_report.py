"""The report: what became of each hot loop, for people."""

import os


def plural(count, noun):
    """`1 exit`, `2 exits`, `2 entries`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def _exits(exits):
    """Exits by reason, the most frequent first."""
    ordered = sorted(exits.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {reason}" for reason, count in ordered)


def _place(loop):
    """`file:line function`, the file relative to the working directory when it lies below it."""
    file = loop["file"]
    try:
        relative = os.path.relpath(file)
        if not relative.startswith(os.pardir):
            file = relative
    except (OSError, ValueError):
        pass  # the working directory is gone: the name as it is
    return f"{file}:{loop['line']} {loop['function']}"


def _line(loop):
    """One loop's line."""
    state = loop["state"]
    if loop["reason"]:
        state += f": {loop['reason']}"
    parts = [state]
    if loop["versions"] > 1:
        parts.append(plural(loop["versions"], "version"))
    if loop["entries"]:
        parts.append(plural(loop["entries"], "entry"))
    if loop["exits"]:
        parts.append(f"exits: {_exits(loop['exits'])}")
    return f"  {_place(loop)}: {'; '.join(parts)}"


def render(stats):
    """The report of `hardwire.stats()` as text. `hardwire demo` and `hardwire bench` read its first line."""
    loops = stats["loops"]
    head = ", ".join(
        (
            plural(len(loops), "hot loop"),
            f"{stats['compiled']} compiled",
            plural(stats["entries"], "entry"),
            plural(stats["exits"], "exit"),
        )
    )
    return "\n".join([f"hardwire: {head}", *map(_line, loops)]) + "\n"
