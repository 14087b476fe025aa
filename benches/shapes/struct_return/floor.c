#include "floor.h"
#include "shape.h"

static struct bounds (*volatile call)(double);

struct value loop(long n)
{
    double total = 0.0;
    for (long i = 0; i < n; i++) {
        struct bounds bounds = call((double)i);
        total += bounds.low + bounds.high;
    }
    return number(total);
}

void bind(void *library)
{
    *(void **)&call = function(library, "around");
}
