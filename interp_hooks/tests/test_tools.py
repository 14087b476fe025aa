"""Tools outside the process: perf finds names for machine code and the code itself, gdb unwinds through it."""

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

PROGRAM = """\
import os, sys
from bindings import lib

def half(x):
    return x / 2

def run(n):
    total = 0.0
    for i in range(n):
        total += half(i) + lib.fsum2(i, 0.5)
    return total

{before}
print(run({turns}))
{behind}
"""
TURNS = 3000
LOOP = re.compile(r"hardwire:program\.py:9 run #\d+$")
# What a child process does: it has inherited a loop, and compiles another one.
FORK = """
child = os.fork()
if not child:
    def other(n):
        total = 0
        for i in range(n):
            total += lib.id_i32(i)
        return total
    other(3000)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(child)
"""


@pytest.fixture
def start(harness):
    """Runs the program with options of the engine: its outcome, with the number of its process."""
    if not harness.has_engine:
        pytest.skip("there is no engine")

    def run(before="", behind="", prefix=(), turns=TURNS, directory=None, **options):
        text = PROGRAM.format(before=before, behind=behind, turns=turns)
        extra = {"HARDWIRE_TEST_OPTIONS": repr(options)}
        process, stats = harness.start(text, True, prefix=prefix, directory=directory, environment=extra)
        outcome = harness.finish(process, stats)
        assert outcome.status == 0, outcome.stdout + outcome.stderr
        outcome.process = process.pid
        return outcome

    return run


def read_map(process):
    """The lines of the map of a process, which is removed: [(start, size, name)]."""
    path = Path(f"/tmp/perf-{process}.map")
    text = path.read_text()
    path.unlink()
    rows = [re.fullmatch("([0-9a-f]+) ([0-9a-f]+) (.+)", line) for line in text.splitlines()]
    assert text.endswith("\n") and all(rows), text
    return [(int(row[1], 16), int(row[2], 16), row[3]) for row in rows]


def check_names(names):
    """The loop is named, and so are the stubs of its calls and what all traces share."""
    assert any(map(LOOP.match, names)), names
    assert any(name.endswith(" (stubs)") for name in names) and "hardwire:trampoline" in names, names


def test_map_of_names(start):
    outcome = start(perf=True)
    rows = sorted(read_map(outcome.process))
    check_names([name for _, _, name in rows])
    # Each address has one name for the life of the process: the memory of code that is gone is not used again.
    for (start_of, size, name), (following, _, other) in zip(rows, rows[1:]):
        assert start_of + size <= following, (name, other)


def test_map_of_a_child(start):
    outcome = start(behind=FORK, perf=True)
    child = int(outcome.stdout.split()[1])
    mine, inherited = read_map(outcome.process), read_map(child)
    assert {row for row in mine if LOOP.match(row[2])} & set(inherited)
    assert any(re.match(r"hardwire:program\.py:\d+ other #", name) for _, _, name in inherited), inherited


def test_map_beside_cpythons_own(start):
    """CPython writes into the same file. From then on nothing is compiled: it takes over the evaluation of frames."""
    behind = "try: sys.activate_stack_trampoline('perf')\nexcept ValueError: print('none')\nhalf(1)"
    outcome = start(behind=behind, perf=True)
    if "none" in outcome.stdout:
        pytest.skip("this interpreter has no support of perf")
    names = [name for _, _, name in read_map(outcome.process)]
    check_names(names)
    assert any(name.startswith("py::") for name in names), names


def test_files_that_the_program_closes(start, tmp_path):
    """What others opened under the numbers of our files stays theirs."""
    mine = tmp_path / "mine"
    before = f"run(20)\nos.closerange(3, 100)\nfiles = [open({str(mine)!r}, 'a') for _ in range(20)]"
    outcome = start(before=before, perf=True, jitdump=str(tmp_path))
    read_map(outcome.process)
    read_dump(tmp_path / f"jit-{outcome.process}.dump")
    assert mine.read_bytes() == b""


@pytest.mark.parametrize("folder", ["/dev/null/nowhere", "/proc"])
def test_a_folder_that_cannot_be_written(start, folder):
    outcome = start(jitdump=folder)
    said = [line for line in outcome.stderr.splitlines() if line.startswith("hardwire: ")]
    assert len(said) == 1 and said[0].startswith(f"hardwire: perf is told nothing more: {folder}/"), outcome.stderr
    assert outcome.stdout == "6750750.0\n" and any(loop["entries"] for loop in outcome.loops)


def read_lines(data):
    """The record of the lines of a piece of code: (its address, [(address, line, file)])."""
    start, count = struct.unpack_from("<QQ", data)
    at, lines = 16, []
    for _ in range(count):
        address, line, _ = struct.unpack_from("<QII", data, at)
        end = data.index(b"\0", at + 16)
        lines.append((address, line, data[at + 16 : end].decode()))
        at = end + 1
    assert at == len(data)
    return start, lines


def read_dump(path):
    """The pieces of code of a dump: [(address, code, name, lines)]."""
    data = path.read_bytes()
    magic, version, at, machine, _, process, _, flags = struct.unpack_from("<6I2Q", data)
    assert (magic, version, machine, flags) == (0x4A695444, 1, 62, 0)
    assert path.name == f"jit-{process}.dump"
    pieces, before, described = [], 0, (0, [])
    while at < len(data):
        kind, size, time = struct.unpack_from("<IIQ", data, at)
        assert time >= before and kind in (0, 2)
        before = time
        if kind == 2:
            described = read_lines(data[at + 16 : at + size])
            at += size
            continue
        of, _, address, start, length, index = struct.unpack_from("<IIQQQQ", data, at + 16)
        name, _, code = data[at + 56 : at + size].partition(b"\0")
        assert (of, index, start, len(code)) == (process, len(pieces) + 1, address, length)
        pieces.append((address, code, name.decode(), described[1] if described[0] == address else []))
        at += size
    assert at == len(data)
    return pieces


