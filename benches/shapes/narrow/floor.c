#include "floor.h"

static signed char (*volatile narrow)(_Bool, char, signed char);

struct value loop(long n)
{
    long total = 0;
    for (long i = 0; i < n; i++)
        total += narrow((i & 3) == 0, 'a', (signed char)(i & 63));
    return integer(total);
}

void bind(void *library)
{
    *(void **)&narrow = function(library, "narrow");
}
