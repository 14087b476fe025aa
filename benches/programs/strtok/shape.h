char *strtok(char *text, const char *separators);
size_t strlen(const char *text);
void *memcpy(void *to, const void *from, size_t size);
