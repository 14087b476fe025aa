#include "floor.h"

#include <stdlib.h>

#define COLUMNS 64

static double *cells;
static long rows;

struct value loop(long n)
{
    if (n != rows) {
        free(cells);
        cells = malloc((size_t)n * COLUMNS * sizeof *cells);
        rows = n;
        for (long i = 0; i < n * COLUMNS; i++)
            cells[i] = (double)(i & 15) * 0.5;
    }
    double total = 0.0;
    for (long row = 0; row < n; row++)
        for (long column = 0; column < COLUMNS; column++)
            total += cells[row * COLUMNS + column];
    return number(total);
}

void bind(void *library)
{
    (void)library;
}
