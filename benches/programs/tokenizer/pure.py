"""The tokens of a small language, character by character."""

LINES = [
    "let width = 12 * (height + 7)",
    "if width >= 100 then print width else skip",
    "call draw_line(x0, y0, 3.25, \"a line\")",
    "while count < 1024 do count = count * 2 + 1",
]


def tokens(text):
    found = []
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if char == " " or char == "\n":
            at += 1
        elif char.isalpha() or char == "_":
            start = at
            while at < end and (text[at].isalnum() or text[at] == "_"):
                at += 1
            found.append(("name", text[start:at]))
        elif char.isdigit():
            start = at
            while at < end and (text[at].isdigit() or text[at] == "."):
                at += 1
            found.append(("number", text[start:at]))
        elif char == '"':
            start = at
            at += 1
            while at < end and text[at] != '"':
                at += 1
            at += 1
            found.append(("text", text[start:at]))
        elif char in "<>=!" and at + 1 < end and text[at + 1] == "=":
            found.append(("sign", text[at : at + 2]))
            at += 2
        else:
            found.append(("sign", char))
            at += 1
    return found


def loop(n):
    text = "\n".join(LINES[k % 4] for k in range(n))
    counts = {"name": 0, "number": 0, "text": 0, "sign": 0}
    length = 0
    for kind, token in tokens(text):
        counts[kind] += 1
        length += len(token)
    return length, tuple(sorted(counts.items()))
