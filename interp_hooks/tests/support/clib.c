/* The library that the test programs call. Every function counts its call and adds its number to the trail. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "clib.h"

static int64_t calls;
static uint64_t trail;
int counter_var;

enum {
    ID_IDENTITY = 1000,
    ID_WIDEN = 2000,
    ID_NARROW = 3000,
    ID_ISUM = 4000,
    ID_FSUM = 5000,
    ID_MIX = 6000,
};

/* __atomic: two Python threads may be inside the library at once. */
static void count(uint64_t id)
{
    __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    trail = trail * 1099511628211u + id;
}

#define COUNT(id) count((uint64_t)(id))

#define IDENTITY(name, type) \
    type id_##name(type x) \
    { \
        COUNT(ID_IDENTITY + sizeof(type)); \
        return x; \
    }

#define NARROW(name, type) \
    int64_t widen_##name(type x) \
    { \
        COUNT(ID_WIDEN + sizeof(type)); \
        return (int64_t)x; \
    } \
    type narrow_##name(int64_t x) \
    { \
        COUNT(ID_NARROW + sizeof(type)); \
        return (type)x; \
    }

IDENTITY(i8, int8_t)
IDENTITY(i16, int16_t)
IDENTITY(i32, int32_t)
IDENTITY(i64, int64_t)
IDENTITY(u8, uint8_t)
IDENTITY(u16, uint16_t)
IDENTITY(u32, uint32_t)
IDENTITY(u64, uint64_t)
IDENTITY(schar, signed char)
IDENTITY(uchar, unsigned char)
IDENTITY(short, short)
IDENTITY(ushort, unsigned short)
IDENTITY(int, int)
IDENTITY(uint, unsigned int)
IDENTITY(long, long)
IDENTITY(ulong, unsigned long)
IDENTITY(llong, long long)
IDENTITY(ullong, unsigned long long)
IDENTITY(size, size_t)
IDENTITY(ssize, ssize_t)
IDENTITY(bool, _Bool)
IDENTITY(char, char)
IDENTITY(f32, float)
IDENTITY(f64, double)
IDENTITY(ptr, void *)
IDENTITY(str, const char *)

NARROW(i8, int8_t)
NARROW(i16, int16_t)
NARROW(i32, int32_t)
NARROW(i64, int64_t)
NARROW(u8, uint8_t)
NARROW(u16, uint16_t)
NARROW(u32, uint32_t)
NARROW(u64, uint64_t)
NARROW(bool, _Bool)

double widen_f32(float x)
{
    COUNT(1);
    return x;
}

float narrow_f32(double x)
{
    COUNT(2);
    return (float)x;
}

int64_t isum0(void)
{
    COUNT(ID_ISUM + 0);
    return 0;
}

int64_t isum1(int64_t a0)
{
    COUNT(ID_ISUM + 1);
    return 0 + 1 * a0;
}

int64_t isum2(int64_t a0, int64_t a1)
{
    COUNT(ID_ISUM + 2);
    return 0 + 1 * a0 + 2 * a1;
}

int64_t isum3(int64_t a0, int64_t a1, int64_t a2)
{
    COUNT(ID_ISUM + 3);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2;
}

int64_t isum4(int64_t a0, int64_t a1, int64_t a2, int64_t a3)
{
    COUNT(ID_ISUM + 4);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3;
}

int64_t isum5(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4)
{
    COUNT(ID_ISUM + 5);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4;
}

int64_t isum6(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5)
{
    COUNT(ID_ISUM + 6);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5;
}

int64_t isum7(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6)
{
    COUNT(ID_ISUM + 7);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6;
}

int64_t isum8(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7)
{
    COUNT(ID_ISUM + 8);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7;
}

int64_t isum9(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8)
{
    COUNT(ID_ISUM + 9);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8;
}

int64_t isum10(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9)
{
    COUNT(ID_ISUM + 10);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9;
}

