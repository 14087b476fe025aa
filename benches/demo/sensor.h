double calibrate(double raw, double gain, double offset);
unsigned int checksum(unsigned int sum, unsigned int word);
int clamp(int value, int low, int high);
int is_outlier(int reading);
