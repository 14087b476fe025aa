#include "floor.h"
#include "shape.h"

#include <math.h>

#define BODIES 5

static struct body bodies[BODIES];

static void start(void)
{
    bodies[0] = (struct body){0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.5};
    for (int k = 1; k < BODIES; k++) {
        double away = 4.0 * k + 1.0;
        double speed = sqrt(39.5 / away);
        bodies[k] = (struct body){away, 0.25 * k, -0.125 * k, 0.0, speed, 0.05 * k, 0.02 / k};
    }
}

struct value loop(long n)
{
    start();
    double dt = 0.001;
    for (long step = 0; step < n; step++) {
        for (int i = 0; i < BODIES; i++) {
            struct body *a = &bodies[i];
            for (int j = i + 1; j < BODIES; j++) {
                struct body *b = &bodies[j];
                double dx = a->x - b->x;
                double dy = a->y - b->y;
                double dz = a->z - b->z;
                double square = dx * dx + dy * dy + dz * dz;
                double pull = dt / (square * sqrt(square));
                double of_a = b->mass * pull;
                double of_b = a->mass * pull;
                a->vx -= dx * of_a;
                a->vy -= dy * of_a;
                a->vz -= dz * of_a;
                b->vx += dx * of_b;
                b->vy += dy * of_b;
                b->vz += dz * of_b;
            }
        }
        for (int i = 0; i < BODIES; i++) {
            struct body *body = &bodies[i];
            body->x += dt * body->vx;
            body->y += dt * body->vy;
            body->z += dt * body->vz;
        }
    }
    double total = 0.0;
    for (int i = 0; i < BODIES; i++)
        total += bodies[i].x + bodies[i].y + bodies[i].z;
    return number(total);
}

void bind(void *library)
{
    (void)library;
}
