#include "floor.h"

static unsigned long long (*volatile scramble)(unsigned long long);

struct value loop(long n)
{
    unsigned long long x = 0xfedcba9876543210u;
    for (long i = 0; i < n; i++)
        x = scramble(x);
    return unsigned_integer(x);
}

void bind(void *library)
{
    *(void **)&scramble = function(library, "scramble");
}
