struct meter;

struct meter *meter_new(int scale);
void meter_free(struct meter *meter);
int meter_add(struct meter *meter, int amount);
