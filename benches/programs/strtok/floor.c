#include "floor.h"

#include <stdlib.h>
#include <string.h>

static char *(*volatile next_token)(char *, const char *);
static size_t (*volatile length)(const char *);
static void *(*volatile copy)(void *, const void *, size_t);

static const char LINE[] = "let width = 12 * (height + 7); call draw_line x0 y0 3.25, count ";

struct value loop(long n)
{
    size_t line = sizeof LINE - 1, size = line * (size_t)n;
    char *text = calloc(size + 1, 1);
    for (long i = 0; i < n; i++)
        copy(text + line * (size_t)i, LINE, line);
    long tokens = 0, total = 0;
    char *token = next_token(text, " ,;()");
    while (token) {
        tokens++;
        total += (long)length(token);
        token = next_token(NULL, " ,;()");
    }
    free(text);
    return integer(tokens * 1000000 + total);
}

void bind(void *library)
{
    *(void **)&next_token = function(library, "strtok");
    *(void **)&length = function(library, "strlen");
    *(void **)&copy = function(library, "memcpy");
}
