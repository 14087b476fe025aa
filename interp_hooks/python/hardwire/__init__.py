"""Hardwire: a tracing JIT that plugs into the CPython you already have.

Start a program with it::

    python -X hardwire app.py          # or HARDWIRE=1 in the environment
    python -X hardwire=report app.py   # and say at exit what was compiled

or switch it on where it is wanted::

    import hardwire
    hardwire.enable(threshold=50)
    ...
    print(hardwire.report())
    hardwire.disable()

Options are words, the same in ``-X hardwire=...``, in ``HARDWIRE`` and as keyword arguments of `enable`:
``report``, ``threshold=N``, ``all``, ``dump=DIR``, ``perf``, ``jitdump=DIR``, ``gdb``. ``python -m hardwire`` tells what is on in this
interpreter, and why if it is off.

Importing this package starts nothing, and works on every Python: where Hardwire cannot run, `enable` says why.
"""

# What is not needed to start is imported where it is used: the start of every program waits for this.
import sys

__all__ = ["disable", "dump", "enable", "explain", "is_enabled", "leaf", "report", "selfcheck", "stats"]


# The native module, once `_load` brought it in.
_native = None
# What `leaf` was told of while Hardwire was off.
_promised = []
# Whether `_wake_at_fork` has done its work.
_wakes_at_fork = False
# Whether `_end_at_exit` has.
_ends_at_exit = False


def _refusal():
    """Why the native module must not even be loaded here, or None.

    It is built against the limited API of CPython 3.12. Everything finer (the versions it knows, builds, private
    layouts) it checks itself.
    """
    found = f"{sys.implementation.name} {'.'.join(map(str, sys.version_info[:3]))} on {sys.platform}"
    if sys.implementation.name != "cpython" or sys.version_info < (3, 12) or sys.platform != "linux":
        return f"Hardwire supports CPython 3.12 and 3.13 on x86-64 Linux; this is {found}"
    return None


def _load():
    """The native module; RuntimeError where there is none for this interpreter."""
    global _native
    if _native is None:
        refusal = _refusal()
        if refusal:
            raise RuntimeError(refusal)
        try:
            from . import _hardwire
        except ImportError as error:
            raise RuntimeError(f"Hardwire's native module cannot be loaded: {error}") from error
        _native = _hardwire
    return _native


class _Plain:
    """How `_json` makes values: as `json.loads` does by default."""

    strict = True
    object_hook = object_pairs_hook = parse_constant = None
    parse_float, parse_int = float, int


def _decode(text):
    """The value of a JSON text of the native module.

    By the part of `json` that is in C: a program may have a module called json, and importing the real one, which
    imports `re`, is most of what a start would take.
    """
    from _json import make_scanner

    value, _end = make_scanner(_Plain)(text, 0)
    return value


def _words(options):
    """Keyword options as the words that `-X hardwire=` takes: one table, in the native module, knows them all."""
    words = []
    for name, value in options.items():
        if value is True:
            words.append(name)
        elif value is not False and value is not None:
            if "," in str(value):
                raise ValueError(f"option '{name}': a value cannot contain a comma (got {str(value)!r})")
            words.append(f"{name}={value}")
    return ",".join(words)


def enable(**options):
    """Switches Hardwire on in this process; calling it again does nothing.

    Options: ``report=True`` prints the report at exit, ``threshold=N`` is how often a loop must go round before it
    is compiled, ``all=True`` compiles loops even where no gain is expected, ``dump="DIR"`` writes
    a dump there, see `dump`. ``perf=True`` names machine code for ``perf report``, ``jitdump="DIR"`` writes it for
    ``perf inject --jit``, ``gdb=True`` has gdb name it and unwind through it.

    ValueError: an option that is not known, or a wrong value. RuntimeError: Hardwire cannot run in this interpreter;
    the text says why, and nothing has changed.
    """
    native = _load()
    _enable(native, _words(options))


def _enable(native, words):
    """Starts the engine with the words of `-X hardwire=`."""
    native.check_options(words)
    if native.is_enabled():
        return
    native.enable(words)
    while _promised:
        native.leaf(_promised.pop())
    _wake_at_fork(native)
    asked = [word.strip() for word in words.split(",")]
    folder = next((word[5:] for word in reversed(asked) if word.startswith("dump=")), None)
    if folder:
        try:
            _begin_dump(native, folder)
        except OSError as error:
            _say(f"hardwire: {error}\n")
    if "report" in asked:
        # What is registered first runs last.
        _end_at_exit(native)
        _report_at_exit()


def _wake_at_fork(native):
    """Has those who fork wake the loops that wait for the compiler, once."""
    global _wakes_at_fork
    if not _wakes_at_fork:
        from posix import register_at_fork

        register_at_fork(after_in_parent=native._after_fork, after_in_child=native._after_fork)
        _wakes_at_fork = True


