#include "shape.h"

struct complex square_add(struct complex z, struct complex c)
{
    struct complex result = {z.re * z.re - z.im * z.im + c.re, 2.0 * z.re * z.im + c.im};
    return result;
}
