"""A text format written and read by hand: recursion over nested values, characters, escapes."""

ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
PLAIN = {escape[1]: char for char, escape in ESCAPES.items()}


def encoded_text(text):
    return '"' + "".join(ESCAPES.get(char, char) for char in text) + '"'


def parts(value):
    if value is None:
        yield "null"
    elif value is True:
        yield "true"
    elif value is False:
        yield "false"
    elif isinstance(value, str):
        yield encoded_text(value)
    elif isinstance(value, (int, float)):
        yield repr(value)
    elif isinstance(value, dict):
        separator = "{"
        for key, item in value.items():
            yield separator
            yield encoded_text(key)
            yield ":"
            yield from parts(item)
            separator = ","
        yield "}" if value else "{}"
    else:
        separator = "["
        for item in value:
            yield separator
            yield from parts(item)
            separator = ","
        yield "]" if value else "[]"


class Reader:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def value(self):
        char = self.text[self.at]
        if char == '"':
            return self.string()
        if char == "{":
            return self.mapping()
        if char == "[":
            return self.sequence()
        for word, value in (("null", None), ("true", True), ("false", False)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        return self.number()

    def string(self):
        self.at += 1
        chars = []
        while True:
            char = self.text[self.at]
            self.at += 1
            if char == '"':
                return "".join(chars)
            if char == "\\":
                char = PLAIN[self.text[self.at]]
                self.at += 1
            chars.append(char)

    def number(self):
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in "+-.0123456789e":
            self.at += 1
        text = self.text[start : self.at]
        return float(text) if "." in text or "e" in text else int(text)

    def sequence(self):
        self.at += 1
        items = []
        while self.text[self.at] != "]":
            items.append(self.value())
            if self.text[self.at] == ",":
                self.at += 1
        self.at += 1
        return items

    def mapping(self):
        self.at += 1
        items = {}
        while self.text[self.at] != "}":
            key = self.string()
            self.at += 1
            items[key] = self.value()
            if self.text[self.at] == ",":
                self.at += 1
        self.at += 1
        return items


def document(k):
    return {
        "name": f'item "{k}"\n',
        "size": k * 3,
        "weight": k / 8,
        "tags": ["a", "b\t", None, True, k % 2 == 0],
        "inner": {"empty": [], "nothing": {}, "list": list(range(k % 9))},
    }


def work():
    total = 0
    for k in range(320):
        value = document(k)
        text = "".join(parts(value))
        back = Reader(text).value()
        assert back == value
        total += len(text)
    return total
