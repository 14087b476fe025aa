#include "floor.h"

enum { COUNT = 500 };

static void (*volatile sort)(void *, size_t, size_t, int (*)(const void *, const void *));

static int compare(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Sorts 500 numbers again and again: an iteration is a number. */
struct value loop(long n)
{
    int32_t numbers[COUNT];
    long total = 0;
    for (long turn = 0; turn < n / COUNT; turn++) {
        uint32_t x = (uint32_t)turn;
        for (int i = 0; i < COUNT; i++) {
            x = x * 1103515245 + 12345;
            numbers[i] = (int32_t)(x >> 8);
        }
        sort(numbers, COUNT, sizeof numbers[0], compare);
        total += numbers[0] + numbers[COUNT / 2];
    }
    return integer(total);
}

void bind(void *library)
{
    *(void **)&sort = function(library, "qsort");
}
