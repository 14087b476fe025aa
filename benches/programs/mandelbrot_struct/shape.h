struct complex {
    double re, im;
};

struct complex square_add(struct complex z, struct complex c);
