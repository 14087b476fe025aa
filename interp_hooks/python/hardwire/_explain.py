"""Explanations: a function's loops with their source, and what keeps each line from being faster."""

import os

from ._report import Text, library, name_of, plural

_CODE = type((lambda: None).__code__)
_OURS = os.path.dirname(__file__)
# How many findings a report names.
_MOST = 5
# What is lost below this, in microseconds, is no line of a report.
_WORTH_US = 1000


def _codes(code):
    """A code object and those in it."""
    found = [code]
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            found += _codes(constant)
    return found


def codes_of(function):
    """The code objects of a function, method, property, class or code object, with those of what decorators have wrapped: a tuple.
    None for None, which means all.

    TypeError: it has none.
    """
    if function is None:
        return None
    codes = _found(function, set())
    if not codes:
        raise TypeError(f"explain() takes a function, method, class or code object, not {function!r}")
    return tuple(codes)


def _found(function, seen):
    """The code objects of an object that was not seen yet."""
    if id(function) in seen:
        return []
    seen.add(id(function))
    if isinstance(function, type):
        return [code for part in vars(function).values() for code in _found(part, seen)]
    code = function if isinstance(function, _CODE) else getattr(function, "__code__", None)
    codes = _codes(code) if isinstance(code, _CODE) else []
    for name in ("__func__", "fget", "__wrapped__"):
        part = getattr(function, name, None)
        if part is not None:
            codes += _found(part, seen)
    return codes


def _time(us):
    """A time in microseconds, for people."""
    return f"{us / 1e6:.2f} s" if us >= 1e6 else f"{us / 1000:.1f} ms"


def _times(loop):
    """Where the time went that was seen."""
    parts = [
        f"{_time(loop[key])} {text}"
        for key, text in (
            ("native_us", "in native code"),
            ("called_us", "in what it calls through the interpreter"),
            ("interpreted_us", "in the interpreter"),
        )
        if loop[key]
    ]
    return ", ".join(parts)


def _title(loop):
    """A loop's place and what became of it."""
    parts = [loop["state"]]
    if loop["versions"]:
        parts[0] += f" in {_time(loop['compile_us'])}, {loop['code_bytes']} bytes of machine code"
    if loop["versions"] > 1:
        parts.append(plural(loop["versions"], "version"))
    if loop["entries"]:
        parts.append(f"{plural(loop['entries'], 'entry')}, {plural(loop['iterations'], 'iteration')}")
    if _times(loop):
        parts.append(_times(loop))
    return f"{name_of(loop['file'])}:{loop['line']} {loop['function']}: {'; '.join(parts)}"


def _notes(loop):
    """What there is to say of a loop's lines: {line: [(kind, text)]}; line None is for what lies elsewhere."""
    notes = {}
    for finding in loop["findings"]:
        at = finding["line"] if finding["own"] else None
        text = finding["what"] if finding["own"] else f"{finding['at']}: {finding['what']}"
        if finding["lost_us"] >= _WORTH_US:
            text += f" (about {_time(finding['lost_us'])})"
        notes.setdefault(at, []).append(("lost", text))
        if finding["help"]:
            notes[at].append(("help", finding["help"]))
    for leave in loop["exits"]:
        at = leave["line"] if leave["own"] else None
        text = f"left {plural(leave['times'], 'time')}: {leave['words']}"
        notes.setdefault(at, []).append(("exit", text if leave["own"] else f"{leave['at']}: {text}"))
    return notes


_MARKS = {"lost": "!", "help": ">", "exit": "-"}


def _lines(loop):
    """One loop as lines of text."""
    notes = _notes(loop)
    lines = [_title(loop)]
    for line, source in loop["source"]:
        lines.append(f"  {line:5} | {source}")
        lines += [f"        {_MARKS[kind]} {text}" for kind, text in notes.pop(line, [])]
    for rest in notes.values():
        lines += [f"        {_MARKS[kind]} {text}" for kind, text in rest]
    return lines


def _markup(loops, nothing):
    """The same for a notebook."""
    from html import escape

    colours = {"lost": "#b45309", "help": "#15803d", "exit": "#6b7280"}
    parts = []
    for loop in loops:
        notes = _notes(loop)
        rows = []
        for line, source in [*loop["source"], (None, "")]:
            said = "".join(
                f"<div style='color:{colours[kind]}'>{escape(_MARKS[kind])} {escape(text)}</div>"
                for kind, text in notes.get(line, [])
            )
            if line is not None or said:
                rows.append(
                    f"<tr><td style='text-align:right;opacity:.6'>{line or ''}</td>"
                    f"<td style='text-align:left'><code style='white-space:pre'>{escape(source)}</code>{said}</td></tr>"
                )
        parts.append(f"<p><b>{escape(_title(loop))}</b></p><table><tbody>{''.join(rows)}</tbody></table>")
    return "".join(parts) or f"<p>{escape(nothing)}</p>"


def explain(story, function):
    """What became of the loops of a function, as a text that notebooks show with its markup."""
    loops = story["loops"]
    name = getattr(function, "__qualname__", None) or getattr(function, "co_qualname", "this program")
    nothing = f"{name} has no loop that became hot"
    lines = [text for loop in loops for text in [*_lines(loop), ""]] or [nothing]
    return Text("\n".join(lines).rstrip() + "\n", lambda: _markup(loops, nothing))


def costs(story):
    """What costs most in the program's own loops: a list of lists of lines."""
    own = [loop for loop in story["loops"] if library(loop["file"]) is None and os.path.dirname(loop["file"]) != _OURS]
    found = [finding for loop in own for finding in loop["findings"] if finding["lost_us"] >= _WORTH_US]
    found.sort(key=lambda finding: -finding["lost_us"])
    told = []
    for finding in found[:_MOST]:
        text = [f"{_time(finding['lost_us'])}  {finding['at']}: {finding['what']}"]
        if finding["help"]:
            text.append(f"    {finding['help']}")
        told.append(text)
    return told
