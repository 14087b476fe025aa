"""A curve through points that a game of chance moves: vectors with operators, splines, and a generator of numbers."""


class Vector:
    def __init__(self, x=0.0, y=0.0):
        self.x = x
        self.y = y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __sub__(self, other):
        return Vector(self.x - other.x, self.y - other.y)

    def __mul__(self, factor):
        return Vector(self.x * factor, self.y * factor)

    def __abs__(self):
        return (self.x * self.x + self.y * self.y) ** 0.5

    def between(self, other, share):
        return self * (1.0 - share) + other * share


class Chance:
    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1103515245 + 12345) % 2147483648
        return (self.state >> 8) % limit


class Curve:
    def __init__(self, points, degree=3):
        self.points = points
        self.degree = degree
        self.knots = [0] * degree + list(range(len(points) - degree + 1)) + [len(points) - degree] * degree

    def span(self, u):
        for k in range(self.degree, len(self.points)):
            if self.knots[k] <= u < self.knots[k + 1]:
                return k
        return len(self.points) - 1

    def at(self, u):
        k = self.span(u)
        d = [self.points[j + k - self.degree] for j in range(self.degree + 1)]
        for r in range(1, self.degree + 1):
            for j in range(self.degree, r - 1, -1):
                left = self.knots[j + k - self.degree]
                right = self.knots[j + 1 + k - r]
                share = (u - left) / (right - left) if right != left else 0.0
                d[j] = d[j - 1].between(d[j], share)
        return d[self.degree]


def work():
    chance = Chance(1234)
    curves = [Curve([Vector(chance.below(100) / 10, chance.below(100) / 10) for _ in range(8)]) for _ in range(3)]
    place = Vector(5.0, 5.0)
    grid = [[0] * 32 for _ in range(32)]
    for _ in range(1200):
        curve = curves[chance.below(3)]
        end = len(curve.points) - curve.degree
        goal = curve.at((abs(place) * 7.3) % end)
        place = place + (goal - place) * 0.5
        grid[int(place.x * 3.1) % 32][int(place.y * 3.1) % 32] += 1
    return sum(count * (k + 1) for k, row in enumerate(grid) for count in row)
