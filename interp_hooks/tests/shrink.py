"""Makes a failing program smaller: takes statements away as long as it still fails."""

import ast
import copy

ROUNDS = 30
BODIES = ("body", "orelse", "finalbody", "handlers")


def spots(tree):
    """Every place of a statement: (number of its parent in walking order, name of the list, index)."""
    for number, node in enumerate(ast.walk(tree)):
        for name in BODIES:
            for index in range(len(getattr(node, name, []) if isinstance(getattr(node, name, []), list) else [])):
                yield number, name, index


def without(tree, spot):
    """A copy of the tree without one statement (or with its body in its place), as texts; none where that is no program."""
    number, name, index = spot
    for keep_body in (False, True):
        changed = copy.deepcopy(tree)
        statements = getattr(list(ast.walk(changed))[number], name)
        removed = statements[index]
        inside = getattr(removed, "body", None) if keep_body else []
        if inside is None or keep_body and isinstance(removed, (ast.FunctionDef, ast.ExceptHandler)):
            continue
        statements[index : index + 1] = inside
        if not statements and name == "body":
            statements.append(ast.Pass())
        try:
            text = ast.unparse(ast.fix_missing_locations(changed)) + "\n"
            compile(text, "candidate", "exec")
        except (SyntaxError, ValueError):
            continue
        yield text


def shrink(text, failing):
    """The smallest text found; `failing(texts)` says which of a list of programs fail."""
    for _ in range(ROUNDS):
        tree = ast.parse(text)
        candidates = sorted({small for spot in spots(tree) for small in without(tree, spot) if len(small) < len(text)}, key=lambda t: (len(t), t))
        smaller = next((small for small, fails in zip(candidates, failing(candidates)) if fails), None)
        if smaller is None:
            return text
        text = smaller
    return text
