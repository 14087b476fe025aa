"""Runs test programs with Hardwire off and on, and compares what a user would see."""

import difflib
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUPPORT = HERE / "support"
# Where the off-run takes place of the on-run: checks the suite itself before there is an engine.
SELF_CHECK = "off"
STRESS = os.environ.get("HARDWIRE_TEST_STRESS", "").split()
TIMEOUT = float(os.environ.get("HARDWIRE_TEST_TIMEOUT", "60"))
# Loops of a few turns are hot by themselves at a low threshold, and compiled by themselves: at the last one they are unrolled into the loop around.
THRESHOLDS = [int(word) for word in os.environ.get("HARDWIRE_TEST_THRESHOLDS", "1,2,3,10").split(",")]
# Up to this threshold the loops that a program names must have been compiled.
COMPILED_UP_TO = 3
_SECTION = re.compile(r"^# === (\w+)(?::\s*(.*))?$", re.MULTILINE)
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


@dataclass(frozen=True)
class Program:
    """One test program and what is expected of it.

    Flags in its section line: `compiled` (some loop of it must run compiled) or `compiled=f,g` (a loop in each of these functions must;
    `<module>` for the module's own), `raises` (ends with an uncaught error), `alone` (needs a process of its own: run as a script),
    `status=N` (ends with this exit status).
    """

    name: str
    text: str
    flags: dict = field(default_factory=dict, hash=False)

    @property
    def expected_status(self):
        """The exit status this program must end with when Hardwire is off."""
        return int(self.flags.get("status", "raises" in self.flags))


@dataclass
class Outcome:
    """What a user sees of one run, and what Hardwire says about the program's loops."""

    stdout: str
    stderr: str
    status: object
    loops: list = field(default_factory=list)
    stats: dict = field(default_factory=dict)

    @property
    def seen(self):
        """The visible part as lines, addresses masked: they differ from process to process."""
        shown = f"-- stdout\n{self.stdout}\n-- stderr\n{self.stderr}\n-- exit status {self.status}"
        return _ADDRESS.sub("0x..", shown).splitlines()


