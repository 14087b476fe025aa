/* The test library's declarations: read by the C compiler and, as they stand, by cffi's cdef. */

/* Identity, one function a scalar type. */
int8_t id_i8(int8_t x);
int16_t id_i16(int16_t x);
int32_t id_i32(int32_t x);
int64_t id_i64(int64_t x);
uint8_t id_u8(uint8_t x);
uint16_t id_u16(uint16_t x);
uint32_t id_u32(uint32_t x);
uint64_t id_u64(uint64_t x);
signed char id_schar(signed char x);
unsigned char id_uchar(unsigned char x);
short id_short(short x);
unsigned short id_ushort(unsigned short x);
int id_int(int x);
unsigned int id_uint(unsigned int x);
long id_long(long x);
unsigned long id_ulong(unsigned long x);
long long id_llong(long long x);
unsigned long long id_ullong(unsigned long long x);
size_t id_size(size_t x);
ssize_t id_ssize(ssize_t x);
_Bool id_bool(_Bool x);
char id_char(char x);
float id_f32(float x);
double id_f64(double x);
void *id_ptr(void *x);
const char *id_str(const char *x);

/* The value of a narrow argument as 64 bits, and the low bits of a 64-bit argument as a narrow result. */
int64_t widen_i8(int8_t x);
int8_t narrow_i8(int64_t x);
int64_t widen_i16(int16_t x);
int16_t narrow_i16(int64_t x);
int64_t widen_i32(int32_t x);
int32_t narrow_i32(int64_t x);
int64_t widen_i64(int64_t x);
int64_t narrow_i64(int64_t x);
int64_t widen_u8(uint8_t x);
uint8_t narrow_u8(int64_t x);
int64_t widen_u16(uint16_t x);
uint16_t narrow_u16(int64_t x);
int64_t widen_u32(uint32_t x);
uint32_t narrow_u32(int64_t x);
int64_t widen_u64(uint64_t x);
uint64_t narrow_u64(int64_t x);
int64_t widen_bool(_Bool x);
_Bool narrow_bool(int64_t x);
double widen_f32(float x);
float narrow_f32(double x);

/* Integer arguments in every number; argument k weighs k + 1, so that an exchange shows. */
int64_t isum0(void);
int64_t isum1(int64_t);
int64_t isum2(int64_t, int64_t);
int64_t isum3(int64_t, int64_t, int64_t);
int64_t isum4(int64_t, int64_t, int64_t, int64_t);
int64_t isum5(int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum6(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum7(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum8(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum9(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum10(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum11(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum12(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum13(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum14(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum15(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum16(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum17(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum18(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum19(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int64_t isum20(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);

/* The same with doubles: from the ninth on they lie on the stack. */
double fsum0(void);
double fsum1(double);
double fsum2(double, double);
double fsum3(double, double, double);
double fsum4(double, double, double, double);
double fsum5(double, double, double, double, double);
double fsum6(double, double, double, double, double, double);
double fsum7(double, double, double, double, double, double, double);
double fsum8(double, double, double, double, double, double, double, double);
double fsum9(double, double, double, double, double, double, double, double, double);
double fsum10(double, double, double, double, double, double, double, double, double, double);
double fsum11(double, double, double, double, double, double, double, double, double, double, double);
double fsum12(double, double, double, double, double, double, double, double, double, double, double, double);
double fsum13(double, double, double, double, double, double, double, double, double, double, double, double, double);
double fsum14(double, double, double, double, double, double, double, double, double, double, double, double, double, double);
double fsum15(double, double, double, double, double, double, double, double, double, double, double, double, double, double, double);
double fsum16(double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double);
double fsum17(double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double);
double fsum18(double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double);
double fsum19(double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double);
double fsum20(double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double, double);

/* Mixed widths and classes: integer and vector registers run out at different places. */
double mix0(void);
double mix1(int32_t);
double mix2(int32_t, double);
double mix3(int32_t, double, int64_t);
double mix4(int32_t, double, int64_t, float);
double mix5(int32_t, double, int64_t, float, uint8_t);
double mix6(int32_t, double, int64_t, float, uint8_t, double);
double mix7(int32_t, double, int64_t, float, uint8_t, double, int16_t);
double mix8(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t);
double mix9(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double);
double mix10(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t);
double mix11(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float);
double mix12(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t);
double mix13(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t, double);
double mix14(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t, double, int16_t);
double mix15(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t);
double mix16(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double);
double mix17(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t);
double mix18(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float);
double mix19(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t);
double mix20(int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t, double, int16_t, int32_t, double, int64_t, float, uint8_t, double);

/* Calls: how many functions of this library ran since the last reset, and a hash of which and in what order. */
int64_t calls_made(void);
uint64_t calls_trail(void);
void calls_reset(void);
void tick(void);
extern int counter_var;
int bump_counter(int by);

/* errno */
int set_errno(int value);
int get_errno(void);
int fail_with(int value);

/* Pointers and strings */
void *null_ptr(void);
const char *null_string(void);
const char *greeting(void);
const char *maybe_null(int give_null);
size_t str_len(const char *s);
int *int_cell(void);
int load_int(const int *p);
void store_int(int *p, int value);
double sum_doubles(const double *p, int n);
int64_t sum_bytes(const unsigned char *p, int n);
int64_t sum_bytes_later(void *callback, const unsigned char *p, int n);

/* Results that leave a trace's usual path now and then */
int64_t big_every(int64_t i, int64_t period);
uint64_t u64_every(int64_t i, int64_t period);
double nan_every(int64_t i, int64_t period);

/* Callbacks and blocking */
typedef int (*int_callback)(int);
typedef void (*void_callback)(void);
int call_n(int_callback callback, int n);
int call_once(int_callback callback, int x);
void call_void(void_callback callback);
int_callback twice_pointer(void);
int_callback null_pointer(void);
int sleep_ms(int ms);
int nap_us(int us);
int spin_us(int us);
int64_t sum_bytes_spin(const unsigned char *p, int n, int us);
int64_t sum_bytes_after(const unsigned char *p, int n, int us);
/* Crashes where both are equal. */
int crash_at(int i, int at);
/* Calls back in the calls whose x is a multiple of the period. */
int call_every(int_callback callback, int x, int period);
/* Calls back from a thread of its own, and waits for that. */
int call_from_thread(int_callback callback, int x);
