struct cell {
    int32_t a;
    double b;
};
