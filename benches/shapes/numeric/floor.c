#include "floor.h"

static double (*volatile gain)(double, double, double);

struct value loop(long n)
{
    double total = 0.0;
    for (long i = 0; i < n; i++) {
        total += gain((double)i, 1.5, 0.5);
        total += (double)i * 0.5;
    }
    return number(total);
}

void bind(void *library)
{
    *(void **)&gain = function(library, "gain");
}
