#include "floor.h"

#include <stdlib.h>

static double **matrix(long n)
{
    double **rows = malloc((size_t)n * sizeof *rows);
    for (long i = 0; i < n; i++)
        rows[i] = calloc((size_t)n, sizeof **rows);
    return rows;
}

static void give_back(double **rows, long n)
{
    for (long i = 0; i < n; i++)
        free(rows[i]);
    free(rows);
}

struct value loop(long n)
{
    double **a = matrix(n), **b = matrix(n), **c = matrix(n);
    for (long i = 0; i < n; i++) {
        for (long j = 0; j < n; j++) {
            a[i][j] = (double)(i - j) / (double)n;
            b[i][j] = (double)(i + j) / (double)n;
        }
    }
    for (long i = 0; i < n; i++) {
        for (long j = 0; j < n; j++) {
            double total = 0.0;
            for (long k = 0; k < n; k++)
                total += a[i][k] * b[k][j];
            c[i][j] = total;
        }
    }
    double trace = 0.0;
    for (long i = 0; i < n; i++)
        trace += c[i][i];
    give_back(a, n);
    give_back(b, n);
    give_back(c, n);
    return number(trace);
}

void bind(void *library)
{
    (void)library;
}
