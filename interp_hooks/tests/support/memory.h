/* The part of the test library about memory: structs, unions, arrays and variables, for cffi alone. Read as clib.h is. */

enum colour { RED, GREEN = 5, BLUE, GREY = -2 };
struct point { int x, y; };
struct rect { struct point low, high; double weight; char name[8]; };
struct wide { double a, b, c, d; };
struct small { signed char c; };
struct node { int value; struct node *next; };
struct tree { int key; struct tree *left, *right; };
union number { int64_t i; double d; uint8_t bytes[8]; };
struct flags { unsigned a : 3; int b : 5; uint64_t c : 40; _Bool d : 1; };
struct tagged { enum colour kind; union { int i; double d; }; };
struct packet { int count; short items[]; };
struct ops { int (*unary)(int); double (*binary)(double, double); };
struct every {
    int8_t i8; uint8_t u8; int16_t i16; uint16_t u16; int32_t i32; uint32_t u32; int64_t i64; uint64_t u64;
    float f; double d; _Bool b; char c; wchar_t w; char16_t c16; char32_t c32; void *p;
};

extern int table[16];
extern double factor;
extern char letter;
extern uint8_t octet;
extern enum colour paint[3];
extern struct point origin;
extern struct point points[4];
extern const char *title;
extern int (*chosen)(int);
extern volatile int flag;

struct point make_point(int x, int y);
struct point add_points(struct point a, struct point b);
int64_t dot(struct point a, struct point b);
struct rect grow(struct rect r, double by);
struct small next_small(struct small s);
struct wide scale_wide(struct wide w, double by);
double area(const struct rect *r);
int64_t sum_every(const struct every *e);
int64_t sum_flags(const struct flags *f);
int sum_packet(const struct packet *p);

struct node *push(struct node *list, int value);
int64_t sum_list(const struct node *list);
int free_list(struct node *list);
struct tree *plant(int low, int high);
void fell(struct tree *root);

enum colour next_colour(enum colour c);
int colour_value(enum colour c);
wchar_t next_wide(wchar_t c);
char16_t next_u16(char16_t c);
char32_t next_u32(char32_t c);
size_t wide_length(const wchar_t *s);

int (*pick_function(int i))(int);
double add_doubles(double a, double b);
double sum_args(const char *kinds, ...);

/* Blocks of memory that are counted. */
void *take(size_t size);
void give(void *block);
int blocks(void);

/* Another thread counts a place up to `last`, then sets `flag`. */
int count_elsewhere(volatile int *place, int last);
