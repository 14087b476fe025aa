#include "shape.h"

double weigh(struct reading reading)
{
    return reading.count * reading.weight;
}
