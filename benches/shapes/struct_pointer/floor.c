#include "floor.h"
#include "shape.h"

static int (*volatile call)(struct counter *);

struct value loop(long n)
{
    struct counter counter = {0, 3};
    long steps = 0;
    for (long i = 0; i < n; i++)
        steps += call(&counter);
    return integer(steps + counter.total);
}

void bind(void *library)
{
    *(void **)&call = function(library, "bump");
}
