#include "floor.h"
#include "shape.h"

static struct meter *(*volatile new)(int);
static void (*volatile give_back)(struct meter *);
static int (*volatile add)(struct meter *, int);

struct value loop(long n)
{
    struct meter *meter = new(3);
    long total = 0;
    for (long i = 0; i < n; i++)
        total += add(meter, (int)(i & 7));
    give_back(meter);
    return integer(total);
}

void bind(void *library)
{
    *(void **)&new = function(library, "meter_new");
    *(void **)&give_back = function(library, "meter_free");
    *(void **)&add = function(library, "meter_add");
}
