double sin(double x);
double exp(double x);
double atan2(double y, double x);
double hypot(double x, double y);
