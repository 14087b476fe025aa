"""Fixtures: the test library in C, its cffi module, and the harness that runs programs with Hardwire off and on.

HARDWIRE_TEST_MODULE_DIR  the directory that holds the package `hardwire` with its built `_hardwire`;
                          the word `off` checks the suite itself: on-runs are off-runs and no loop is expected to be compiled
HARDWIRE_TEST_BUILD_DIR   where the test library is built (default: a temporary directory)
HARDWIRE_TEST_TIMEOUT     seconds that one program may take (default 60)
HARDWIRE_TEST_THRESHOLDS  thresholds for the differential tests (default 1,2,3,10)
HARDWIRE_RANDOM_PROGRAMS  how many random programs to run (default 200)
HARDWIRE_RANDOM_DECLARATIONS
                          how many random C libraries to try (default 24)
HARDWIRE_RANDOM_SEED      the first seed (default 1)
HARDWIRE_STRESS_SECONDS   how long test_stress.py works (default 4); HARDWIRE_STRESS_SEED, its first seed
HARDWIRE_TEST_SUITES      more modules of CPython's own suite, or `all` of them (see test_suites.py)
HARDWIRE_TEST_CFFI        1: all of cffi's own suite instead of a sample (see test_cffi_suite.py)
HARDWIRE_TEST_STRESS      words for a rougher environment: gc, threads, malloc (see support/driver.py; malloc: Python's debug allocator)
HARDWIRE_TEST_DEFECTS     1: run the tests of known defects too
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness import SELF_CHECK, SUPPORT, Harness, Program, check_compiled, check_same, check_sound

HEADERS = [SUPPORT / "clib.h", SUPPORT / "memory.h"]
BUILD_API = """
import sys
import cffi
builder = cffi.FFI()
for header in "clib", "memory":
    builder.cdef(open(f"{sys.argv[1]}/{header}.h").read())
includes = "<stdint.h>", "<sys/types.h>", "<uchar.h>", "<wchar.h>", '"clib.h"', '"memory.h"'
builder.set_source("_clib_api", "".join(f"#include {name}\\n" for name in includes), include_dirs=[sys.argv[1]],
                   library_dirs=[sys.argv[2]], libraries=["hardwire_clib"], runtime_library_dirs=[sys.argv[2]],
                   extra_compile_args=["-O1", "-w"])
builder.compile(tmpdir=sys.argv[2])
outside = cffi.FFI()
for header in "clib", "memory":
    outside.cdef(open(f"{sys.argv[1]}/{header}.h").read())
