/* diagram/interval.c: sets of 64-bit values as sorted intervals, in the compile's arena. */
#include "diagram/formula.h"

#include <stdlib.h>

static int compare_low(const void *left, const void *right)
{
    const struct interval *a = left, *b = right;
    return (a->low > b->low) - (a->low < b->low);
}

void interval_set_normalize(struct interval_set *set)
{
    if (set->count == 0)
        return;
    qsort(set->items, set->count, sizeof *set->items, compare_low);
    size_t last = 0;
    for (size_t i = 1; i < set->count; i++) {
        struct interval *current = &set->items[last];
        bool touches = current->high == INT64_MAX || set->items[i].low <= current->high + 1;
        if (!touches)
            set->items[++last] = set->items[i];
        else if (set->items[i].high > current->high)
            current->high = set->items[i].high;
    }
    set->count = last + 1;
}

bool interval_set_complement(struct arena *arena, struct interval_set set, int64_t low,
                             int64_t high, struct interval_set *result)
{
    result->items = ARENA_ARRAY(arena, struct interval, set.count + 1);
    result->count = 0;
    if (!result->items)
        return false;
    int64_t from = low;
    for (size_t i = 0; i < set.count; i++) {
        if (set.items[i].high < low)
            continue;
        if (set.items[i].low > high)
            break;
        if (set.items[i].low > from)
            result->items[result->count++] = (struct interval){from, set.items[i].low - 1};
        if (set.items[i].high >= high)
            return true;
        from = set.items[i].high + 1;
    }
    result->items[result->count++] = (struct interval){from, high};
    return true;
}

bool interval_set_holds(struct interval_set set, int64_t value)
{
    size_t low = 0, high = set.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set.items[middle].high < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set.count && set.items[low].low <= value;
}