int64_t isum11(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9, int64_t a10)
{
    COUNT(ID_ISUM + 11);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9 + 11 * a10;
}

int64_t isum12(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9, int64_t a10, int64_t a11)
{
    COUNT(ID_ISUM + 12);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9 + 11 * a10 + 12 * a11;
}

int64_t isum13(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9, int64_t a10, int64_t a11, int64_t a12)
{
    COUNT(ID_ISUM + 13);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9 + 11 * a10 + 12 * a11 + 13 * a12;
}

int64_t isum14(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9, int64_t a10, int64_t a11, int64_t a12, int64_t a13)
{
    COUNT(ID_ISUM + 14);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9 + 11 * a10 + 12 * a11 + 13 * a12 + 14 * a13;
}

int64_t isum15(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9, int64_t a10, int64_t a11, int64_t a12, int64_t a13, int64_t a14)
{
    COUNT(ID_ISUM + 15);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9 + 11 * a10 + 12 * a11 + 13 * a12 + 14 * a13 + 15 * a14;
}

int64_t isum16(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9, int64_t a10, int64_t a11, int64_t a12, int64_t a13, int64_t a14, int64_t a15)
{
    COUNT(ID_ISUM + 16);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9 + 11 * a10 + 12 * a11 + 13 * a12 + 14 * a13 + 15 * a14 + 16 * a15;
}

int64_t isum17(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9, int64_t a10, int64_t a11, int64_t a12, int64_t a13, int64_t a14, int64_t a15, int64_t a16)
{
    COUNT(ID_ISUM + 17);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9 + 11 * a10 + 12 * a11 + 13 * a12 + 14 * a13 + 15 * a14 + 16 * a15 + 17 * a16;
}

int64_t isum18(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9, int64_t a10, int64_t a11, int64_t a12, int64_t a13, int64_t a14, int64_t a15, int64_t a16, int64_t a17)
{
    COUNT(ID_ISUM + 18);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9 + 11 * a10 + 12 * a11 + 13 * a12 + 14 * a13 + 15 * a14 + 16 * a15 + 17 * a16 + 18 * a17;
}

int64_t isum19(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9, int64_t a10, int64_t a11, int64_t a12, int64_t a13, int64_t a14, int64_t a15, int64_t a16, int64_t a17, int64_t a18)
{
    COUNT(ID_ISUM + 19);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9 + 11 * a10 + 12 * a11 + 13 * a12 + 14 * a13 + 15 * a14 + 16 * a15 + 17 * a16 + 18 * a17 + 19 * a18;
}

int64_t isum20(int64_t a0, int64_t a1, int64_t a2, int64_t a3, int64_t a4, int64_t a5, int64_t a6, int64_t a7, int64_t a8, int64_t a9, int64_t a10, int64_t a11, int64_t a12, int64_t a13, int64_t a14, int64_t a15, int64_t a16, int64_t a17, int64_t a18, int64_t a19)
{
    COUNT(ID_ISUM + 20);
    return 0 + 1 * a0 + 2 * a1 + 3 * a2 + 4 * a3 + 5 * a4 + 6 * a5 + 7 * a6 + 8 * a7 + 9 * a8 + 10 * a9 + 11 * a10 + 12 * a11 + 13 * a12 + 14 * a13 + 15 * a14 + 16 * a15 + 17 * a16 + 18 * a17 + 19 * a18 + 20 * a19;
}

double fsum0(void)
{
    COUNT(ID_FSUM + 0);
    return 0.0;
}

double fsum1(double a0)
{
    COUNT(ID_FSUM + 1);
    return 0.0 + 1 * (double)a0;
}

double fsum2(double a0, double a1)
{
    COUNT(ID_FSUM + 2);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1;
}

double fsum3(double a0, double a1, double a2)
{
    COUNT(ID_FSUM + 3);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2;
}

