#include "floor.h"

static int32_t numbers[1024];

struct value loop(long n)
{
    long total = 0;
    for (long i = 0; i < n; i++)
        total += numbers[i & 1023];
    return integer(total);
}

void bind(void *library)
{
    (void)library;
    for (int i = 0; i < 1024; i++)
        numbers[i] = i * 7 - 1000;
}
