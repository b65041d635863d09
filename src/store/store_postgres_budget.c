/* store/store_postgres_budget.c: reservations of budgets, for any number of machines.
 *
 * The ledger is the truth. A sum is that of the ledger's rows up to its window's `through`; what
 * came later is read with it, and added to it now and then (store_postgres_window.c). Whoever
 * reserves holds one advisory lock from the first sum to the commit. Whoever settles needs no lock:
 * its row comes and its reservation goes in one transaction, so each reader sees one of the two. */
#include "store/store_postgres.h"

enum { LATER_ROWS = 1000 }; /* of a window, before they are added to its sum */

/* --- what was spent --- */

struct reading {
    struct budget_bucket *bucket;
    bool found;
    int64_t later; /* rows that are not in the sum yet */
};

static enum tw_status read_sums(struct postgres_rows *rows, struct reading *reading,
                                struct tw_error *error)
{
    __int128 sum = 0;
    reading->found = false;
    reading->later = 0;
    for (int i = 0; i < rows->count; i++) {
        bool first = postgres_get_boolean(rows, i, 0);
        struct text value = first ? reading->bucket->value
                                  : postgres_window_value(rows, i, 1, reading->bucket->attribute);
        reading->found |= first;
        reading->later += postgres_get_number(rows, i, 5);
        if (text_equal(value, reading->bucket->value))
            sum += postgres_get_sum(rows, i, 4);
        postgres_forget_texts(rows);
    }
    reading->bucket->spent = sum < INT64_MAX ? (int64_t)sum : INT64_MAX;
    return postgres_rows_status(rows, error);
}

static enum tw_status read_bucket(struct postgres_store *postgres, struct reading *reading,
                                  struct tw_error *error)
{
    const struct budget_bucket *bucket = reading->bucket;
    struct postgres_arguments arguments;
    struct postgres_rows rows = {.result = NULL};
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, (int64_t[]){bucket->from, bucket->until}, 2);
    postgres_text(&arguments, bucket->attribute);
    postgres_text(&arguments, bucket->value);
    enum tw_status status =
        postgres_run(postgres,
                     &(struct postgres_call){
                         .statement = POSTGRES_BUDGET_READ, .arguments = &arguments, .rows = &rows},
                     1, error);
    if (status == TW_OK)
        status = read_sums(&rows, reading, error);
    postgres_rows_free(&rows);
    postgres_arguments_free(&arguments);
    return status;
}

static enum tw_status fill_bucket(struct postgres_store *postgres, struct budget_bucket *bucket,
                                  struct tw_error *error)
{
    struct reading reading = {.bucket = bucket};
    enum tw_status status = read_bucket(postgres, &reading, error);
    if (status != TW_OK || (reading.found && reading.later <= LATER_ROWS))
        return status;
    status = postgres_window_update(postgres, bucket, error);
    return status == TW_OK ? read_bucket(postgres, &reading, error) : status;
}

/* --- what answers usually are --- */

static enum tw_status learn_outputs(struct postgres_store *postgres, struct tw_error *error)
{
    struct postgres_budget *budget = &postgres->budget;
    struct postgres_arguments arguments;
    struct postgres_rows rows = {.result = NULL};
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, (int64_t[]){budget->learnt_row, USUAL_OUTPUT_ROWS}, 2);
    enum tw_status status = postgres_run(
        postgres,
        &(struct postgres_call){
            .statement = POSTGRES_BUDGET_OUTPUTS, .arguments = &arguments, .rows = &rows},
        1, error);
    for (int i = 0; status == TW_OK && i < rows.count; i++) {
        budget->learnt_row = postgres_get_number(&rows, i, 0);
        usual_output_learn(&budget->usual, postgres_get_text(&rows, i, 1),
                           postgres_get_number(&rows, i, 2));
    }
    postgres_rows_free(&rows);
    postgres_arguments_free(&arguments);
    return status;
}

/* --- orders --- */

static enum tw_status fill_order(struct postgres_store *postgres, struct budget_order *order,
                                 struct tw_error *error)
{
    enum tw_status status = order->model.length ? learn_outputs(postgres, error) : TW_OK;
    if (order->model.length)
        order->usual_output = usual_output_of(&postgres->budget.usual, order->model);
    for (size_t i = 0; i < order->count && status == TW_OK; i++)
        status = fill_bucket(postgres, &order->buckets[i], error);
    return status;
}

