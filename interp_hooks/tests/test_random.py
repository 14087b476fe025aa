"""Random loop programs look the same with Hardwire off and on.

HARDWIRE_RANDOM_PROGRAMS says how many (default 200), HARDWIRE_RANDOM_SEED where to begin (default 1). A failure names its seed and shows the
smallest program found; `HARDWIRE_RANDOM_PROGRAMS=1 HARDWIRE_RANDOM_SEED=<seed> pytest test_random.py` runs it again.
"""

import os
import subprocess
import sys

import pytest
from generate import generate
from harness import HERE, THRESHOLDS, Program, check_same, check_verified
from shrink import shrink

COUNT = int(os.environ.get("HARDWIRE_RANDOM_PROGRAMS", "200"))
FIRST = int(os.environ.get("HARDWIRE_RANDOM_SEED", "1"))
BATCH = 25
SOUND = 500
BATCHES = [range(first, min(first + BATCH, FIRST + COUNT)) for first in range(FIRST, FIRST + COUNT, BATCH)]


def compare(harness, texts, threshold):
    """For each text: None where both runs look the same and ended well, else what differs; and how many ran compiled loops."""
    programs = [Program(f"p{number}", text) for number, text in enumerate(texts)]
    directory = harness.fresh("random")
    off = harness.run_batch(programs, None, directory)
    on = harness.run_batch(programs, threshold, directory)
    verdicts, compiled = [], 0
    for program in programs:
        compiled += any(loop["state"] == "compiled" and loop["entries"] for loop in on[program.name].loops)
        try:
            check_same(off[program.name], on[program.name])
            check_verified(on[program.name])
            verdicts.append(None)
        except AssertionError as problem:
            verdicts.append(str(problem))
    ended = [off[program.name].status == 0 for program in programs]
    return verdicts, ended, compiled


@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_random_programs(harness, seeds):
    threshold = THRESHOLDS[seeds[0] // BATCH % len(THRESHOLDS)]
    texts = [generate(seed) for seed in seeds]
    verdicts, ended, compiled = compare(harness, texts, threshold)
    unsound = [seed for seed, fine in zip(seeds, ended) if not fine]
    assert not unsound, f"the generator made programs that fail with Hardwire off: seeds {unsound}"
    wrong = {seed: (text, verdict) for seed, text, verdict in zip(seeds, texts, verdicts) if verdict}
    if wrong:
        pytest.fail(report(harness, wrong, threshold), pytrace=False)
    if harness.has_engine:
        # Not all have a loop that can be compiled.
        assert compiled > len(seeds) // 2, f"only {compiled} of {len(seeds)} programs ran compiled loops"


def report(harness, wrong, threshold):
    """What to read and do about programs that differ."""

    def failing(texts):
        verdicts, ended, _ = compare(harness, texts, threshold)
        return [verdict is not None and fine for verdict, fine in zip(verdicts, ended)]

    seed, (text, verdict) = min(wrong.items(), key=lambda item: len(item[1][0]))
    small = shrink(text, failing)
    again = compare(harness, [small], threshold)[0][0] or "(no difference in another run: chance plays a part)"
    return (
        f"programs of seeds {sorted(wrong)} differ between off and threshold {threshold}.\nSeed {seed}: {verdict}\n\n"
        f"Smallest program:\n{small}\nwhere {again}\n\n"
        f"Again: HARDWIRE_TEST_THRESHOLDS={threshold} HARDWIRE_RANDOM_PROGRAMS=1 HARDWIRE_RANDOM_SEED={seed} pytest test_random.py\n"
        f"Its text: python generate.py {seed}"
    )


def test_same_seed_same_program():
    script = [sys.executable, str(HERE / "generate.py"), "17"]
    assert subprocess.run(script, capture_output=True, text=True, check=True).stdout == generate(17)
    assert len({generate(seed) for seed in range(50)}) == 50


def test_programs_are_sound(harness):
    """The generator's programs do not fail by themselves: far more seeds than are compared, Hardwire off, in one process."""
    script = [sys.executable, str(HERE / "generate.py"), str(FIRST), str(FIRST + SOUND - 1)]
    result = subprocess.run(script, capture_output=True, text=True, env=harness.environment(None))
    assert (result.returncode, result.stderr) == (0, "")


def test_shrinking_finds_the_statement_that_matters():
    text = "a = 1\nfor i in range(9):\n    if i > 3:\n        a += 2\n        bad = a\n    else:\n        a -= 1\nprint(a)\n"
    assert shrink(text, lambda texts: ["bad" in candidate for candidate in texts]) == "bad = a\n"
