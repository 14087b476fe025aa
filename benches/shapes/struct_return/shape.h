struct bounds {
    double low, high;
};

struct bounds around(double middle);
