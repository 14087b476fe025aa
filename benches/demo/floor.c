/* The loops of the scripts in C: `floor NAME LIBRARY`. The library is opened at run time and called through volatile
 * pointers, so that a call is a call here too. Prints what the scripts print. */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ITERATIONS = 200000, REPEATS = 100 };

static double (*volatile calibrate)(double, double, double);
static unsigned int (*volatile checksum)(unsigned int, unsigned int);
static int (*volatile clamp)(int, int, int);
static int (*volatile is_outlier)(int);

static void mean_reading(long n, char *result)
{
    double total = 0.0;
    for (long i = 0; i < n; i++)
        total += calibrate((double)i * 0.5, 1.25, -3.0);
    sprintf(result, "%.17g", total / (double)n);
}

static void checksum_of_range(long n, char *result)
{
    unsigned int total = 2166136261u;
    for (long word = 0; word < n; word++)
        total = checksum(total, (unsigned int)word);
    sprintf(result, "%u", total);
}

static void sum_of_clamped(long n, char *result)
{
    long total = 0;
    for (long reading = 0; reading < n; reading++)
        total += clamp((int)(reading & 1023), 100, 900);
    sprintf(result, "%ld", total);
}

static void total_without_outliers(long n, char *result)
{
    long total = 0, outliers = 0;
    for (long reading = 0; reading < n; reading++) {
        if (is_outlier((int)reading))
            outliers++;
        else
            total += reading;
    }
    sprintf(result, "(%ld, %ld)", total, outliers);
}

struct channel {
    int readings;
    double sum;
    char state;
};

static void sum_of_channels(long n, char *result)
{
    struct channel channels[64];
    memset(channels, 0, sizeof channels);
    for (long i = 0; i < n; i++) {
        struct channel *channel = &channels[i & 63];
        channel->readings += 1;
        channel->sum += (double)i * 0.25;
        channel->state = channel->sum > 100.0 ? '+' : '-';
    }
    double total = 0.0;
    for (int i = 0; i < 64; i++)
        total += channels[i].readings + channels[i].sum;
    sprintf(result, "%.17g", total);
}

static const struct {
    const char *name;
    void (*work)(long, char *);
} LOOPS[] = {
    {"cffi_abi", mean_reading},
    {"cffi_api", checksum_of_range},
    {"ctypes_clamp", sum_of_clamped},
    {"outliers", total_without_outliers},
    {"memory", sum_of_channels},
};

static void *function(void *library, const char *name)
{
    void *found = dlsym(library, name);
    if (!found) {
        fprintf(stderr, "floor: %s\n", dlerror());
        exit(1);
    }
    return found;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void run(void (*work)(long, char *))
{
    char result[64] = "";
    double best = 1e300;
    for (int i = 0; i < REPEATS; i++) {
        double start = now();
        work(ITERATIONS, result);
        double spent = now() - start;
        best = spent < best ? spent : best;
    }
    printf("result %s\nns %.3f\n", result, best / ITERATIONS);
}

int main(int argc, char **argv)
{
    void *library = argc == 3 ? dlopen(argv[2], RTLD_NOW) : NULL;
    if (!library) {
        fprintf(stderr, "floor: %s\n", argc == 3 ? dlerror() : "needs NAME LIBRARY");
        return 2;
    }
    *(void **)&calibrate = function(library, "calibrate");
    *(void **)&checksum = function(library, "checksum");
    *(void **)&clamp = function(library, "clamp");
    *(void **)&is_outlier = function(library, "is_outlier");
    for (size_t i = 0; i < sizeof LOOPS / sizeof *LOOPS; i++) {
        if (strcmp(argv[1], LOOPS[i].name) == 0) {
            run(LOOPS[i].work);
            return 0;
        }
    }
    fprintf(stderr, "floor: no loop called %s\n", argv[1]);
    return 2;
}
