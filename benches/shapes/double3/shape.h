double blend(double a, double b, double c);
