/* tests/bench/counted.c: the wrapped functions. What libraries allocate in shared objects of their
 * own is not seen; of those, tierway's compiler and evaluator use none that allocates. */
#include "counted.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_size_t allocations, locks;
static atomic_llong live, peak; /* signed: a block may come from a function that is not wrapped */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
int __real_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
int __real_pthread_rwlock_wrlock(pthread_rwlock_t *lock);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void __wrap_free(void *memory);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex);
int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock);
int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock);

void counts_begin(void)
{
    atomic_store(&peak, atomic_load(&live));
}

struct counts counts_now(void)
{
    return (struct counts){atomic_load(&allocations), atomic_load(&locks), atomic_load(&live),
                           atomic_load(&peak)};
}

/* `before` bytes became the block at `memory`. */
static void *note(void *memory, size_t before)
{
    atomic_fetch_add(&allocations, 1);
    long long grown = (long long)(memory ? malloc_usable_size(memory) : 0) - (long long)before;
    long long now = atomic_fetch_add(&live, grown) + grown, most = atomic_load(&peak);
    while (most < now && !atomic_compare_exchange_weak(&peak, &most, now))
        continue;
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return note(__real_malloc(size), 0);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return note(__real_calloc(count, size), 0);
}

void *__wrap_realloc(void *memory, size_t size)
{
    size_t before = memory ? malloc_usable_size(memory) : 0;
    void *moved = __real_realloc(memory, size);
    return moved ? note(moved, before) : NULL;
}

void __wrap_free(void *memory)
{
    note(NULL, memory ? malloc_usable_size(memory) : 0);
    __real_free(memory);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
    atomic_fetch_add(&locks, 1);
    return __real_pthread_mutex_lock(mutex);
}

int __wrap_pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
    atomic_fetch_add(&locks, 1);
    return __real_pthread_rwlock_rdlock(lock);
}

int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    atomic_fetch_add(&locks, 1);
    return __real_pthread_rwlock_wrlock(lock);
}
