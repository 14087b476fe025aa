#include "shape.h"

unsigned int hash4(const char *text)
{
    return (unsigned char)text[0] + 31u * (unsigned char)text[1] + 961u * (unsigned char)text[2];
}
