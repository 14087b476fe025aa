struct body {
    double x, y, z, vx, vy, vz, mass;
};
