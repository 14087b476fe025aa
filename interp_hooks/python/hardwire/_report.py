"""The report: what became of each hot loop, for people.

The program's own loops come first, those of the libraries behind them; compiled ones before the others.
"""

import os

_STATES = {"compiled": 0, "left alone": 1, "counting": 2}


class Text(str):
    """A text that a notebook shows as it was meant: with the markup that it also has."""

    def __new__(cls, text, markup):
        self = super().__new__(cls, text)
        self._markup = markup
        return self

    def __reduce__(self):
        # A copy elsewhere is the text alone.
        return str, (str(self),)

    def _repr_html_(self):
        return self._markup()


def plural(count, noun):
    """`1 exit`, `2 exits`, `2 entries`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def _exits(exits, words):
    """Exits by reason and place, the most frequent first."""
    ordered = sorted(exits.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {_exit(key, words)}" for key, count in ordered)


def _exit(key, words):
    """`guard_type at line 30` in words; a key of another form as it is."""
    operation, at, place = key.partition(" at ")
    return f"{words.get(operation, operation)} ({place})" if at else key


def library(file):
    """The name of a library's file below the folder of all libraries; None for the program's own files."""
    if file.startswith("<frozen "):
        return file
    _, packages, name = file.rpartition(os.sep + "site-packages" + os.sep)
    if packages:
        return name
    folder = os.path.dirname(os.__file__) + os.sep
    return file[len(folder) :] if file.startswith(folder) else None


def name_of(file):
    """A library's file below its folder, another relative to the working directory if it lies below that."""
    found = library(file)
    if found is not None:
        return found
    try:
        relative = os.path.relpath(file)
    except (OSError, ValueError):
        return file  # the working directory is gone
    return file if file.startswith("<") or relative.startswith(os.pardir) else relative


def _order(loop):
    """Where a loop stands in the report."""
    state = _STATES.get(loop["state"], len(_STATES))
    return library(loop["file"]) is not None, state, loop["file"], loop["line"]


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


def _details(loop, words):
    """What there is to say of a loop beside its name."""
    parts = [_state(loop)]
    if loop["versions"] > 1:
        parts.append(plural(loop["versions"], "version"))
    if loop["entries"]:
        parts.append(plural(loop["entries"], "entry"))
    if loop["exits"]:
        parts.append(f"exits: {_exits(loop['exits'], words)}")
    return "; ".join(parts)


def _head(stats):
    """The first line. `hardwire demo` reads it."""
    return ", ".join(
        (
            plural(len(stats["loops"]), "hot loop"),
            f"{stats['compiled']} compiled",
            plural(stats["entries"], "entry"),
            plural(stats["exits"], "exit"),
        )
    )


def render(stats, words, findings):
    """The report of `hardwire.stats()` as text: a line for each loop, and what costs most where that is known."""
    loops = sorted(stats["loops"], key=_order)
    lines = [f"hardwire: {_head(stats)}"]
    lines += [f"  {name_of(loop['file'])}:{loop['line']} {loop['function']}: {_details(loop, words)}" for loop in loops]
    if findings:
        lines.append("what costs most, of the processor time that was seen:")
        lines += [f"  {text}" for finding in findings for text in finding]
    return "\n".join(lines) + "\n"


def markup(stats, words):
    """The report for a notebook: a table."""
    from html import escape

    rows = "".join(
        f"<tr><td>{escape(name_of(loop['file']))}:{loop['line']}</td><td>{escape(loop['function'])}</td>"
        f"<td style='text-align:left'>{escape(_details(loop, words))}</td></tr>"
        for loop in sorted(stats["loops"], key=_order)
    )
    return (
        f"<p>Hardwire: {escape(_head(stats))}</p><table><thead><tr><th>loop</th><th>function</th>"
        f"<th style='text-align:left'>what became of it</th></tr></thead><tbody>{rows}</tbody></table>"
    )
