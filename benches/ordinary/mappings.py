"""Dicts and sets: counts, groups, indices, a graph searched in breadth, sets of tuples."""

from collections import Counter, defaultdict, deque

WORDS = "the quick brown fox jumps over the lazy dog while a slow red hen looks at it from under an old oak tree".split()


def graph(size):
    edges = defaultdict(set)
    for k in range(size):
        for other in (k * 7 + 3, k * 3 + 1, k + 1):
            edges[k].add(other % size)
            edges[other % size].add(k)
    return edges


def distances(edges, start):
    found = {start: 0}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for near in edges[node]:
            if near not in found:
                found[near] = found[node] + 1
                waiting.append(near)
    return found


def life(cells, turns):
    for _ in range(turns):
        counts = {}
        for x, y in cells:
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1):
                    if dx or dy:
                        place = (x + dx, y + dy)
                        counts[place] = counts.get(place, 0) + 1
        cells = {place for place, count in counts.items() if count == 3 or (count == 2 and place in cells)}
    return cells


def work():
    counts, by_length, places = Counter(), {}, {}
    for k in range(12000):
        word = WORDS[k * k % len(WORDS)]
        counts[word] += 1
        by_length.setdefault(len(word), []).append(k)
        places[word, k % 5] = k
    edges = graph(700)
    far = sum(max(distances(edges, start).values()) for start in range(0, 700, 50))
    alive = life({(0, 1), (1, 2), (2, 0), (2, 1), (2, 2), (9, 9), (9, 10), (10, 9), (5, 5), (5, 6), (5, 7)}, 50)
    return sorted(counts.values()), len(places), sum(map(len, by_length.values())), far, sorted(alive)[:3]
