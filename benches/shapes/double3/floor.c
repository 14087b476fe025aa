#include "floor.h"

static double (*volatile blend)(double, double, double);

struct value loop(long n)
{
    double last = 0.0;
    for (long i = 0; i < n; i++)
        last = blend((double)i, last, 0.5);
    return number(last);
}

void bind(void *library)
{
    *(void **)&blend = function(library, "blend");
}
