/* Times a shape's loop in C: `floor LIBRARY ITERATIONS REPEATS`. Prints JSON: the times of an iteration,
 * one for each repeat, and the checksum. */

#include "floor.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct value integer(long long value)
{
    struct value result;
    snprintf(result.text, sizeof result.text, "%lld", value);
    return result;
}

struct value unsigned_integer(unsigned long long value)
{
    struct value result;
    snprintf(result.text, sizeof result.text, "%llu", value);
    return result;
}

struct value number(double value)
{
    struct value result;
    snprintf(result.text, sizeof result.text, "%.17g", value);
    return result;
}

void *function(void *library, const char *name)
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

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: floor LIBRARY ITERATIONS REPEATS\n");
        return 2;
    }
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) {
        fprintf(stderr, "floor: %s\n", dlerror());
        return 1;
    }
    bind(library);
    long iterations = atol(argv[2]);
    struct value checksum = loop(iterations);
    printf("{\"ns\": [");
    for (long i = 0, repeats = atol(argv[3]); i < repeats; i++) {
        double start = now();
        checksum = loop(iterations);
        double spent = now() - start;
        printf("%s%.4f", i ? ", " : "", spent / (double)iterations);
    }
    printf("], \"checksum\": \"%s\"}\n", checksum.text);
    return 0;
}
