#include "floor.h"

static int (*volatile left)(int);
static int (*volatile right)(int);

struct value loop(long n)
{
    long coin = 12345, total = 0;
    for (long i = 0; i < n; i++) {
        coin = (coin * 1103515245 + 12345) & 0x7fffffff;
        if (coin & 0x10000)
            total += left((int)i);
        else
            total -= right((int)i);
    }
    return integer(total);
}

void bind(void *library)
{
    *(void **)&left = function(library, "go_left");
    *(void **)&right = function(library, "go_right");
}
