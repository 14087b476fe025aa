struct counter {
    long long total;
    int step;
};

int bump(struct counter *counter);
