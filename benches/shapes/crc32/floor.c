#include "floor.h"

static unsigned long (*volatile crc32)(unsigned long, const unsigned char *, unsigned int);

struct value loop(long n)
{
    unsigned char data[64];
    for (int i = 0; i < 64; i++)
        data[i] = (unsigned char)i;
    unsigned long crc = 0;
    for (long i = 0; i < n; i++)
        crc = crc32(crc, data, 64);
    return unsigned_integer(crc);
}

void bind(void *library)
{
    *(void **)&crc32 = function(library, "crc32");
}
