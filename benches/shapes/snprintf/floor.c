#include "floor.h"

static int (*volatile print)(char *, size_t, const char *, ...);

struct value loop(long n)
{
    char buffer[64];
    const char *unit = "ms";
    long total = 0;
    for (long i = 0; i < n; i++)
        total += print(buffer, sizeof buffer, "%d %s", (int)i, unit);
    return integer(total + buffer[0]);
}

void bind(void *library)
{
    *(void **)&print = function(library, "snprintf");
}
