#include "floor.h"

static unsigned int (*volatile hash4)(const char *);
static const char *volatile text = "hardwire";

struct value loop(long n)
{
    long total = 0;
    for (long i = 0; i < n; i++)
        total += hash4(text);
    return integer(total);
}

void bind(void *library)
{
    *(void **)&hash4 = function(library, "hash4");
}