def _report_at_exit():
    """Has the report printed when the process ends, once."""
    import atexit

    atexit.unregister(_print_report)
    atexit.register(_print_report)


def _print_report():
    """Prints the report on stderr, if there is still one."""
    _say(report())


def _say(text):
    """Writes a text to stderr, if there is still one."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        pass  # stderr is None, broken or closed


def _end_at_exit(native):
    """Has a dump be whole, and no time sampled any more, when the process ends."""
    global _ends_at_exit
    if not _ends_at_exit:
        import atexit

        atexit.register(native._end_dump)
        _ends_at_exit = True


def _begin_dump(native, folder):
    """Begins a dump, which is whole when the process ends."""
    from os import fsdecode

    native.dump(fsdecode(folder))
    _end_at_exit(native)


def dump(folder):
    """Writes what becomes of every loop to a folder from now on, with what has become of them so far.

    As `-X hardwire=dump=DIR` does from the start. ``hardwire trace list DIR`` and its sisters read it. Each process writes a file
    of its own, which is complete up to its last record whatever becomes of the process.

    RuntimeError: Hardwire is off. OSError: the folder cannot be written.
    """
    if not is_enabled():
        raise RuntimeError("Hardwire is off: hardwire.enable() first")
    _begin_dump(_native, folder)


def disable():
    """Switches Hardwire off: no loop is entered or compiled any more. What `stats` counted is kept."""
    if _native is not None:
        _native.disable()


def leaf(function):
    """Promises that a foreign function neither blocks nor calls back into Python; returns the function.

    Loops that are compiled from then on call it with nothing around the call: the GIL is kept, and other threads wait
    as long as it runs. It is a function of cffi or ctypes; the promise is about what lies at its address (where a loop
    calls through a pointer that varies it is as if nothing had been promised). A promise that is not kept can stop the
    program for good.

    TypeError: it is none of these.
    """
    if not _is_foreign(function):
        raise TypeError(f"leaf() takes a function of cffi or ctypes, not {function!r}")
    if is_enabled():
        _native.leaf(function)
    else:
        _promised.append(function)
    return function


def _is_foreign(function):
    """Whether it is a function of cffi or ctypes. What was never imported has made none."""
    ctypes, cffi = map(sys.modules.get, ("_ctypes", "_cffi_backend"))
    if ctypes is not None and isinstance(function, ctypes.CFuncPtr):
        return True
    if cffi is None:
        return False
    if isinstance(function, cffi._CDataBase):
        return cffi.typeof(function).kind == "function"
    return isinstance(getattr(function, "__self__", None), cffi.Lib)


def is_enabled():
    """Whether Hardwire is on."""
    return _native is not None and _native.is_enabled()


def stats():
    """What happened so far.

    A dict: ``loops`` (a list of dicts: file, line, function, state, reason, versions, entries, exits by reason,
    compile_ms), and the sums ``compiled``, ``entries``, ``exits``, ``aborted``, and ``recordings``, whatever came of them.
    """
    return _counted()[0]


def _counted():
    """What `stats` gives, the words for the ops that exits name, and whether time is sampled."""
    nothing = {"loops": [], "words": {}, "is_timed": False, "recordings": 0}
    found = _decode(_native.stats()) if _native is not None else nothing
    loops = found["loops"]
    return {
        "loops": loops,
        "compiled": sum(loop["state"] == "compiled" for loop in loops),
        "entries": sum(loop["entries"] for loop in loops),
        "exits": sum(sum(loop["exits"].values()) for loop in loops),
        "aborted": sum(loop["state"] == "left alone" for loop in loops),
        "recordings": found["recordings"],
    }, found["words"], found["is_timed"]


def _story(codes):
    """What the native module tells of the loops of these code objects (a tuple), or of all (None)."""
    return _decode(_native._story(codes)) if _native is not None else {"loops": []}


def report():
    """The statistics as text, one line for each hot loop; a notebook shows a table.

    With the option ``report``, or while a dump is written, the main thread's time is sampled: then what costs most follows.
    """
    from ._explain import costs
    from ._report import Text, markup, render

    counted, words, is_timed = _counted()
    findings = costs(_story(None)) if is_timed else []
    return Text(render(counted, words, findings), lambda: markup(counted, words))


def explain(function=None):
    """What became of the loops of a function, method or class (or of all): their source, what keeps a line from being faster, and
    what would help. A text; a notebook shows it with its markup.

    TypeError: it is none of these.
    """
    from ._explain import codes_of, explain

    return explain(_story(codes_of(function)), function)


def _gil():
    """How foreign calls treat the GIL: [whether short ones may keep it, and if not why]."""
    return _decode(_load().gil())


def selfcheck():
    """Checks what Hardwire must know about this interpreter: a list of (name, passed, detail)."""
    return [tuple(check) for check in _decode(_load().selfcheck())]
