#include "shape.h"

signed char narrow(_Bool negative, char letter, signed char amount)
{
    return (signed char)(negative ? -amount : amount + (letter == 'a'));
}
