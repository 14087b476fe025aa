unsigned long long scramble(unsigned long long x);