def test_dump_of_code(start, tmp_path):
    outcome = start(behind=FORK, jitdump=str(tmp_path / "new" / "folder"))
    mine, inherited = (read_dump(tmp_path / "new" / "folder" / f"jit-{of}.dump") for of in (outcome.process, outcome.stdout.split()[1]))
    check_names([name for _, _, name, _ in mine])
    assert any(re.match(r"hardwire:program\.py:\d+ other #", name) for _, _, name, _ in inherited), inherited
    # A trace begins as functions do: push %rbp.
    loops = [(address, code, lines) for address, code, name, lines in mine if LOOP.match(name)]
    assert all(code.startswith(b"\x55") for _, code, _ in loops)
    # Its code belongs to the lines of the loop and of what it calls.
    address, code, lines = loops[-1]
    assert {5, 10} <= {line for _, line, file in lines if file.endswith("/program.py")} <= {5, 9, 10}, lines
    assert lines == sorted(lines) and lines[0][0] == address and lines[-1][0] < address + len(code)


@pytest.fixture
def perf(tmp_path):
    """Runs perf in a folder of its own: its output. Skips where the system lets nobody sample."""
    program = shutil.which("perf")
    if program is None:
        pytest.skip("no perf on this machine")

    def run(*arguments):
        return subprocess.run([program, *arguments], cwd=tmp_path, capture_output=True, text=True)

    tried = run("record", "-e", "cpu-clock", "-o", "tried", "true")
    if tried.returncode:
        pytest.skip(f"perf cannot sample here: {tried.stderr.strip().splitlines()[-1:]}")
    return run


def remove_map(outcome):
    """Removes the map of a program that has printed the number of its process; under `perf record` there always is one."""
    Path(f"/tmp/perf-{int(outcome.stdout.split()[0])}.map").unlink(missing_ok=True)


def test_perf_report_names_loops(start, perf, tmp_path):
    data = tmp_path / "data"
    outcome = start(prefix=("perf", "record", "-e", "cpu-clock", "-o", data), turns=10**7, before="print(os.getpid())", perf=True)
    report = perf("report", "-i", data, "--stdio", "--sort", "symbol")
    remove_map(outcome)
    assert re.search(r"\[\.\] hardwire:program\.py:9 run #\d+\s", report.stdout), report.stdout + report.stderr


def test_perf_report_of_dumped_code(start, perf, tmp_path):
    data, injected = tmp_path / "data", tmp_path / "injected"
    prefix = ("perf", "record", "-k", "mono", "-e", "cpu-clock", "-o", data)
    remove_map(start(prefix=prefix, turns=10**7, before="print(os.getpid())", jitdump=str(tmp_path)))
    inject = perf("inject", "--jit", "-i", data, "-o", injected)
    assert inject.returncode == 0, inject.stderr
    report = perf("report", "-i", injected, "--stdio", "--sort", "dso,symbol")
    assert re.search(r"jitted-\d+-\d+\.so +\[\.\] hardwire:program\.py:9 run #\d+\s", report.stdout), report.stdout + report.stderr


# gdb has a Python of its own, which is to start without our modules.
GDB = """\
set environment PYTHONPATH {path}
set auto-load off
set pagination off
set debuginfod enabled off
set breakpoint pending on
set width 0
break nap_us if (int) $rdi == 3
run
bt
delete
continue
"""
STOPPED = """\
import os, sys
from bindings import lib

def call(i):
    return lib.nap_us(3 * (i == 2900))

def run(n):
    total = 0
    for i in range(n):
        total += call(i)
    return total

print(run(3000))
"""


def test_gdb_unwinds_through_loops(harness, tmp_path):
    """It stops in a C function that a loop calls, and sees the loop by name, and the interpreter behind it."""
    if not harness.has_engine:
        pytest.skip("there is no engine")
    if shutil.which("gdb") is None:
        pytest.skip("no gdb on this machine")
    commands = tmp_path / "commands"
    commands.write_text(GDB.format(path=harness.environment(1)["PYTHONPATH"]))
    prefix = ("env", "-u", "PYTHONPATH", "gdb", "-q", "-nx", "-batch", "-x", commands, "--args")
    process, stats = harness.start(STOPPED, True, prefix=prefix, environment={"HARDWIRE_TEST_OPTIONS": repr({"gdb": True})})
    outcome = harness.finish(process, stats)
    if "ptrace" in outcome.stderr:
        pytest.skip("gdb cannot trace processes here")
    frames = re.findall(r"^#\d+ +(?:0x[0-9a-f]+ in )?(.*?) \(", outcome.stdout, re.MULTILINE)
    assert frames[:1] == ["nap_us"], outcome.stdout + outcome.stderr
    assert re.fullmatch(r"hardwire:program\.py:9 run #\d+", frames[1]), frames
    assert re.search(r"hardwire:program\.py:9 run #\d+ \(\) at .*/program\.py:5$", outcome.stdout, re.MULTILINE), outcome.stdout
    assert "_PyEval_EvalFrameDefault" in frames and frames[-1] in ("_start", "main"), frames
    # What gdb says of an object file that it finds at fault.
    assert "in-memory" not in outcome.stdout + outcome.stderr, outcome.stdout + outcome.stderr
    assert "exited normally" in outcome.stdout, outcome.stdout
