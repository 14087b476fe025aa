#include "floor.h"
#include "shape.h"

static operation volatile multiply;

struct value loop(long n)
{
    long total = 0;
    for (long i = 0; i < n; i++)
        total += multiply((int)i, 3);
    return integer(total);
}

void bind(void *library)
{
    operation (*find_operation)(void);
    *(void **)&find_operation = function(library, "find_operation");
    multiply = find_operation();
}
