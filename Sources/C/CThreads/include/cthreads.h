// The fork-join of libgomp, which oneDNN runs on too: one pool of threads for the whole process.
#pragma once
#include <stdint.h>

/// `worker`: which of the threads of this loop calls, from 0.
typedef void (*cthreads_body)(void *context, int64_t index, int worker);

/// Calls body(context, i, worker) once for each i in 0 ..< count on up to `threads` threads, and waits for all of them.
/// Indices are handed out in order, to whichever thread is free.
void cthreads_for(int threads, int64_t count, cthreads_body body, void *context);

/// Sets the number of threads that libgomp (and so oneDNN) uses in the calling thread's parallel regions.
void cthreads_set_count(int threads);

/// Threads that libgomp would use for a parallel region started now.
int cthreads_count(void);

/// Asks the CPU to bring `rows` rows of `bytes` bytes, `stride` bytes apart, into its cache. Reads nothing, returns at
/// once.
void cthreads_prefetch(const void *first, int64_t bytes, int64_t stride, int64_t rows);

/// Cores that this process may run on (its affinity mask).
int cthreads_affinity_count(void);

/// Vector instructions of this CPU; 0 or 1.
int cthreads_cpu_has_avx2(void);
int cthreads_cpu_has_avx512(void);
int cthreads_cpu_has_avx512_bf16(void);
