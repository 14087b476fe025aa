"""Tuples and lists taken apart and put together: swaps, stars, nested targets, `zip`, arguments by star."""


def ends(first, *middle, last=0):
    return first, len(middle), last


def minimum(pairs):
    best_key, best_value = pairs[0]
    for key, value in pairs[1:]:
        if value < best_value:
            best_key, best_value = key, value
    return best_key, best_value


def rotated(triple):
    a, b, c = triple
    return b, c, a


def work():
    total = 0
    triple = (1, 2, 3)
    rows = [(k, (k * 2, [k * 3, k % 5])) for k in range(300)]
    for turn in range(110):
        for k, (double, (threefold, rest)) in rows:
            total += k + double - threefold + rest
        for left, right in zip(rows, rows[1:]):
            (a, _), (b, _) = left, right
            a, b = b, a
            total += a - b
        triple = rotated(triple)
        head, *tail = [*triple, turn, *range(5)]
        *front, last = tail
        total += head + len(front) + last
        for k in range(150):
            first, count, last = ends(*triple, k, last=turn)
            total += first + count + last
        key, value = minimum([(k, (k * 37 + turn) % 101) for k in range(60)])
        total += key * value
        low, high = divmod(total, 97)
        x = y = z = low
        [x, y], z = (y, high), x
        total += (x - y + z) % 13
    return total
