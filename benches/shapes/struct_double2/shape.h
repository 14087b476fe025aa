struct point {
    double x, y;
};

double slope(struct point point);
