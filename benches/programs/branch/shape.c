#include "shape.h"

int go_left(int at)
{
    return at + 1;
}

int go_right(int at)
{
    return at ^ 5;
}
