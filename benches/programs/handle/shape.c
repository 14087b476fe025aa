#include <stdlib.h>

#include "shape.h"

struct meter {
    int scale, total;
};

struct meter *meter_new(int scale)
{
    struct meter *meter = malloc(sizeof *meter);
    if (meter) {
        meter->scale = scale;
        meter->total = 0;
    }
    return meter;
}

void meter_free(struct meter *meter)
{
    free(meter);
}

int meter_add(struct meter *meter, int amount)
{
    meter->total = (meter->total + amount * meter->scale) & 0xffff;
    return meter->total;
}
