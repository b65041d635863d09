/* queue/latency.c: see latency.h. Allocates nothing and cannot fail. */
#include "queue/latency.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a over both texts with a byte between them; never 0. */
static uint64_t key_of(struct text tier, struct text model)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < tier.length; i++)
        hash = (hash ^ (unsigned char)tier.data[i]) * UINT64_C(1099511628211);
    hash = (hash ^ 0xFF) * UINT64_C(1099511628211);
    for (size_t i = 0; i < model.length; i++)
        hash = (hash ^ (unsigned char)model.data[i]) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

static struct latency_row *find(struct latencies *latencies, struct text tier, struct text model)
{
    uint64_t key = key_of(tier, model);
    for (size_t i = 0; i < LATENCY_ROWS; i++)
        if (latencies->rows[i].key == key)
            return &latencies->rows[i];
    return NULL;
}

/* The row, made where there is none. */
static struct latency_row *use(struct latencies *latencies, struct text tier, struct text model)
{
    struct latency_row *row = find(latencies, tier, model);
    if (!row) {
        row = &latencies->rows[0];
        for (size_t i = 1; i < LATENCY_ROWS; i++)
            if (latencies->rows[i].used < row->used)
                row = &latencies->rows[i];
        *row = (struct latency_row){.key = key_of(tier, model)};
    }
    row->used = ++latencies->uses;
    return row;
}

void latency_answered(struct latencies *latencies, struct text tier, struct text model,
                      int64_t milliseconds, int64_t tokens)
{
    struct latency_row *row = use(latencies, tier, model);
    row->taken[row->answers % LATENCY_SEEN] =
        (int32_t)(milliseconds < INT32_MAX ? milliseconds : INT32_MAX);
    if (tokens >= 0)
        row->tokens = row->answers ? row->tokens + (tokens - row->tokens) / 8 : tokens;
    row->answers++;
}

static int compare(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

int64_t latency_usual(struct latencies *latencies, struct text tier, struct text model)
{
    const struct latency_row *row = find(latencies, tier, model);
    int32_t sorted[LATENCY_SEEN];
    if (!row || !row->answers)
        return -1;
    size_t count = row->answers < LATENCY_SEEN ? row->answers : LATENCY_SEEN;
    memcpy(sorted, row->taken, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], compare);
    return sorted[(count * 95 + 99) / 100 - 1];
}

int64_t latency_tokens(struct latencies *latencies, struct text tier, struct text model)
{
    const struct latency_row *row = find(latencies, tier, model);
    return row ? row->tokens : 0;
}
