"""json: writing and reading documents, in C and in the parts that are in Python."""

import json

DOCUMENT = {
    "name": "catalogue",
    "entries": [
        {"id": i, "title": f"entry {i} \u00e9\u4e2d", "price": i * 0.75, "tags": ["a", "b", None], "in stock": i % 3 == 0}
        for i in range(300)
    ],
}


class Money:
    def __init__(self, cents):
        self.cents = cents


def plain(value):
    if isinstance(value, Money):
        return {"cents": value.cents}
    raise TypeError(value)


def totals(entry):
    return entry["cents"] if "cents" in entry else entry


def work():
    size = 0
    for _ in range(6):
        text = json.dumps(DOCUMENT)
        size += len(text) + len(json.loads(text)["entries"])
    # With an indent the encoder in Python is used.
    size += len(json.dumps(DOCUMENT, indent=1, sort_keys=True))
    wallet = json.dumps([Money(i) for i in range(500)], default=plain)
    return size + sum(json.loads(wallet, object_hook=totals))
