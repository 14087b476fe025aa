#include "floor.h"

static unsigned char bytes[4096];

struct value loop(long n)
{
    void *p = bytes;
    long total = 0;
    for (long i = 0; i < n; i++) {
        int32_t *q = (int32_t *)p;
        total += *(q + (i & 1023));
    }
    return integer(total);
}

void bind(void *library)
{
    (void)library;
    for (int i = 0; i < 4096; i++)
        bytes[i] = (unsigned char)(i * 7);
}
