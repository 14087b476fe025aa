#include "floor.h"

static double (*volatile sine)(double);
static double (*volatile power)(double);
static double (*volatile angle)(double, double);
static double (*volatile length)(double, double);

struct value loop(long n)
{
    double total = 0.0;
    for (long i = 0; i < n; i++) {
        double x = (double)i * 0.001;
        double wave = sine(x) * power(-x);
        total += angle(wave, x + 1.0) + length(wave, x);
    }
    return number(total);
}

void bind(void *library)
{
    *(void **)&sine = function(library, "sin");
    *(void **)&power = function(library, "exp");
    *(void **)&angle = function(library, "atan2");
    *(void **)&length = function(library, "hypot");
}