outside.set_source("_clib_abi", None)
outside.compile(tmpdir=sys.argv[2])
"""


def pytest_configure(config):
    """Refuses to run, and so to pass, without being told where the product is."""
    if "HARDWIRE_TEST_MODULE_DIR" not in os.environ:
        raise pytest.UsageError(f"set HARDWIRE_TEST_MODULE_DIR (`{SELF_CHECK}` checks the suite itself); see conftest.py")
    # A shell has what it starts in the background ignore SIGINT, and what that starts does so too.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header():
    """Says what is tested."""
    return f"hardwire: {os.environ['HARDWIRE_TEST_MODULE_DIR']}"


@pytest.fixture(scope="session")
def build_dir(tmp_path_factory):
    """Where compiled test code goes: a folder an interpreter, since extension modules differ."""
    chosen = os.environ.get("HARDWIRE_TEST_BUILD_DIR")
    directory = Path(chosen) / sys.implementation.cache_tag if chosen else tmp_path_factory.mktemp("build")
    directory.mkdir(parents=True, exist_ok=True)
    return directory.resolve()


@pytest.fixture(scope="session")
def clib(build_dir):
    """The path of the shared library built from clib.c and memory.c."""
    target = build_dir / "libhardwire_clib.so"
    sources = [SUPPORT / "clib.c", SUPPORT / "memory.c", *HEADERS]
    if not target.exists() or target.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        command = ["cc", "-O1", "-fwrapv", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-pthread"]
        subprocess.run([*command, "-o", target, *sources[:2], "-lm"], check=True)
    return target


@pytest.fixture(scope="session")
def cffi_api(build_dir, clib):
    """The path of the compiled API-mode module `_clib_api` for the same library; `_clib_abi` (ABI mode, out of line) lies beside it."""
    built = sorted(build_dir.glob("_clib_api.*.so"))
    if not built or not (build_dir / "_clib_abi.py").exists() or built[0].stat().st_mtime < max(header.stat().st_mtime for header in HEADERS):
        subprocess.run([sys.executable, "-c", BUILD_API, str(SUPPORT), str(build_dir)], check=True, stdout=subprocess.PIPE)
        built = sorted(build_dir.glob("_clib_api.*.so"))
    return built[0]


@pytest.fixture(scope="session")
def harness(clib, cffi_api, tmp_path_factory):
    """Runs programs."""
    module_dir = os.environ["HARDWIRE_TEST_MODULE_DIR"]
    if module_dir != SELF_CHECK:
        module_dir = Path(module_dir).resolve()
    return Harness(module_dir, clib, cffi_api.parent, tmp_path_factory.mktemp("runs"))


@pytest.fixture
def run(harness):
    """`run(text, on, threshold=1, arguments=(), options=(), environment=None)`: one script in a process of its own -> Outcome."""
    return harness.run


@pytest.fixture
def differential(harness):
    """`differential(text, **flags)`: the script looks the same off and on; flags as in `Program`. Returns the on-run's outcome."""

    def compare(text, threshold=1, arguments=(), options=(), environment=None, timeout=60, **flags):
        program = Program("program", text, flags)
        directory = harness.fresh("pair")
        how = dict(arguments=arguments, options=options, environment=environment, directory=directory, timeout=timeout)
        off = harness.run(text, False, **how)
        check_sound(program, off)
        on = harness.run(text, True, threshold=threshold, **how)
        check_same(off, on, f"off and threshold {threshold}")
        if harness.has_engine:
            check_compiled(program, on)
        return on

    return compare


class Batches:
    """The outcomes of groups of programs, each group run in one process a threshold when first asked for."""

    def __init__(self, harness):
        self.harness = harness
        self.groups = {}

    def outcomes(self, group, programs, threshold):
        """The outcomes of a group's programs at one threshold (None: off)."""
        if group not in self.groups:
            self.groups[group] = (self.harness.fresh("group"), {})
        directory, by_threshold = self.groups[group]
        if threshold not in by_threshold:
            together = [program for program in programs if "alone" not in program.flags]
            by_threshold[threshold] = self.harness.run_batch(together, threshold, directory)
        return by_threshold[threshold]

    def check(self, group, programs, program, threshold):
        """One program of a group looks the same off and at a threshold, and its loops were compiled."""
        if "alone" in program.flags:
            directory = self.harness.fresh("alone")
            off = self.harness.run(program.text, False, directory=directory)
            on = self.harness.run(program.text, True, threshold=threshold, directory=directory)
        else:
            off = self.outcomes(group, programs, None)[program.name]
            on = self.outcomes(group, programs, threshold)[program.name]
        check_sound(program, off)
        check_same(off, on, f"off and threshold {threshold}")
        if self.harness.has_engine:
            check_compiled(program, on, threshold)


@pytest.fixture(scope="session")
def batches(harness):
    """Groups of programs, run together."""
    return Batches(harness)


# Defects that are known and not mended yet, by a part of the test's id; see ARCHITECTURE.md, "Known defects".
KNOWN_DEFECTS = {
    "identity_of_loaded_numbers": "a number that is read and passed on is another object",
}


def pytest_collection_modifyitems(items):
    """Tests of known defects do not decide; each names its defect."""
    if os.environ.get("HARDWIRE_TEST_DEFECTS") == "1":
        return
    for item in items:
        for part, why in KNOWN_DEFECTS.items():
            if part in item.nodeid:
                item.add_marker(pytest.mark.skip(reason=f"known defect: {why}"))
