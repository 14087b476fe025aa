"""Coverage measures the same lines and branches, with each of its cores, whether it is started before a hot loop or while it runs natively."""

import pytest

pytest.importorskip("coverage", reason="coverage is not installed")

PROGRAM = """\
import sys
import coverage
from bindings import lib
from show import show

def half(x):
    if x % 97 == 96:
        return 0
    return x / 2

def run(n, at):
    total = 0
    for i in range(n):
        if i == at:
            total += 1000
            start()
        elif i % 3 == 0:
            total += lib.id_i32(i)
        else:
            total += half(i)
        if i == at + 50 and at > 0:
            stop()
    return total

def nothing():
    pass

start = stop = nothing
show(run(500, -1))
measured = coverage.Coverage(branch={branch}, data_file=None, include=[__file__])
if {during}:
    start, stop = measured.start, measured.stop
    show(run(500, 300))
else:
    measured.start()
    show(run(500, 300))
    measured.stop()
start = stop = nothing
data = measured.get_data()
show(sorted(data.lines(__file__)), sorted(data.arcs(__file__) or ()))
show(run(500, 300))
"""


@pytest.mark.parametrize("during", [False, True], ids=["before", "during"])
@pytest.mark.parametrize("branch", [False, True], ids=["lines", "branches"])
@pytest.mark.parametrize("core", ["ctrace", "pytrace", "sysmon"])
def test_coverage(differential, core, branch, during):
    differential(PROGRAM.format(branch=branch, during=during), threshold=2, environment={"COVERAGE_CORE": core}, compiled="run")
