#include "floor.h"

#include <string.h>

static void *(*volatile move)(void *, const void *, size_t);

struct value loop(long n)
{
    char source[64], target[64];
    for (int i = 0; i < 64; i++)
        source[i] = "hardwire"[i & 7];
    memset(target, 0, sizeof target);
    long found = 0;
    for (long i = 0; i < n; i++) {
        move(target, source, 64);
        found += target[i & 63] == 'r';
    }
    return integer(found);
}

void bind(void *library)
{
    *(void **)&move = function(library, "memmove");
}
