#include "floor.h"

static int (*volatile add)(int, int);

struct value loop(long n)
{
    long total = 0;
    for (long i = 0; i < n; i++)
        total += add((int)i, 3);
    return integer(total);
}

void bind(void *library)
{
    *(void **)&add = function(library, "add");
}
