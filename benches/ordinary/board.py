"""A game on a board: groups of stones found by a flood, liberties in sets, a search two moves deep."""

SIZE = 7
CELLS = SIZE * SIZE


def neighbours(cell):
    row, column = divmod(cell, SIZE)
    if row:
        yield cell - SIZE
    if row < SIZE - 1:
        yield cell + SIZE
    if column:
        yield cell - 1
    if column < SIZE - 1:
        yield cell + 1


NEXT = [tuple(neighbours(cell)) for cell in range(CELLS)]


class Board:
    def __init__(self, cells=None):
        self.cells = cells or [0] * CELLS

    def group(self, cell):
        colour = self.cells[cell]
        seen, liberties, waiting = {cell}, set(), [cell]
        while waiting:
            for near in NEXT[waiting.pop()]:
                other = self.cells[near]
                if other == 0:
                    liberties.add(near)
                elif other == colour and near not in seen:
                    seen.add(near)
                    waiting.append(near)
        return seen, liberties

    def play(self, cell, colour):
        after = Board(self.cells[:])
        after.cells[cell] = colour
        taken = 0
        for near in NEXT[cell]:
            if after.cells[near] == -colour:
                stones, liberties = after.group(near)
                if not liberties:
                    taken += len(stones)
                    for stone in stones:
                        after.cells[stone] = 0
        if not taken and not after.group(cell)[1]:
            return None, 0
        return after, taken

    def score(self, colour):
        total = 0
        for cell, stone in enumerate(self.cells):
            if stone == colour:
                total += 2
            elif stone == 0:
                total += sum(self.cells[near] == colour for near in NEXT[cell])
        return total


def best_move(board, colour, depth):
    best = (-1000, -1)
    for cell in range(CELLS):
        if board.cells[cell]:
            continue
        after, taken = board.play(cell, colour)
        if after is None:
            continue
        value = taken * 5
        if depth > 1:
            value -= best_move(after, -colour, depth - 1)[0]
        else:
            value += after.score(colour) - after.score(-colour)
        if value > best[0]:
            best = (value, cell)
    return best


def work():
    board, colour = Board(), 1
    state = 11
    for _ in range(30):
        state = (state * 75 + 74) % 65537
        after, _ = board.play(state % CELLS, colour) if not board.cells[state % CELLS] else (None, 0)
        board = after or board
        colour = -colour
    return best_move(board, colour, 2), board.score(1), board.score(-1)
