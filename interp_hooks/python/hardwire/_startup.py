"""Starts Hardwire with the interpreter, when `-X hardwire` or `HARDWIRE` asks for it.

Called from `hardwire.pth` (an installed wheel) and by the `hardwire` command. Nothing here may harm the program: if
Hardwire cannot run, one line on stderr says so and the program runs without it. Only a mistake in the options stops
it, with exit status 2: it would otherwise run in a way its user did not ask for.
"""

import os
import sys

_OFF = ("", "0", "off")
_ON = ("1", "on")

_started = False


def requested_options():
    """The words of `HARDWIRE` and of `-X hardwire` (which come last and so win), or None when neither asks for Hardwire.

    Bare `-X hardwire`, and `HARDWIRE=1`, mean on with no words. Bare `-X hardwire=0` is off, whatever HARDWIRE says.
    """
    environment = None
    if not sys.flags.ignore_environment:
        environment = os.environ.get("HARDWIRE")
    flag = sys._xoptions.get("hardwire")
    if flag in _OFF:
        return None
    words = []
    if environment is not None and environment not in _OFF:
        words.append(environment)
    if flag is not None:
        words.append("" if flag is True else flag)
    if not words:
        return None
    return ",".join(word for word in words if word and word not in _ON)


def _say(text):
    """One line on stderr."""
    try:
        sys.stderr.write(f"hardwire: {text}\n")
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        pass  # no stderr: nobody to tell


def start():
    """Starts Hardwire if it is asked for; again is no work: site reads a .pth twice in a virtual environment."""
    global _started
    if _started:
        return
    _started = True
    words = requested_options()
    if words is None:
        return

    import hardwire

    try:
        native = hardwire._load()
        native.check_options(words)
    except ValueError as error:
        _say(error)
        # Not SystemExit: raised while `site` is imported it would end in a fatal error and a traceback.
        os._exit(2)
    except RuntimeError as error:
        # A sub-interpreter runs `site` too. Hardwire serves the main one alone, and has said so in its documentation.
        if "does not support loading in subinterpreters" not in str(error):
            _say(f"off: {error}")
        return
    try:
        hardwire._enable(native, words)
    except RuntimeError as error:
        _say(f"off: {error}")
