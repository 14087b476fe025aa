struct reading {
    int count;
    double weight;
};

double weigh(struct reading reading);
