#include "shape.h"

double blend(double a, double b, double c)
{
    return a + b * c;
}
