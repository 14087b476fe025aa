# cython: language_level=3
"""The functions of shapes whose arguments and results are plain values, through Cython."""

cdef extern from "void/shape.h":
    void c_nothing "nothing"()

cdef extern from "int2/shape.h":
    int c_add "add"(int a, int b)

cdef extern from "double3/shape.h":
    double c_blend "blend"(double a, double b, double c)

cdef extern from "mixed6/shape.h":
    double c_mixed "mixed"(int a, double b, long long c, float d, unsigned short e, double f)

cdef extern from "ten/shape.h":
    long long c_sum10 "sum10"(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j)

cdef extern from "bytes/shape.h":
    unsigned int c_hash4 "hash4"(const char *text)

cdef extern from "uint64/shape.h":
    unsigned long long c_scramble "scramble"(unsigned long long x)

cdef extern from "numeric/shape.h":
    double c_gain "gain"(double a, double b, double c)


def nothing():
    c_nothing()


def add(int a, int b):
    return c_add(a, b)


def blend(double a, double b, double c):
    return c_blend(a, b, c)


def mixed(int a, double b, long long c, float d, unsigned short e, double f):
    return c_mixed(a, b, c, d, e, f)


def sum10(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j):
    return c_sum10(a, b, c, d, e, f, g, h, i, j)


def hash4(const char *text):
    return c_hash4(text)


def scramble(unsigned long long x):
    return c_scramble(x)


def gain(double a, double b, double c):
    return c_gain(a, b, c)