static void reserve_arguments(struct postgres_store *postgres, const struct budget_order *order,
                              int64_t amount, struct postgres_arguments *arguments)
{
    postgres_number(arguments, postgres->session);
    for (int column = 0; column < 6; column++) {
        bool text = column == 3 || column == 4;
        postgres_array_begin(arguments, text ? POSTGRES_TEXT : POSTGRES_BIGINT);
        for (size_t i = 0; i < order->count; i++) {
            const struct budget_bucket *bucket = &order->buckets[i];
            const int64_t numbers[] = {
                order->reservation, bucket->from, bucket->until, 0, 0, amount};
            if (text)
                postgres_array_text(arguments, column == 3 ? bucket->attribute : bucket->value);
            else
                postgres_array_number(arguments, numbers[column]);
        }
        postgres_array_end(arguments);
    }
}

/* A sum that would be over 64 bits is refused. */
static enum tw_status reserve_amount(struct postgres_store *postgres, struct budget_order *order,
                                     int64_t amount, struct tw_error *error)
{
    struct postgres_arguments arguments;
    for (size_t i = 0; i < order->count; i++)
        if (amount > INT64_MAX - order->buckets[i].spent)
            return fail(error, TW_LIMIT, "what is reserved of a budget is over 64 bits");
    order->reservation = ++postgres->budget.last_reservation;
    if (order->count == 0)
        return TW_OK;
    postgres_arguments_init(&arguments);
    reserve_arguments(postgres, order, amount, &arguments);
    enum tw_status status = postgres_run(
        postgres,
        &(struct postgres_call){.statement = POSTGRES_ADD_RESERVATIONS, .arguments = &arguments}, 1,
        error);
    postgres_arguments_free(&arguments);
    return status;
}

static enum tw_status take_order(struct postgres_store *postgres, struct budget_order *order,
                                 struct tw_error *error)
{
    order->reservation = 0;
    enum tw_status status = fill_order(postgres, order, error);
    int64_t amount = status == TW_OK ? order->choose(order->context) : 0;
    return amount > 0 ? reserve_amount(postgres, order, amount, error) : status;
}

struct taking {
    struct budget_order *const *orders;
    size_t count;
};

/* A commit whose answer is lost leaves reservations that nobody knows: they are dropped first,
 * with all that this attempt's numbers may have left. */
static enum tw_status drop_left(struct postgres_store *postgres, struct tw_error *error)
{
    struct postgres_budget *budget = &postgres->budget;
    struct postgres_arguments arguments;
    if (budget->unknown_from == 0)
        return TW_OK;
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments,
                     (int64_t[]){postgres->session, budget->unknown_from, budget->last_reservation},
                     3);
    enum tw_status status = postgres_run(
        postgres,
        &(struct postgres_call){.statement = POSTGRES_RELEASE_RANGE, .arguments = &arguments}, 1,
        error);
    if (status == TW_OK)
        budget->unknown_from = 0;
    postgres_arguments_free(&arguments);
    return status;
}

static enum tw_status take_all(struct postgres_store *postgres, const struct taking *taking,
                               struct tw_error *error)
{
    const struct postgres_call begin[] = {{.statement = POSTGRES_BEGIN},
                                          {.statement = POSTGRES_LOCK_BUDGETS}};
    enum tw_status status = postgres_run(postgres, begin, 2, error);
    for (size_t i = 0; i < taking->count && status == TW_OK; i++)
        status = take_order(postgres, taking->orders[i], error);
    if (status == TW_OK)
        status =
            postgres_run(postgres, &(struct postgres_call){.statement = POSTGRES_COMMIT}, 1, error);
    if (status != TW_OK)
        postgres_rollback(postgres);
    return status;
}

static enum tw_status take_once(struct postgres_store *postgres, void *context,
                                struct tw_error *error)
{
    int64_t first = postgres->budget.last_reservation + 1;
    enum tw_status status = postgres_session_open(postgres, error);
    if (status == TW_OK)
        status = postgres_session_reclaim(postgres, error);
    if (status == TW_OK)
        status = drop_left(postgres, error);
    if (status != TW_OK)
        return status;
    status = take_all(postgres, context, error);
    if (status != TW_OK && postgres->budget.last_reservation >= first)
        postgres->budget.unknown_from = first;
    return status;
}

enum tw_status postgres_budget_reserve(struct store *store, struct budget_order *const *orders,
                                       size_t count, struct tw_error *error)
{
    struct taking taking = {orders, count};
    return postgres_try((struct postgres_store *)store, take_once, &taking, error);
}
