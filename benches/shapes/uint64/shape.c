#include "shape.h"

unsigned long long scramble(unsigned long long x)
{
    return x ^ (x << 7) ^ 0x8000000000000001u;
}
