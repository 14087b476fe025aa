"""Pages from templates: a template is split once, filled in many times; tables by f-strings and joins."""

PAGE = "<html><title>{title}</title><body>{for row in rows}<p class='{row.kind}'>{row.text}</p>{end}<b>{footer}</b></body>"


class Row:
    def __init__(self, k):
        self.kind = "even" if k % 2 == 0 else "odd"
        self.text = f"row <{k}> & more"


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def compiled(source):
    """A list of (what, text) pairs; the body of a loop is a list in its place."""
    levels = [[]]
    rest = source
    while rest:
        before, brace, rest = rest.partition("{")
        levels[-1].append(("text", before))
        if not brace:
            break
        inside, _, rest = rest.partition("}")
        if inside.startswith("for "):
            _, name, _, source_name = inside.split()
            levels.append([])
            levels[-2].append(("for", (name, source_name, levels[-1])))
        elif inside == "end":
            levels.pop()
        else:
            levels[-1].append(("value", inside.split(".")))
    return levels[0]


def render(parts, context, out):
    for kind, what in parts:
        if kind == "text":
            out.append(what)
        elif kind == "value":
            value = context[what[0]]
            for name in what[1:]:
                value = getattr(value, name)
            out.append(escape(str(value)))
        else:
            name, source_name, inner = what
            for item in context[source_name]:
                render(inner, {**context, name: item}, out)


def table(rows, columns):
    lines = []
    for row in range(rows):
        cells = [f"<td>{row * column:>6}|{column!r}</td>" for column in range(columns)]
        lines.append("<tr>" + "".join(cells) + "</tr>\n")
    return "".join(lines)


def work():
    page = compiled(PAGE)
    rows = [Row(k) for k in range(40)]
    total = 0
    for k in range(150):
        out = []
        render(page, {"title": f"page {k}", "rows": rows, "footer": k * k}, out)
        total += len("".join(out))
    return total + len(table(150, 40))