double fsum4(double a0, double a1, double a2, double a3)
{
    COUNT(ID_FSUM + 4);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3;
}

double fsum5(double a0, double a1, double a2, double a3, double a4)
{
    COUNT(ID_FSUM + 5);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4;
}

double fsum6(double a0, double a1, double a2, double a3, double a4, double a5)
{
    COUNT(ID_FSUM + 6);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5;
}

double fsum7(double a0, double a1, double a2, double a3, double a4, double a5, double a6)
{
    COUNT(ID_FSUM + 7);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6;
}

double fsum8(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7)
{
    COUNT(ID_FSUM + 8);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7;
}

double fsum9(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8)
{
    COUNT(ID_FSUM + 9);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8;
}

double fsum10(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9)
{
    COUNT(ID_FSUM + 10);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9;
}

double fsum11(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9, double a10)
{
    COUNT(ID_FSUM + 11);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10;
}

double fsum12(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9, double a10, double a11)
{
    COUNT(ID_FSUM + 12);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11;
}

double fsum13(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9, double a10, double a11, double a12)
{
    COUNT(ID_FSUM + 13);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12;
}

double fsum14(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9, double a10, double a11, double a12, double a13)
{
    COUNT(ID_FSUM + 14);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13;
}

double fsum15(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9, double a10, double a11, double a12, double a13, double a14)
{
    COUNT(ID_FSUM + 15);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14;
}

double fsum16(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9, double a10, double a11, double a12, double a13, double a14, double a15)
{
    COUNT(ID_FSUM + 16);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14 + 16 * (double)a15;
}

double fsum17(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9, double a10, double a11, double a12, double a13, double a14, double a15, double a16)
{
    COUNT(ID_FSUM + 17);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14 + 16 * (double)a15 + 17 * (double)a16;
}

double fsum18(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9, double a10, double a11, double a12, double a13, double a14, double a15, double a16, double a17)
{
    COUNT(ID_FSUM + 18);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14 + 16 * (double)a15 + 17 * (double)a16 + 18 * (double)a17;
}

double fsum19(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9, double a10, double a11, double a12, double a13, double a14, double a15, double a16, double a17, double a18)
{
    COUNT(ID_FSUM + 19);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14 + 16 * (double)a15 + 17 * (double)a16 + 18 * (double)a17 + 19 * (double)a18;
}

double fsum20(double a0, double a1, double a2, double a3, double a4, double a5, double a6, double a7, double a8, double a9, double a10, double a11, double a12, double a13, double a14, double a15, double a16, double a17, double a18, double a19)
{
    COUNT(ID_FSUM + 20);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14 + 16 * (double)a15 + 17 * (double)a16 + 18 * (double)a17 + 19 * (double)a18 + 20 * (double)a19;
}

double mix0(void)
{
    COUNT(ID_MIX + 0);
    return 0.0;
}

double mix1(int32_t a0)
{
    COUNT(ID_MIX + 1);
    return 0.0 + 1 * (double)a0;
}

double mix2(int32_t a0, double a1)
{
    COUNT(ID_MIX + 2);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1;
}

double mix3(int32_t a0, double a1, int64_t a2)
{
    COUNT(ID_MIX + 3);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2;
}

double mix4(int32_t a0, double a1, int64_t a2, float a3)
{
    COUNT(ID_MIX + 4);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3;
}

double mix5(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4)
{
    COUNT(ID_MIX + 5);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4;
}

double mix6(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5)
{
    COUNT(ID_MIX + 6);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5;
}

double mix7(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6)
{
    COUNT(ID_MIX + 7);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6;
}

double mix8(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7)
{
    COUNT(ID_MIX + 8);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7;
}

double mix9(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8)
{
    COUNT(ID_MIX + 9);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8;
}

double mix10(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9)
{
    COUNT(ID_MIX + 10);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9;
}

double mix11(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9, float a10)
{
    COUNT(ID_MIX + 11);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10;
}

