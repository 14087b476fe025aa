/* What releasing and taking the GIL costs, by the clock that the loops are measured with. */

#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The best time of a pair of calls, in ns. */
double save_restore(long iterations, long repeats, void *(*save)(void), void (*restore)(void *))
{
    double best = 1e300;
    while (repeats-- > 0) {
        double start = now();
        for (long i = 0; i < iterations; i++)
            restore(save());
        double spent = now() - start;
        best = spent < best ? spent : best;
    }
    return best / (double)iterations;
}
