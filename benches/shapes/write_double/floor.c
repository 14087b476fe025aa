#include "floor.h"

#include <string.h>

static double halves[1024];

struct value loop(long n)
{
    memset(halves, 0, sizeof halves);
    for (long i = 0; i < n; i++)
        halves[i & 1023] = (double)i * 0.5;
    return number(halves[0] + halves[511] + halves[1023]);
}

void bind(void *library)
{
    (void)library;
}
