#include "floor.h"
#include "shape.h"

static double (*volatile call)(struct reading);

struct value loop(long n)
{
    struct reading reading = {3, 0.5};
    double total = 0.0;
    for (long i = 0; i < n; i++)
        total += call(reading);
    return number(total);
}

void bind(void *library)
{
    *(void **)&call = function(library, "weigh");
}
