"""Five bodies in lists, ten pairs a step."""

import math

SUN = 39.5


def bodies():
    """A sun and four planets: place, speed and mass of each."""
    made = [[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, SUN]]
    for k in range(1, 5):
        away = 4.0 * k + 1.0
        speed = math.sqrt(SUN / away)
        made.append([away, 0.25 * k, -0.125 * k, 0.0, speed, 0.05 * k, 0.02 / k])
    return made


def loop(n):
    system = bodies()
    pairs = [(a, b) for k, a in enumerate(system) for b in system[k + 1 :]]
    dt = 0.001
    for _ in range(n):
        for a, b in pairs:
            dx = a[0] - b[0]
            dy = a[1] - b[1]
            dz = a[2] - b[2]
            square = dx * dx + dy * dy + dz * dz
            pull = dt / (square * math.sqrt(square))
            of_a = b[6] * pull
            of_b = a[6] * pull
            a[3] -= dx * of_a
            a[4] -= dy * of_a
            a[5] -= dz * of_a
            b[3] += dx * of_b
            b[4] += dy * of_b
            b[5] += dz * of_b
        for body in system:
            body[0] += dt * body[3]
            body[1] += dt * body[4]
            body[2] += dt * body[5]
    return sum(sum(body) for body in system)
