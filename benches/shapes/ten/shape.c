#include "shape.h"

long long sum10(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j)
{
    return (long long)a + b + c + d + e + f + g + h + i + j;
}
