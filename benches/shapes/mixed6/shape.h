double mixed(int a, double b, long long c, float d, unsigned short e, double f);
