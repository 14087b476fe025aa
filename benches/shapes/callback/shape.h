typedef int (*step)(int);

long long each(step step, int count);
