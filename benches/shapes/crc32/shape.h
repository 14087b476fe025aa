unsigned long crc32(unsigned long crc, const unsigned char *data, unsigned int size);
