/* store/store_memory_budget.c: sums and reservations of a store in memory; for tests and short
 * runs, so that lists do. See store.h for what they mean. */
#include "store/store_memory.h"

#include <stdlib.h>

/* --- sums --- */

static struct text row_value(const struct ledger_row *row, struct text attribute)
{
    return attribute.length ? ledger_attribute(row, attribute) : TEXT("");
}

static int64_t row_charge(const struct ledger_row *row)
{
    int64_t known = row->cost != LEDGER_UNKNOWN ? row->cost : row->estimate;
    return known != LEDGER_UNKNOWN ? known : 0;
}

static void bring_up_to_date(struct memory_sum *sum)
{
    for (; *sum->through; sum->through = &(*sum->through)->next) {
        const struct ledger_row *row = &(*sum->through)->row;
        int64_t came = row->instant - (row->delay_added > 0 ? row->delay_added : 0);
        if (came >= sum->from && came < sum->until &&
            text_equal(row_value(row, sum->attribute), sum->value))
            sum->spent = sum_of(sum->spent, row_charge(row));
    }
}

static bool is_sum_of(const struct memory_sum *sum, const struct budget_bucket *bucket)
{
    return sum->from == bucket->from && sum->until == bucket->until &&
           text_equal(sum->attribute, bucket->attribute) && text_equal(sum->value, bucket->value);
}

/* NULL when memory is out. */
static struct memory_sum *find_sum(struct memory_store *memory, const struct budget_bucket *bucket)
{
    for (struct memory_sum *sum = memory->sums; sum; sum = sum->next)
        if (is_sum_of(sum, bucket))
            return sum;
    struct memory_sum *sum = ARENA_NEW(&memory->arena, struct memory_sum);
    if (!sum)
        return NULL;
    *sum = (struct memory_sum){.next = memory->sums,
                               .from = bucket->from,
                               .until = bucket->until,
                               .attribute = arena_text(&memory->arena, bucket->attribute),
                               .value = arena_text(&memory->arena, bucket->value),
                               .through = &memory->first};
    if (memory->arena.failed)
        return NULL;
    return memory->sums = sum;
}

/* --- reservations --- */

static void drop(struct memory_reservation **at)
{
    struct memory_reservation *gone = *at;
    *at = gone->next;
    gone->sum->reserved -= gone->amount;
    free(gone);
}

static void release_from(struct memory_store *memory, int64_t first, int64_t last)
{
    for (struct memory_reservation **at = &memory->reservations; *at;)
        if ((*at)->number >= first && (*at)->number <= last)
            drop(at);
        else
            at = &(*at)->next;
}

void memory_release(struct memory_store *memory, const int64_t *reservations, size_t count)
{
    for (size_t i = 0; i < count; i++)
        release_from(memory, reservations[i], reservations[i]);
}

void memory_budget_free(struct memory_store *memory)
{
    release_from(memory, 0, INT64_MAX);
    usual_output_free(&memory->usual);
}

static enum tw_status reserve_bucket(struct memory_store *memory, int64_t number,
                                     const struct budget_bucket *bucket, int64_t amount,
                                     struct tw_error *error)
{
    struct memory_sum *sum = find_sum(memory, bucket);
    struct memory_reservation *reservation = malloc(sizeof *reservation);
    if (!sum || !reservation) {
        free(reservation);
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    }
    if (amount > INT64_MAX - bucket->spent) {
        free(reservation);
        return fail(error, TW_LIMIT, "what is reserved of a budget is over 64 bits");
    }
    *reservation = (struct memory_reservation){memory->reservations, number, amount, sum};
    memory->reservations = reservation;
    sum->reserved += amount;
    return TW_OK;
}

/* --- orders --- */

static void learn_outputs(struct memory_store *memory)
{
    for (; *memory->learnt; memory->learnt = &(*memory->learnt)->next) {
        const struct ledger_row *row = &(*memory->learnt)->row;
        usual_output_learn(&memory->usual, row->model, row->output_tokens);
    }
}

static enum tw_status take_order(struct memory_store *memory, struct budget_order *order,
                                 struct tw_error *error)
{
    learn_outputs(memory);
    order->usual_output = usual_output_of(&memory->usual, order->model);
    for (size_t i = 0; i < order->count; i++) {
        struct memory_sum *sum = find_sum(memory, &order->buckets[i]);
        if (!sum)
            return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
        bring_up_to_date(sum);
        order->buckets[i].spent = sum_of(sum->spent, sum->reserved);
    }
    int64_t amount = order->choose(order->context);
    if (amount <= 0)
        return TW_OK;
    order->reservation = ++memory->last_reservation;
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < order->count && status == TW_OK; i++)
        status = reserve_bucket(memory, order->reservation, &order->buckets[i], amount, error);
    return status;
}

enum tw_status memory_reserve(struct store *store, struct budget_order *const *orders, size_t count,
                              struct tw_error *error)
{
    struct memory_store *memory = (struct memory_store *)store;
    int64_t before = memory->last_reservation;
    enum tw_status status = TW_OK;
    memory->arena.failed = memory->arena.over_limit = false;
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = take_order(memory, orders[i], error);
    if (status != TW_OK)
        release_from(memory, before + 1, INT64_MAX);
    return status;
}
