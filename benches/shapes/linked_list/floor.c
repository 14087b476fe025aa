#include "floor.h"
#include "shape.h"

static struct node nodes[1000];

/* The list is a ring, so that one loop walks it as far as it likes. */
struct value loop(long n)
{
    const struct node *p = nodes;
    long total = 0;
    while (p && n) {
        total += p->value;
        p = p->next;
        n -= 1;
    }
    return integer(total);
}

void bind(void *library)
{
    (void)library;
    for (int i = 0; i < 1000; i++)
        nodes[i] = (struct node){i * 3, &nodes[(i + 1) % 1000]};
}
