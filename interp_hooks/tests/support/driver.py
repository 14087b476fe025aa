"""Runs test programs one after the other in this process, each as a `__main__` of its own, and reports what each did.

`driver.py JOBS RESULTS`: JOBS is a JSON object with "threshold" (null: Hardwire stays off), "timeout", "stress" (words: `gc` collects at nearly
each allocation, `threads` lets another thread take the GIL as often as it can) and "programs" (paths).
RESULTS gets one JSON object a line: {"start": path} before a program and its outcome behind it, so that a crash can be laid at its door.
"""

import faulthandler
import gc
import io
import json
import sys
import threading
import traceback
import types
import warnings


def own_loops(path):
    """What Hardwire says about the loops of one file."""
    hardwire = sys.modules.get("hardwire")
    if hardwire is None:
        return []
    return [loop for loop in hardwire.stats()["loops"] if loop["file"] == path]


def trace_text(error):
    """The traceback of a program's error, less this driver's frames."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def exit_status(error):
    """The exit status that CPython gives a program that ended in SystemExit."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def reset():
    """Takes back what a program may have set for the whole process."""
    sys.settrace(None)
    sys.setprofile(None)
    threading.settrace(None)
    threading.setprofile(None)
    sys.setswitchinterval(0.005)
    gc.enable()
    warnings.resetwarnings()


def execute(path, module):
    """Runs one program and returns its exit status."""
    with open(path) as source:
        code = compile(source.read(), path, "exec")
    try:
        exec(code, module.__dict__)
    except SystemExit as error:
        return exit_status(error), code
    except BaseException as error:
        sys.stderr.write(trace_text(error))
        # Break the cycle error -> traceback -> frame, which would keep the program's locals alive for longer than a process's end does.
        error.__traceback__ = None
        return 1, code
    return 0, code


def stress(words):
    """Makes the process a rough place."""
    if "gc" in words:
        gc.set_threshold(1)
    if "threads" in words:
        sys.setswitchinterval(1e-5)


def disturb():
    """What the other thread does: Python code that asks for the GIL and gives it up."""
    while True:
        sum(range(50))


def run(path, results, timeout, words):
    """Runs one program with its own standard streams and writes its outcome."""
    print(json.dumps({"start": path}), file=results, flush=True)
    faulthandler.dump_traceback_later(timeout, exit=True)
    module = types.ModuleType("__main__")
    module.__file__ = path
    stdout, stderr, main = sys.stdout, sys.stderr, sys.modules["__main__"]
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    sys.modules["__main__"] = module
    stress(words)
    try:
        status, code = execute(path, module)
        reset()
        # Asked while `code` lives: a code object that dies takes its loops along.
        loops = own_loops(path)
        module.__dict__.clear()
        gc.collect()
        outcome = {
            "path": path,
            "status": status,
            "stdout": sys.stdout.getvalue(),
            "stderr": sys.stderr.getvalue(),
            "loops": loops,
        }
        del code
    finally:
        sys.stdout, sys.stderr, sys.modules["__main__"] = stdout, stderr, main
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps(outcome), file=results, flush=True)


def main():
    """Runs all the jobs."""
    with open(sys.argv[1]) as file:
        jobs = json.load(file)
    faulthandler.enable()
    import bindings  # noqa: F401  loaded before Hardwire, so that its own loops do not show in the programs' reports

    if jobs["threshold"] is not None:
        import hardwire

        hardwire.enable(threshold=jobs["threshold"], all=True)
    if "threads" in jobs["stress"]:
        threading.Thread(target=disturb, daemon=True).start()
    with open(sys.argv[2], "a") as results:
        # A map and not a loop: the driver's own loop would be the first thing compiled, around every program.
        list(map(lambda path: run(path, results, jobs["timeout"], jobs["stress"]), jobs["programs"]))


if __name__ == "__main__":
    main()
