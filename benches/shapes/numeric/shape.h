double gain(double a, double b, double c);
