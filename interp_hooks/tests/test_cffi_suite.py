"""cffi's own tests give the same result with Hardwire at its lowest threshold as without.

They come with the source of exactly the cffi that is installed, which pip fetches once into the build folder. Of the files that mostly run the C
compiler a sample is taken, the same in each run; HARDWIRE_TEST_CFFI=1 runs all there is (about 8 minutes an interpreter).
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tarfile

import pytest

WHOLE = os.environ.get("HARDWIRE_TEST_CFFI") == "1"
# Part of the suite -> the sample taken of it, see support/sampling.py.
PARTS = {
    "src/c/test_c.py": "1",
    "testing/cffi0": "16 verify vgen",
    "testing/cffi1": "16 verify recompiler zdist gen_src",
}
SECONDS = 3600 if WHOLE else 400


@pytest.fixture(scope="session")
def source(build_dir, tmp_path_factory):
    """The unpacked source distribution of the installed cffi."""
    version = importlib.metadata.version("cffi")
    folder = build_dir / f"cffi-{version}"
    if not folder.exists():
        fresh = tmp_path_factory.mktemp("cffi")
        # Only its file is wanted, but pip asks it for its metadata: with the setuptools that is here, and not with one that is fetched for it.
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-binary", "cffi", "--dest", str(fresh)]
        pip = subprocess.run([sys.executable, "-m", "pip", "download", *options, f"cffi=={version}"], capture_output=True, text=True)
        if pip.returncode:
            pytest.skip(f"pip cannot fetch the source of cffi {version}: {(pip.stderr.strip().splitlines() or ['no reason given'])[-1]}")
        with tarfile.open(next(fresh.glob("cffi-*.tar.gz"))) as archive:
            archive.extractall(fresh, filter="data")
        (fresh / folder.name).rename(folder)
    return folder


def outcomes(harness, source, part, on):
    """(exit status, {test: its outcomes}, the whole text) of one part."""
    directory = harness.fresh("cffi")
    written = directory / "outcomes"
    temporary = directory / "tmp"
    temporary.mkdir()
    extra = {
        "HARDWIRE_TEST_OUTCOMES": str(written),
        "HARDWIRE_TEST_SAMPLE": "1" if WHOLE else PARTS[part],
        # Its tests build C in folders below it.
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if on and harness.has_engine:
        extra.update(HARDWIRE_TEST_THRESHOLD="1", HARDWIRE_TEST_STATS=os.devnull)
    command = [sys.executable, "-X", "faulthandler", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "sampling", part]
    environment = harness.environment(1 if on else None, extra)
    with open(directory / "output", "w+", errors="replace") as output:
        try:
            streams = dict(stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
            status = subprocess.run(command, cwd=source, env=environment, timeout=SECONDS, **streams).returncode
        except subprocess.TimeoutExpired:
            status = f"no end within {SECONDS} s"
        output.seek(0)
        text = output.read()
    seen = {}
    for line in written.read_text().splitlines() if written.exists() else ():
        test, *outcome = json.loads(line)
        seen.setdefault(test, []).append(outcome)
    return status, seen, text


@pytest.mark.parametrize("part", PARTS)
def test_of_cffi(harness, source, part):
    status, off, text = outcomes(harness, source, part, False)
    assert off and status in (0, 1), f"its own run ended with {status}:\n{text[-3000:]}"
    status_on, on, text = outcomes(harness, source, part, True)
    differing = {test: (off.get(test), on.get(test)) for test in {**off, **on} if off.get(test) != on.get(test)}
    assert (status_on, differing) == (status, {}), text[-8000:]
    print(f"{part}: {len(off)} tests, {sum(['call', 'passed'] in outcome for outcome in off.values())} passed")
