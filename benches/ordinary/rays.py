"""A picture by rays: vectors, spheres and a plane as small classes, reflections by recursion."""

import math


class Vector:
    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    def dot(self, other):
        return self.x * other.x + self.y * other.y + self.z * other.z

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other):
        return Vector(self.x - other.x, self.y - other.y, self.z - other.z)

    def scale(self, factor):
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    def length(self):
        return math.sqrt(self.dot(self))

    def unit(self):
        return self.scale(1.0 / self.length())

    def mirrored(self, normal):
        return self - normal.scale(2.0 * self.dot(normal))


class Ray:
    def __init__(self, start, direction):
        self.start = start
        self.direction = direction.unit()

    def at(self, distance):
        return self.start + self.direction.scale(distance)


class Sphere:
    def __init__(self, centre, radius, shine):
        self.centre, self.radius, self.shine = centre, radius, shine

    def hit(self, ray):
        to = self.centre - ray.start
        along = to.dot(ray.direction)
        rest = self.radius * self.radius - (to.dot(to) - along * along)
        return None if rest < 0 else along - math.sqrt(rest)

    def normal(self, point):
        return (point - self.centre).unit()


class Floor:
    shine = 0.2

    def hit(self, ray):
        down = ray.direction.y
        return -ray.start.y / down if abs(down) > 1e-6 else None

    def normal(self, point):
        return Vector(0.0, 1.0, 0.0)


class Scene:
    def __init__(self):
        self.things = [Sphere(Vector(k - 1.5, 1.0 + k * 0.2, 6.0 + k), 0.9, 0.3) for k in range(4)] + [Floor()]
        self.light = Vector(-5.0, 8.0, -2.0)

    def nearest(self, ray):
        best = None
        for thing in self.things:
            distance = thing.hit(ray)
            if distance is not None and distance > 1e-4 and (best is None or distance < best[0]):
                best = distance, thing
        return best

    def colour(self, ray, depth=0):
        found = self.nearest(ray)
        if found is None:
            return 0.5
        distance, thing = found
        point = ray.at(distance)
        normal = thing.normal(point)
        to_light = (self.light - point).unit()
        bright = 0.1
        if self.nearest(Ray(point, to_light)) is None:
            bright += max(0.0, normal.dot(to_light))
        if depth < 2:
            bright += thing.shine * self.colour(Ray(point, ray.direction.mirrored(normal)), depth + 1)
        return bright


def work():
    scene = Scene()
    eye = Vector(0.0, 2.0, -3.0)
    total = 0.0
    for row in range(30):
        for column in range(40):
            total += scene.colour(Ray(eye, Vector(column / 20 - 1.0, 0.6 - row / 24, 2.0)))
    return round(total, 6)
