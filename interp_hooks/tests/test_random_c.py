"""Random C declarations and calls: gcc's answer, cffi's with Hardwire off, and cffi's with Hardwire on are one.

HARDWIRE_RANDOM_DECLARATIONS says how many libraries (default 24), HARDWIRE_RANDOM_SEED where to begin (default 1). A failure names its seed and shows the
smallest program found; `python generate_c.py SEED FOLDER` writes and builds the library and its program.
"""

import os
import time

import pytest
from generate_c import Generator, build, generate
from harness import THRESHOLDS, Program, check_same
from shrink import shrink

COUNT = int(os.environ.get("HARDWIRE_RANDOM_DECLARATIONS", "24"))
FIRST = int(os.environ.get("HARDWIRE_RANDOM_SEED", "1"))
BATCH = 8
# A round of candidates takes a while, and a small program is a help and not a proof.
SHRINK_SECONDS = 90
BATCHES = [range(first, min(first + BATCH, FIRST + COUNT)) for first in range(FIRST, FIRST + COUNT, BATCH)]


def compare(harness, seeds, texts, threshold):
    """For each text, which uses the library of its seed: its off-run, and what differs in the on-run or None."""
    directory = harness.fresh("random_c")
    for seed in set(seeds):
        build(seed, directory)
    programs = [Program(f"p{number}", text) for number, text in enumerate(texts)]
    off = harness.run_batch(programs, None, directory)
    on = harness.run_batch(programs, threshold, directory)
    verdicts = []
    for program in programs:
        try:
            check_same(off[program.name], on[program.name])
            verdicts.append(None)
        except AssertionError as problem:
            verdicts.append(str(problem))
    return [off[program.name] for program in programs], verdicts


@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_random_declarations(harness, seeds):
    threshold = THRESHOLDS[seeds[0] // BATCH % len(THRESHOLDS)]
    texts = [generate(seed) for seed in seeds]
    off, verdicts = compare(harness, list(seeds), texts, threshold)
    for seed, outcome in zip(seeds, off):
        assert outcome.status == 0, f"seed {seed} fails with Hardwire off:\n{outcome.stderr}\n{outcome.status}"
        assert "C DISAGREES" not in outcome.stdout, f"seed {seed}: cffi without Hardwire and C differ:\n{outcome.stdout}"
    wrong = {seed: (text, verdict) for seed, text, verdict in zip(seeds, texts, verdicts) if verdict}
    if wrong:
        pytest.fail(report(harness, wrong, threshold), pytrace=False)


def report(harness, wrong, threshold):
    """What to read and do about programs that differ."""
    seed, (text, verdict) = min(wrong.items(), key=lambda item: len(item[1][0]))

    end = time.monotonic() + SHRINK_SECONDS

    def failing(candidates):
        if time.monotonic() > end:
            return [False] * len(candidates)
        off, verdicts = compare(harness, [seed] * len(candidates), candidates, threshold)
        return [verdict is not None and outcome.status == 0 for outcome, verdict in zip(off, verdicts)]

    small = shrink(text, failing)
    again = compare(harness, [seed], [small], threshold)[1][0] or "(no difference in another run: chance plays a part)"
    return (
        f"programs of seeds {sorted(wrong)} differ between off and threshold {threshold}.\nSeed {seed}: {verdict}\n\n"
        f"Smallest program:\n{small}\nwhere {again}\n\n"
        f"Again: HARDWIRE_TEST_THRESHOLDS={threshold} HARDWIRE_RANDOM_DECLARATIONS=1 HARDWIRE_RANDOM_SEED={seed} pytest test_random_c.py"
    )


def test_same_seed_same_library():
    assert Generator(17).program() == Generator(17).program()
    assert len({generate(seed) for seed in range(1, 30)}) == 29
