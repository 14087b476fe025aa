/* A small C library, such as a program calls in a loop. */

#include "sensor.h"

double calibrate(double raw, double gain, double offset)
{
    return raw * gain + offset;
}

unsigned int checksum(unsigned int sum, unsigned int word)
{
    return (sum ^ word) * 16777619u;
}

int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

int is_outlier(int reading)
{
    return reading % 1000 == 999;
}
