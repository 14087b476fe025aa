#include "shape.h"

void nothing(void)
{
    __asm__ volatile("");
}
