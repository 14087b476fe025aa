"""Every program under `programs/` looks the same with Hardwire off and on, at each threshold."""

import pytest
from harness import HERE, THRESHOLDS, read_programs

GROUPS = {path.stem: read_programs(path) for path in sorted((HERE / "programs").glob("*.py"))}
CASES = [
    pytest.param(group, program, threshold, id=f"{group}-{program.name}-{threshold}")
    for group, programs in GROUPS.items()
    for threshold in THRESHOLDS
    for program in programs
]


@pytest.mark.parametrize("group, program, threshold", CASES)
def test_program(batches, group, program, threshold):
    batches.check(group, GROUPS[group], program, threshold)


@pytest.mark.parametrize("group", GROUPS)
def test_names_are_unique(group):
    names = [program.name for program in GROUPS[group]]
    assert len(names) == len(set(names)) and names
