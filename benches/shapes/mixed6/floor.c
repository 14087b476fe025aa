#include "floor.h"

static double (*volatile mixed)(int, double, long long, float, unsigned short, double);

struct value loop(long n)
{
    double total = 0.0;
    for (long i = 0; i < n; i++)
        total += mixed((int)i, 0.5, i, 1.5f, (unsigned short)(i & 255), 2.5);
    return number(total);
}

void bind(void *library)
{
    *(void **)&mixed = function(library, "mixed");
}
