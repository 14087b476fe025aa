#include "shape.h"

double gain(double a, double b, double c)
{
    return a + b * c;
}