double mix12(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9, float a10, uint8_t a11)
{
    COUNT(ID_MIX + 12);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11;
}

double mix13(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9, float a10, uint8_t a11, double a12)
{
    COUNT(ID_MIX + 13);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12;
}

double mix14(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9, float a10, uint8_t a11, double a12, int16_t a13)
{
    COUNT(ID_MIX + 14);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13;
}

double mix15(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9, float a10, uint8_t a11, double a12, int16_t a13, int32_t a14)
{
    COUNT(ID_MIX + 15);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14;
}

double mix16(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9, float a10, uint8_t a11, double a12, int16_t a13, int32_t a14, double a15)
{
    COUNT(ID_MIX + 16);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14 + 16 * (double)a15;
}

double mix17(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9, float a10, uint8_t a11, double a12, int16_t a13, int32_t a14, double a15, int64_t a16)
{
    COUNT(ID_MIX + 17);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14 + 16 * (double)a15 + 17 * (double)a16;
}

double mix18(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9, float a10, uint8_t a11, double a12, int16_t a13, int32_t a14, double a15, int64_t a16, float a17)
{
    COUNT(ID_MIX + 18);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14 + 16 * (double)a15 + 17 * (double)a16 + 18 * (double)a17;
}

double mix19(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9, float a10, uint8_t a11, double a12, int16_t a13, int32_t a14, double a15, int64_t a16, float a17, uint8_t a18)
{
    COUNT(ID_MIX + 19);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14 + 16 * (double)a15 + 17 * (double)a16 + 18 * (double)a17 + 19 * (double)a18;
}

double mix20(int32_t a0, double a1, int64_t a2, float a3, uint8_t a4, double a5, int16_t a6, int32_t a7, double a8, int64_t a9, float a10, uint8_t a11, double a12, int16_t a13, int32_t a14, double a15, int64_t a16, float a17, uint8_t a18, double a19)
{
    COUNT(ID_MIX + 20);
    return 0.0 + 1 * (double)a0 + 2 * (double)a1 + 3 * (double)a2 + 4 * (double)a3 + 5 * (double)a4 + 6 * (double)a5 + 7 * (double)a6 + 8 * (double)a7 + 9 * (double)a8 + 10 * (double)a9 + 11 * (double)a10 + 12 * (double)a11 + 13 * (double)a12 + 14 * (double)a13 + 15 * (double)a14 + 16 * (double)a15 + 17 * (double)a16 + 18 * (double)a17 + 19 * (double)a18 + 20 * (double)a19;
}

int64_t calls_made(void)
{
    return calls;
}

uint64_t calls_trail(void)
{
    return trail;
}

void calls_reset(void)
{
    calls = 0;
    trail = 0;
    counter_var = 0;
    errno = 0;
}

void tick(void)
{
    COUNT(3);
}

int bump_counter(int by)
{
    COUNT(4);
    counter_var += by;
    return counter_var;
}

int set_errno(int value)
{
    COUNT(5);
    errno = value;
    return 0;
}

int get_errno(void)
{
    COUNT(6);
    return errno;
}

int fail_with(int value)
{
    COUNT(7);
    errno = value;
    return -1;
}

void *null_ptr(void)
{
    COUNT(8);
    return NULL;
}

const char *null_string(void)
{
    COUNT(9);
    return NULL;
}

const char *greeting(void)
{
    COUNT(10);
    return "hello from C";
}

const char *maybe_null(int give_null)
{
    COUNT(11);
    return give_null ? NULL : "present";
}

size_t str_len(const char *s)
{
    COUNT(12);
    return s ? strlen(s) : 0;
}

int *int_cell(void)
{
    static int cell;
    COUNT(13);
    return &cell;
}

int load_int(const int *p)
{
    COUNT(14);
    return p ? *p : -1;
}

void store_int(int *p, int value)
{
    COUNT(15);
    if (p)
        *p = value;
}

