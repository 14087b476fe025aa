#include "floor.h"

static void *(*volatile allocate)(size_t, size_t);
static void (*volatile release)(void *);

struct value loop(long n)
{
    long total = 0;
    for (long i = 0; i < n; i++) {
        int *p = allocate(4, sizeof(int));
        p[i & 3] = (int)i;
        total += p[1];
        release(p);
    }
    return integer(total);
}

void bind(void *library)
{
    *(void **)&allocate = function(library, "calloc");
    *(void **)&release = function(library, "free");
}
