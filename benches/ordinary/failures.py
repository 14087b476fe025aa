"""Exceptions: raised deep and caught above, as an answer, in `finally`, in context managers, as the end of a search."""

from contextlib import contextmanager, suppress


class Failure(Exception):
    def __init__(self, code):
        super().__init__(f"failure {code}")
        self.code = code


class Found(Failure):
    pass


class Account:
    def __init__(self):
        self.amount = 100
        self.journal = []

    def __enter__(self):
        self.before = self.amount
        return self

    def __exit__(self, kind, error, traceback):
        if kind is not None:
            self.amount = self.before
            self.journal.append(getattr(error, "code", -1))
        return kind is not None and issubclass(kind, Failure)


@contextmanager
def counted(counts, name):
    try:
        yield
    finally:
        counts[name] = counts.get(name, 0) + 1


def deep(level, k):
    if level == 0:
        if k % 3 == 0:
            raise Failure(k)
        return k
    try:
        return deep(level - 1, k) + 1
    finally:
        level += 1


def lookup(table, key):
    try:
        return table[key]
    except KeyError:
        return key * 2


def search(items, wanted):
    for place, item in enumerate(items):
        if item == wanted:
            raise Found(place)


def number(text):
    try:
        return int(text)
    except ValueError:
        try:
            return round(float(text) * 10)
        except ValueError:
            return -1


def work():
    total = 0
    account, counts = Account(), {}
    table = {k: k + 1 for k in range(0, 300, 3)}
    for k in range(1500):
        try:
            total += deep(4, k)
        except Failure as failure:
            total += failure.code % 7
        total += lookup(table, k % 300)
        with account:
            account.amount -= k % 11
            if k % 5 == 0:
                raise Failure(k)
        with counted(counts, k % 4), suppress(Found):
            search(range(20), k % 25)
        total += number(("12", "1.5", "x")[k % 3])
    iterator = iter(range(2000))
    while True:
        try:
            total += next(iterator)
        except StopIteration:
            break
    return total, account.amount, sum(account.journal), sorted(counts.items())