double sum_doubles(const double *p, int n)
{
    double sum = 0.0;
    COUNT(16);
    for (int i = 0; p && i < n; i++)
        sum += p[i];
    return sum;
}

int64_t sum_bytes(const unsigned char *p, int n)
{
    int64_t sum = 0;
    COUNT(17);
    for (int i = 0; p && i < n; i++)
        sum += p[i];
    return sum;
}

int64_t big_every(int64_t i, int64_t period)
{
    COUNT(18);
    return period && i % period == 0 ? INT64_MAX - i : i;
}

uint64_t u64_every(int64_t i, int64_t period)
{
    COUNT(19);
    return period && i % period == 0 ? UINT64_MAX - (uint64_t)i : (uint64_t)i;
}

double nan_every(int64_t i, int64_t period)
{
    COUNT(20);
    return period && i % period == 0 ? NAN : (double)i * 0.5;
}

int call_n(int_callback callback, int n)
{
    int sum = 0;
    COUNT(21);
    for (int i = 0; callback && i < n; i++)
        sum += callback(i);
    return sum;
}

int call_once(int_callback callback, int x)
{
    COUNT(22);
    return callback ? callback(x) : -1;
}

/* Reads the bytes behind a call back into Python, which may have let go of them. */
int64_t sum_bytes_later(void *callback, const unsigned char *p, int n)
{
    int64_t sum = 0;
    COUNT(29);
    if (callback)
        ((int_callback)(uintptr_t)callback)(n);
    for (int i = 0; p && i < n; i++)
        sum += p[i];
    return sum;
}

void call_void(void_callback callback)
{
    COUNT(23);
    if (callback)
        callback();
}

static int twice(int x)
{
    COUNT(24);
    return 2 * x;
}

int_callback twice_pointer(void)
{
    COUNT(25);
    return twice;
}

int_callback null_pointer(void)
{
    COUNT(26);
    return NULL;
}

static int rest(int64_t nanoseconds)
{
    struct timespec wait = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    return nanosleep(&wait, NULL);
}

int sleep_ms(int ms)
{
    COUNT(27);
    return rest((int64_t)ms * 1000000);
}

int nap_us(int us)
{
    COUNT(28);
    return rest((int64_t)us * 1000);
}

/* Works for so long, and does not sleep. */
int spin_us(int us)
{
    struct timespec from, now;
    COUNT(30);
    clock_gettime(CLOCK_MONOTONIC, &from);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 < us);
    return us;
}

/* As sum_bytes, once so much time has gone. */
int64_t sum_bytes_after(const unsigned char *p, int n, int us)
{
    int64_t sum = 0;
    COUNT(34);
    if (us > 0) {
        struct timespec wait = {us / 1000000, us % 1000000 * 1000L};
        nanosleep(&wait, NULL);
    }
    for (int i = 0; i < n; i++)
        sum += p[i];
    return sum;
}

/* As sum_bytes, once it has worked for so long. */
int64_t sum_bytes_spin(const unsigned char *p, int n, int us)
{
    if (us > 0)
        spin_us(us);
    return sum_bytes(p, n);
}

int call_every(int_callback callback, int x, int period)
{
    COUNT(31);
    return callback && period > 0 && x % period == 0 ? callback(x) : x;
}

struct job {
    int_callback callback;
    int x;
};

static void *do_job(void *argument)
{
    struct job *job = argument;
    job->x = job->callback(job->x);
    return NULL;
}

int call_from_thread(int_callback callback, int x)
{
    struct job job = {callback, x};
    pthread_t thread;
    COUNT(32);
    if (!callback || pthread_create(&thread, NULL, do_job, &job))
        return -1;
    pthread_join(thread, NULL);
    return job.x;
}

int crash_at(int i, int at)
{
    COUNT(33);
    if (i == at)
        raise(SIGSEGV);
    return i;
}
