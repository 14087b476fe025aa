"""Regular expressions: searching, splitting, substituting, compiling."""

import re

LINE = re.compile(r"(?P<level>[A-Z]+)\s+(?P<module>[\w.]+):(?P<line>\d+)\s+(?P<text>.*)")
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
WORD = re.compile(r"\b\w+\b")

LINES = [
    f"{level} app.part{i % 9}:{i} took {i * 0.25:.2f} ms for {i % 13} items of user-{i % 31}@example.org"
    for i in range(400)
    for level in ("INFO", "WARN")
]


def work():
    total = 0
    for text in LINES:
        match = LINE.fullmatch(text)
        total += int(match["line"]) + len(match["text"])
        total += sum(map(float, NUMBER.findall(match["text"])))
    joined = "\n".join(LINES)
    total += len(WORD.sub(lambda word: word[0].title(), joined))
    total += len(re.split(r"[\s:@.-]+", joined))
    for i in range(5):
        re.purge()
        total += len(re.findall(rf"part{i}:\d*[02468]\b", joined))
    return total
