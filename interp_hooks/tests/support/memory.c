/* What memory.h declares. */
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <uchar.h>
#include <wchar.h>

#include "memory.h"

int table[16] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
double factor = 0.5;
char letter = 'a';
uint8_t octet = 250;
enum colour paint[3] = {RED, GREEN, GREY};
struct point origin = {1, -1};
struct point points[4] = {{0, 0}, {1, 10}, {2, 20}, {3, 30}};
const char *title = "memory";
static int live;

static int negate(int x)
{
    return -x;
}

static int square(int x)
{
    return (int)((unsigned)x * (unsigned)x);
}

static int successor(int x)
{
    return (int)((unsigned)x + 1);
}

int (*chosen)(int) = negate;
volatile int flag;

struct point make_point(int x, int y)
{
    return (struct point){x, y};
}

struct point add_points(struct point a, struct point b)
{
    return (struct point){a.x + b.x, a.y + b.y};
}

int64_t dot(struct point a, struct point b)
{
    return (int64_t)a.x * b.x + (int64_t)a.y * b.y;
}

struct rect grow(struct rect r, double by)
{
    r.high.x += 1;
    r.high.y += 2;
    r.weight *= by;
    r.name[0] = r.name[0] ? r.name[0] + 1 : 'a';
    return r;
}

struct small next_small(struct small s)
{
    s.c++;
    return s;
}

struct wide scale_wide(struct wide w, double by)
{
    return (struct wide){w.a * by, w.b + by, w.c - by, w.d};
}

double area(const struct rect *r)
{
    return (double)(r->high.x - r->low.x) * (r->high.y - r->low.y) * r->weight;
}

int64_t sum_every(const struct every *e)
{
    uint64_t sum = (uint64_t)e->i8 + e->u8 + (uint64_t)e->i16 + e->u16 + (uint64_t)e->i32 + e->u32 + (uint64_t)e->i64 + e->u64;
    return (int64_t)(sum + (uint64_t)e->b + (unsigned char)e->c + (uint64_t)e->w + e->c16 + e->c32 + (e->p != NULL));
}

int64_t sum_flags(const struct flags *f)
{
    return (int64_t)f->a + f->b + (int64_t)f->c + f->d;
}

int sum_packet(const struct packet *p)
{
    int sum = 0;
    for (int i = 0; i < p->count; i++)
        sum += p->items[i];
    return sum;
}

void *take(size_t size)
{
    live++;
    return calloc(1, size);
}

void give(void *block)
{
    if (block)
        live--;
    free(block);
}

int blocks(void)
{
    return live;
}

struct node *push(struct node *list, int value)
{
    struct node *node = take(sizeof *node);
    node->value = value;
    node->next = list;
    return node;
}

int64_t sum_list(const struct node *list)
{
    int64_t sum = 0;
    for (; list; list = list->next)
        sum += list->value;
    return sum;
}

int free_list(struct node *list)
{
    int count = 0;
    while (list) {
        struct node *next = list->next;
        give(list);
        list = next;
        count++;
    }
    return count;
}

struct tree *plant(int low, int high)
{
    struct tree *root;
    if (low >= high)
        return NULL;
    root = take(sizeof *root);
    root->key = low + (high - low) / 2;
    root->left = plant(low, root->key);
    root->right = plant(root->key + 1, high);
    return root;
}

void fell(struct tree *root)
{
    if (!root)
        return;
    fell(root->left);
    fell(root->right);
    give(root);
}

enum colour next_colour(enum colour c)
{
    switch (c) {
    case RED: return GREEN;
    case GREEN: return BLUE;
    case BLUE: return GREY;
    default: return RED;
    }
}

int colour_value(enum colour c)
{
    return (int)c;
}

wchar_t next_wide(wchar_t c)
{
    return c + 1;
}

char16_t next_u16(char16_t c)
{
    return (char16_t)(c + 1);
}

char32_t next_u32(char32_t c)
{
    return c + 1;
}

size_t wide_length(const wchar_t *s)
{
    return s ? wcslen(s) : 0;
}

int (*pick_function(int i))(int)
{
    switch (i % 4) {
    case 0: return negate;
    case 1: return square;
    case 2: return successor;
    default: return NULL;
    }
}

double add_doubles(double a, double b)
{
    return a + b;
}

double sum_args(const char *kinds, ...)
{
    double sum = 0.0;
    const char *text;
    va_list rest;
    va_start(rest, kinds);
    for (; *kinds; kinds++)
        switch (*kinds) {
        case 'i': sum += va_arg(rest, int); break;
        case 'l': sum += (double)va_arg(rest, long long); break;
        case 'd': sum += va_arg(rest, double); break;
        case 's': text = va_arg(rest, const char *); sum += text ? (double)strlen(text) : -1.0; break;
        case 'p': sum += va_arg(rest, struct point).y; break;
        }
    va_end(rest);
    return sum;
}

struct job {
    volatile int *place;
    int last;
};

static void *count_up(void *given)
{
    struct job job = *(struct job *)given;
    struct timespec wait = {0, 20000};
    free(given);
    while (*job.place < job.last) {
        (*job.place)++;
        nanosleep(&wait, NULL);
    }
    flag = 1;
    return NULL;
}

int count_elsewhere(volatile int *place, int last)
{
    pthread_t thread;
    struct job *job = malloc(sizeof *job);
    int failed;
    flag = 0;
    job->place = place;
    job->last = last;
    failed = pthread_create(&thread, NULL, count_up, job);
    if (!failed)
        pthread_detach(thread);
    return failed;
}
