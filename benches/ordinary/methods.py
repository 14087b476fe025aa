"""Methods: properties, inheritance, `super`, attributes that change, dispatch by type."""


class Shape:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def area(self):
        return 0

    def move(self, dx, dy):
        self.x += dx
        self.y += dy
        return self

    @property
    def distance(self):
        return abs(self.x) + abs(self.y)


class Box(Shape):
    def __init__(self, x, y, width, height):
        super().__init__(x, y)
        self.width, self.height = width, height

    def area(self):
        return self.width * self.height

    def move(self, dx, dy):
        return super().move(dx * 2, dy)


class Disc(Shape):
    def __init__(self, x, y, radius):
        super().__init__(x, y)
        self.radius = radius

    def area(self):
        return 3 * self.radius * self.radius


class Scene:
    def __init__(self):
        self.shapes = []

    def add(self, shape):
        self.shapes.append(shape)
        return shape

    def total_area(self):
        total = 0
        for shape in self.shapes:
            total += shape.area()
        return total

    def step(self, turn):
        for shape in self.shapes:
            shape.move(turn & 3, -(turn & 1))
            if shape.distance > 100:
                shape.x = shape.y = 0


def work():
    scene = Scene()
    for i in range(200):
        scene.add(Box(i, -i, i % 7, i % 5) if i % 2 else Disc(i, i, i % 9))
    total = 0
    for turn in range(120):
        scene.step(turn)
        total += scene.total_area()
    return total + sum(shape.distance for shape in scene.shapes)