def read_programs(path):
    """The programs of a file under `programs/`: each begins with a line `# === name: flags`."""
    text = Path(path).read_text()
    marks = list(_SECTION.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    programs = []
    for mark, end in zip(marks, ends):
        words = (mark[2] or "").split()
        flags = {word.partition("=")[0]: word.partition("=")[2] for word in words}
        unknown = set(flags) - {"compiled", "raises", "alone", "status"}
        assert not unknown, f"{path}: {mark[1]}: unknown flags {unknown}"
        programs.append(Program(mark[1], text[mark.end() : end].strip("\n") + "\n", flags))
    return programs


class Harness:
    """Knows where the product and the test library are, and starts Python processes that use them."""

    def __init__(self, module_dir, clib, cffi_dir, work_dir):
        self.module_dir = module_dir
        self.clib = clib
        self.cffi_dir = cffi_dir
        self.work_dir = work_dir
        self.runs = 0

    @property
    def has_engine(self):
        """False in a self-check, where on-runs are off-runs."""
        return self.module_dir != SELF_CHECK

    def environment(self, threshold, extra=None):
        """The environment of a process, with Hardwire's modules in reach when it is on."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("HARDWIRE", "PYTHON"))}
        path = [str(SUPPORT), str(self.cffi_dir)]
        if threshold is not None and self.has_engine:
            path += [str(SUPPORT / "boot"), str(self.module_dir)]
        environment.update(PYTHONPATH=os.pathsep.join(path), PYTHONHASHSEED="0", HARDWIRE_TEST_CLIB=str(self.clib))
        if "malloc" in STRESS:
            environment["PYTHONMALLOC"] = "debug"
        environment.update(extra or {})
        return environment

    def fresh(self, kind):
        """A new directory for one run's files."""
        self.runs += 1
        directory = self.work_dir / f"{kind}{self.runs}"
        directory.mkdir()
        return directory

    def start(self, program, on, threshold=1, arguments=(), options=(), environment=None, directory=None, prefix=()):
        """Starts a program text as a script of its own, as arguments of another command where there is a prefix: (the process, the file its statistics go to)."""
        directory = directory or self.fresh("script")
        script = directory / "program.py"
        script.write_text(program)
        stats = directory / ("stats-on.json" if on else "stats-off.json")
        extra = dict(environment or {})
        if on and self.has_engine:
            extra.update(HARDWIRE_TEST_THRESHOLD=str(threshold), HARDWIRE_TEST_STATS=str(stats))
        process = subprocess.Popen(
            [*prefix, sys.executable, "-X", "faulthandler", *options, str(script), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(threshold if on else None, extra),
        )
        return process, stats

    def finish(self, process, stats, timeout=TIMEOUT):
        """Waits for a started script: its outcome."""
        try:
            stdout, stderr = process.communicate(timeout=timeout)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # faulthandler then prints where it hung
            stdout, stderr = process.communicate()
            status = f"no end within {timeout} s"
        outcome = Outcome(stdout, stderr, status)
        if stats.exists():
            outcome.stats = json.loads(stats.read_text())
            outcome.loops = [loop for loop in outcome.stats["loops"] if Path(loop["file"]).name == "program.py"]
        return outcome

    def run(self, program, on, timeout=TIMEOUT, **how):
        """Runs a program text as a script of its own."""
        return self.finish(*self.start(program, on, **how), timeout=timeout)

    def run_batch(self, programs, threshold, directory=None):
        """Runs programs in as few processes as their crashes allow: name -> Outcome. A threshold of None is off."""
        directory = directory or self.fresh("batch")
        waiting = []
        for program in programs:
            path = directory / f"{program.name}.py"
            path.write_text(program.text)
            waiting.append(str(path))
        outcomes = {}
        while waiting:
            done = self._run_some(directory, waiting, threshold)
            outcomes.update(done)
            waiting = [path for path in waiting if Path(path).stem not in outcomes]
        return outcomes

    def _run_some(self, directory, paths, threshold):
        """One process of a batch: the outcomes up to its end or its crash."""
        jobs, results = directory / "jobs.json", directory / "results.json"
        on = threshold is not None and self.has_engine
        jobs.write_text(json.dumps({"threshold": threshold if on else None, "timeout": TIMEOUT, "stress": STRESS, "programs": paths}))
        results.unlink(missing_ok=True)
        process = subprocess.run(
            [sys.executable, str(SUPPORT / "driver.py"), str(jobs), str(results)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment(threshold),
        )
        outcomes, running = {}, None
        for line in results.read_text().splitlines() if results.exists() else ():
            report = json.loads(line)
            if "start" in report:
                running = Path(report["start"]).stem
                continue
            outcomes[running] = Outcome(report["stdout"], report["stderr"], report["status"], report["loops"])
            running = None
        if running is not None:
            outcomes[running] = Outcome(process.stdout, process.stderr, f"the process ended with {process.returncode}")
        if not outcomes:
            raise RuntimeError(f"the driver did not start any program:\n{process.stderr}")
        return outcomes


def check_sound(program, off):
    """The program does what it is meant to with Hardwire off: else a comparison would prove nothing."""
    assert off.status == program.expected_status, f"with Hardwire off:\n{off.stdout}\n{off.stderr}\nstatus {off.status}"
    assert off.stdout or off.stderr, "the program shows nothing, so there is nothing to compare"


def check_same(off, on, what="off and on"):
    """Both runs look the same to a user."""
    if off.seen != on.seen:
        difference = list(difflib.unified_diff(off.seen, on.seen, "off", "on", lineterm="", n=3))
        raise AssertionError(f"{what} differ:\n" + "\n".join(difference[:60]))


# Reasons of loops that are left alone because of what is not compiled yet; every other one is a defect where a program wants the loop compiled.
_NOT_YET = re.compile("not compiled yet|contains another loop|would not be faster")


# What the verifier says of a trace that breaks a rule, in debug builds: a defect of ours, whatever the program.
_REFUSED = re.compile("behind (recording|peeling|induction|sweeping): ")


def check_verified(on):
    """No trace of a loop was refused by the verifier."""
    refused = [loop for loop in on.loops if _REFUSED.search(loop["reason"])]
    assert not refused, "the verifier refused a trace:\n" + "\n".join(map(str, refused))


def check_compiled(program, on, threshold=1):
    """The loops that must have been compiled were, and ran, but for those that hold what is not compiled yet (HARDWIRE_TEST_COMPILED=1: those too)."""
    check_verified(on)
    if "compiled" not in program.flags or threshold > COMPILED_UP_TO:
        return
    ran = {loop["function"] for loop in on.loops if loop["entries"]}
    told = "\n".join(map(str, on.loops)) or "no loop was even seen"
    excused = set()
    if os.environ.get("HARDWIRE_TEST_COMPILED") != "1":
        excused = {loop["function"] for loop in on.loops if _NOT_YET.search(loop["reason"])}
    if not program.flags["compiled"]:
        assert ran or excused, f"no loop ran compiled:\n{told}"
        return
    missing = set(program.flags["compiled"].split(",")) - ran - excused
    assert not missing, f"no compiled loop ran in {sorted(missing)}:\n{told}"
