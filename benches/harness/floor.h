/* What a loop in C is given and gives back. A shape's floor.c has `bind` and `loop`; floor_main.c times them. */

#ifndef HARDWIRE_FLOOR_H
#define HARDWIRE_FLOOR_H

/* cffi knows these names by itself, so a shape.h does without. */
#include <stddef.h>
#include <stdint.h>

/* The checksum of a loop: text, so that it is compared exactly. */
struct value {
    char text[40];
};

struct value integer(long long value);
struct value unsigned_integer(unsigned long long value);
struct value number(double value);

/* A function of the library; ends the program where there is none. */
void *function(void *library, const char *name);

/* Finds the functions that the loop calls. */
void bind(void *library);

/* Does the work `n` times. */
struct value loop(long n);

#endif
