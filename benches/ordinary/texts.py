"""Text by hand: distances between words, wrapped paragraphs, run lengths, columns read from lines."""

TEXT = (
    "It was a bright cold day in spring and the old machine in the corner of the room began to count the lines that "
    "nobody had asked it to count while the rain fell on the roof of the house at the end of the road"
)


def distance(a, b):
    before = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (x != y)))
        before = row
    return before[-1]


def wrapped(words, width):
    lines, line = [], ""
    for word in words:
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = line + " " + word if line else word
    lines.append(line)
    return lines


def run_lengths(text):
    out, k = [], 0
    while k < len(text):
        start = k
        while k < len(text) and text[k] == text[start]:
            k += 1
        out.append(f"{text[start]}{k - start}")
    return "".join(out)


def columns(lines):
    totals = {}
    for line in lines:
        fields = {}
        for field in line.split(";"):
            key, _, value = field.partition("=")
            fields[key.strip()] = value.strip()
        if fields["kind"].startswith("a"):
            totals[fields["name"].upper()] = totals.get(fields["name"].upper(), 0) + int(fields["size"])
    return totals


def work():
    words = TEXT.split()
    total = sum(distance(a, b) for a in words[:24] for b in words[20:44])
    for width in range(20, 60, 2):
        total += len("\n".join(line.ljust(width) + "|" for line in wrapped(words, width)))
    bits = "".join(str(k * k % 7 % 2) for k in range(14000))
    lines = [f"name = n{k % 9}; kind = {'abc'[k % 3]}; size = {k}" for k in range(3000)]
    return total, len(run_lengths(bits)), sorted(columns(lines).items())[:2]
