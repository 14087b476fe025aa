#include "floor.h"
#include "shape.h"

#include <stdio.h>
#include <stdlib.h>

#define ROW 100

static int (*volatile step)(sqlite3_stmt *);
static int (*volatile reset)(sqlite3_stmt *);
static int (*volatile column_int)(sqlite3_stmt *, int);
static double (*volatile column_double)(sqlite3_stmt *, int);
static sqlite3_stmt *rows;

/* One row an iteration; behind the last comes the first. */
struct value loop(long n)
{
    reset(rows);
    long ids = 0;
    double halves = 0.0;
    for (long i = 0; i < n; i++) {
        if (step(rows) != ROW) {
            reset(rows);
            step(rows);
        }
        ids += column_int(rows, 0);
        halves += column_double(rows, 1);
    }
    return number((double)ids + halves);
}

static void check(int code)
{
    if (code != 0) {
        fprintf(stderr, "floor: sqlite3 says %d\n", code);
        exit(1);
    }
}

void bind(void *library)
{
    int (*open)(const char *, sqlite3 **);
    int (*exec)(sqlite3 *, const char *, void *, void *, char **);
    int (*prepare)(sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
    *(void **)&open = function(library, "sqlite3_open");
    *(void **)&exec = function(library, "sqlite3_exec");
    *(void **)&prepare = function(library, "sqlite3_prepare_v2");
    *(void **)&step = function(library, "sqlite3_step");
    *(void **)&reset = function(library, "sqlite3_reset");
    *(void **)&column_int = function(library, "sqlite3_column_int");
    *(void **)&column_double = function(library, "sqlite3_column_double");
    sqlite3 *database;
    check(open(":memory:", &database));
    check(exec(database,
               "CREATE TABLE readings (id INTEGER, half REAL);"
               "WITH RECURSIVE ids(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM ids LIMIT 1000)"
               "INSERT INTO readings SELECT id, id * 0.5 FROM ids",
               NULL, NULL, NULL));
    check(prepare(database, "SELECT id, half FROM readings", -1, &rows, NULL));
}
