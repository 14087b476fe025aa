#include "shape.h"

struct bounds around(double middle)
{
    return (struct bounds){middle - 0.5, middle + 1.5};
}
