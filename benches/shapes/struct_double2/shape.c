#include "shape.h"

double slope(struct point point)
{
    return point.x * 0.5 + point.y;
}
