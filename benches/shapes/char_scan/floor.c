#include "floor.h"

#include <stdlib.h>

static char *text;
static long length = -1;

/* The text is as long as the loop: made before the first time that counts. */
static char *text_of(long n)
{
    if (length != n) {
        free(text);
        text = malloc((size_t)n + 1);
        for (long i = 0; i < n; i++)
            text[i] = "hardwire"[i & 7];
        text[n] = '\0';
        length = n;
    }
    return text;
}

struct value loop(long n)
{
    const char *s = text_of(n);
    long i = 0, found = 0;
    while (s[i] != '\0') {
        found += s[i] == 'r';
        i += 1;
    }
    return integer(found);
}

void bind(void *library)
{
    (void)library;
}
