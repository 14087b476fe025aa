typedef int (*comparison)(const void *, const void *);

void qsort(void *base, size_t count, size_t size, comparison compare);
