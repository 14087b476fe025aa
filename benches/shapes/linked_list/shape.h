struct node {
    int32_t value;
    struct node *next;
};
