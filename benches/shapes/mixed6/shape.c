#include "shape.h"

double mixed(int a, double b, long long c, float d, unsigned short e, double f)
{
    return (double)(a + c + e) + b + (double)d + f;
}
