"""`python -m hardwire`: what Hardwire found in this interpreter, and what is on. Exit status 1 if it is off.

With `--json` the same for programs:
{"on", "why", "checks": [[name, passed, detail]], "calls": [[binding, compiled, detail]], "gil": [handed_off, why_not]}.
"""

import sys

import hardwire


def _ctypes():
    """A loop around a call through ctypes, and what it should return."""
    import ctypes

    labs = ctypes.CDLL(None).labs
    labs.argtypes, labs.restype = [ctypes.c_long], ctypes.c_long

    def loop():
        total = 0
        for i in range(200):
            total += labs(-i)
        return total

    return f"ctypes {ctypes.__version__}", loop


def _cffi():
    """The same through cffi."""
    import cffi

    ffi = cffi.FFI()
    ffi.cdef("long labs(long);")
    labs = ffi.dlopen(None).labs

    def loop():
        total = 0
        for i in range(200):
            total += labs(-i)
        return total

    return f"cffi {cffi.__version__}", loop


def _try_binding(name, make):
    """(binding, compiled, detail): runs a loop around a call and looks what became of it."""
    try:
        title, loop = make()
    except ImportError as error:
        return [name, False, f"not in this interpreter: {error}"]
    except Exception as error:  # another program's library may fail in any way
        return [name, False, f"does not work in this interpreter: {type(error).__name__}: {error}"]
    if loop() != 19900:
        return [title, False, "the loop came to a wrong result"]
    code = loop.__code__
    mine = [
        found
        for found in hardwire.stats()["loops"]
        if found["file"] == code.co_filename and code.co_firstlineno <= found["line"] < code.co_firstlineno + 5
    ]
    if any(found["state"] == "compiled" for found in mine):
        return [title, True, "calls run as native code"]
    return [title, False, "; ".join(found["reason"] or found["state"] for found in mine) or "its loop did not get hot"]


def examine():
    """Runs the self-checks, tries to switch Hardwire on, and compiles a loop through each binding."""
    checks, calls, gil, why = [], [], [False, ""], ""
    try:
        checks = [list(check) for check in hardwire.selfcheck()]
        hardwire.enable(threshold=20)
        gil = hardwire._gil()
        calls = [_try_binding(name, make) for name, make in (("ctypes", _ctypes), ("cffi", _cffi))]
    except RuntimeError as error:
        why = str(error)
    return {"on": hardwire.is_enabled(), "why": why, "checks": checks, "calls": calls, "gil": gil}


def _print(found):
    """The outcome for people: what failed in full, what passed in one line."""
    failed = [check for check in found["checks"] if not check[1]]
    print(f"self-checks: {len(found['checks']) - len(failed)} of {len(found['checks'])} passed")
    for name, passed, detail in found["checks"]:
        print(f"  {'ok  ' if passed else 'FAIL'} {name}{': ' + detail if detail else ''}")
    print("calls:")
    for name, compiled, detail in found["calls"]:
        print(f"  {'on ' if compiled else 'off'} {name}: {detail}")
    if not found["calls"]:
        print("  off all: Hardwire is off")
    handed_off, why_not = found["gil"]
    if handed_off:
        print("GIL: short calls keep it and hand it off when they last")
    elif found["calls"]:
        print(f"GIL: every call releases it and takes it back, which costs 30 to 50 ns: {why_not}")
    state = "on" if found["on"] else f"off: {found['why']}"
    print(f"Hardwire is {state} (Python {sys.version.split()[0]})")


def main():
    """Prints the outcome; returns the exit status."""
    found = examine()
    if "--json" in sys.argv[1:]:
        import json

        print(json.dumps(found))
    else:
        _print(found)
    return 0 if found["on"] else 1


if __name__ == "__main__":
    sys.exit(main())
