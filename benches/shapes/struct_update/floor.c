#include "floor.h"
#include "shape.h"

#include <string.h>

static struct cell cells[256];

struct value loop(long n)
{
    memset(cells, 0, sizeof cells);
    for (long i = 0; i < n; i++) {
        struct cell *p = &cells[i & 255];
        p->a += 1;
        p->b += 0.5;
    }
    return number(cells[0].a + cells[3].b + cells[200].a + cells[255].b);
}

void bind(void *library)
{
    (void)library;
}
