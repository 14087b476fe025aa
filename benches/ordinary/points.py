"""Points of floats: a small class with slots, normalised and compared over and over."""

import math


class Point:
    __slots__ = ("x", "y", "z")

    def __init__(self, k):
        self.x = x = math.sin(k)
        self.y = math.cos(k) * 3.0
        self.z = x * x / 2.0

    def normalise(self):
        length = math.sqrt(self.x**2 + self.y**2 + self.z**2)
        self.x /= length
        self.y /= length
        self.z /= length

    def widen(self, other):
        self.x = self.x if self.x > other.x else other.x
        self.y = self.y if self.y > other.y else other.y
        self.z = self.z if self.z > other.z else other.z
        return self


def widest(points):
    found = points[0]
    for point in points[1:]:
        found = found.widen(point)
    return found


def work():
    total = 0.0
    for turn in range(4):
        points = [Point(k + turn) for k in range(3000)]
        for point in points:
            point.normalise()
        found = widest(points)
        total += found.x + found.y + found.z
    return round(total, 9)
