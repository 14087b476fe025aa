unsigned int hash4(const char *text);
