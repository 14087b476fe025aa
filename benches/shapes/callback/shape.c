#include "shape.h"

/* Calls the function for each number below `count`, and adds up what it gives. */
long long each(step step, int count)
{
    long long total = 0;
    for (int i = 0; i < count; i++)
        total += step(i);
    return total;
}
