#include "floor.h"

#include <errno.h>

static int (*volatile refuse)(int);

struct value loop(long n)
{
    long total = 0;
    for (long i = 0; i < n; i++) {
        total += refuse((int)i);
        total += errno;
    }
    return integer(total);
}

void bind(void *library)
{
    *(void **)&refuse = function(library, "refuse");
}
