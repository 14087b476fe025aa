"""Five bodies in an array of structs."""

import math

from binding import ffi

BODIES = 5


def start(bodies):
    bodies[0].mass = 39.5
    for k in range(1, BODIES):
        away = 4.0 * k + 1.0
        speed = math.sqrt(39.5 / away)
        bodies[k] = (away, 0.25 * k, -0.125 * k, 0.0, speed, 0.05 * k, 0.02 / k)


def loop(n):
    bodies = ffi.new("struct body[]", BODIES)
    start(bodies)
    dt = 0.001
    for _ in range(n):
        for i in range(BODIES):
            a = bodies[i]
            for j in range(i + 1, BODIES):
                b = bodies[j]
                dx = a.x - b.x
                dy = a.y - b.y
                dz = a.z - b.z
                square = dx * dx + dy * dy + dz * dz
                pull = dt / (square * math.sqrt(square))
                of_a = b.mass * pull
                of_b = a.mass * pull
                a.vx -= dx * of_a
                a.vy -= dy * of_a
                a.vz -= dz * of_a
                b.vx += dx * of_b
                b.vy += dy * of_b
                b.vz += dz * of_b
        for i in range(BODIES):
            body = bodies[i]
            body.x += dt * body.vx
            body.y += dt * body.vy
            body.z += dt * body.vz
    total = 0.0
    for body in bodies:
        total += body.x + body.y + body.z
    return total
