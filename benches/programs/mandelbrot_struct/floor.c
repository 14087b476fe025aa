#include "floor.h"
#include "shape.h"

static struct complex (*volatile step)(struct complex, struct complex);

struct value loop(long n)
{
    long total = 0;
    for (long row = 0; row < n; row++) {
        for (long column = 0; column < n; column++) {
            struct complex c = {2.5 * (double)column / (double)n - 2.0, 2.5 * (double)row / (double)n - 1.25};
            struct complex z = {0.0, 0.0};
            long steps = 0;
            while (steps < 60 && z.re * z.re + z.im * z.im <= 4.0) {
                z = step(z, c);
                steps++;
            }
            total += steps;
        }
    }
    return integer(total);
}

void bind(void *library)
{
    *(void **)&step = function(library, "square_add");
}
