#define _GNU_SOURCE
#include "cthreads.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

// libgomp's own entry points; its header is not on clang's search path.
void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);
void omp_set_num_threads(int);
int omp_get_max_threads(void);

struct loop {
    atomic_llong next;
    atomic_int workers;
    int64_t count;
    cthreads_body body;
    void *context;
};

static void run(void *data) {
    struct loop *loop = data;
    int worker = atomic_fetch_add_explicit(&loop->workers, 1, memory_order_relaxed);
    for (;;) {
        int64_t index = atomic_fetch_add_explicit(&loop->next, 1, memory_order_relaxed);
        if (index >= loop->count) return;
        loop->body(loop->context, index, worker);
    }
}

void cthreads_for(int threads, int64_t count, cthreads_body body, void *context) {
    if (count <= 0) return;
    struct loop loop = {.count = count, .body = body, .context = context};
    atomic_init(&loop.next, 0);
    atomic_init(&loop.workers, 0);
    if (threads > count) threads = (int)count;
    if (threads <= 1) {
        run(&loop);
    } else {
        GOMP_parallel(run, &loop, (unsigned)threads, 0);
    }
}

void cthreads_prefetch(const void *first, int64_t bytes, int64_t stride, int64_t rows) {
    const char *row = first;
    for (int64_t index = 0; index < rows; index++, row += stride) {
        for (int64_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch(row + offset);
        __builtin_prefetch(row + bytes - 1);
    }
}

void cthreads_set_count(int threads) { omp_set_num_threads(threads); }

int cthreads_count(void) { return omp_get_max_threads(); }

int cthreads_affinity_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return CPU_COUNT(&set);
}

int cthreads_cpu_has_avx2(void) { return __builtin_cpu_supports("avx2") != 0; }
int cthreads_cpu_has_avx512(void) { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"); }
int cthreads_cpu_has_avx512_bf16(void) { return __builtin_cpu_supports("avx512bf16") != 0; }
