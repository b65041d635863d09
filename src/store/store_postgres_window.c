/* store/store_postgres_window.c: the sums of a budget's window.
 *
 * A row's number is given before its transaction ends, so a smaller number may come to be seen
 * after a larger one. `through` is therefore read while nobody appends: who appends holds a lock
 * that many can hold, and this takes it alone, for one look at the last number. */
#include "store/store_postgres.h"

enum { KEPT_DAYS = 40 };

struct text postgres_window_value(struct postgres_rows *rows, int row, int column,
                                  struct text attribute)
{
    if (attribute.length == 0)
        return TEXT("");
    struct ledger_row found;
    ledger_row_init(&found);
    found.attributes = postgres_get_text(rows, row, column);
    found.user = postgres_get_text(rows, row, column + 1);
    found.model = postgres_get_text(rows, row, column + 2);
    return ledger_attribute(&found, attribute);
}

/* The number up to which all rows can be seen. A failure would leave the lock held: the connection
 * is closed then. */
static enum tw_status read_last_row(struct postgres_store *postgres, int64_t *last,
                                    struct tw_error *error)
{
    struct postgres_rows rows = {.result = NULL};
    const struct postgres_call calls[] = {{.statement = POSTGRES_STOP_APPENDING},
                                          {.statement = POSTGRES_LAST_ROW, .rows = &rows},
                                          {.statement = POSTGRES_GO_ON_APPENDING}};
    enum tw_status status = postgres_run(postgres, calls, 3, error);
    if (status == TW_OK)
        *last = postgres_get_number(&rows, 0, 0);
    else
        postgres_disconnect(postgres);
    postgres_rows_free(&rows);
    return status;
}

/* One window while it is brought up to date. */
struct window {
    const struct budget_bucket *bucket;
    int64_t number;  /* 0: there is none yet */
    int64_t through; /* up to which row its sums go */
    int64_t last;    /* up to which they will */
};

static void window_arguments(const struct window *window, struct postgres_arguments *arguments)
{
    postgres_arguments_init(arguments);
    postgres_numbers(arguments, (int64_t[]){window->bucket->from, window->bucket->until}, 2);
    postgres_text(arguments, window->bucket->attribute);
}

/* The columns of the only row; zeros where there is none. */
static enum tw_status read_numbers(struct postgres_store *postgres, enum postgres_statement which,
                                   const struct postgres_arguments *arguments, int64_t *numbers,
                                   int count, struct tw_error *error)
{
    struct postgres_rows rows = {.result = NULL};
    enum tw_status status = postgres_run(
        postgres,
        &(struct postgres_call){.statement = which, .arguments = arguments, .rows = &rows}, 1,
        error);
    for (int i = 0; i < count; i++)
        numbers[i] = status == TW_OK && rows.count ? postgres_get_number(&rows, 0, i) : 0;
    postgres_rows_free(&rows);
    return status;
}

static enum tw_status find_window(struct postgres_store *postgres, struct window *window,
                                  struct tw_error *error)
{
    struct postgres_arguments arguments;
    int64_t found[2];
    window_arguments(window, &arguments);
    enum tw_status status =
        read_numbers(postgres, POSTGRES_FIND_WINDOW, &arguments, found, 2, error);
    window->number = found[0];
    window->through = found[1];
    postgres_arguments_free(&arguments);
    return status;
}

static enum tw_status drop_old(struct postgres_store *postgres, const struct window *window,
                               struct tw_error *error)
{
    struct postgres_arguments arguments;
    postgres_arguments_init(&arguments);
    postgres_number(&arguments, window->bucket->from - (int64_t)KEPT_DAYS * 86400 * 1000);
    enum tw_status status = postgres_run(
        postgres,
        &(struct postgres_call){.statement = POSTGRES_DROP_WINDOWS, .arguments = &arguments}, 1,
        error);
    postgres_arguments_free(&arguments);
    return status;
}

static enum tw_status add_window(struct postgres_store *postgres, struct window *window,
                                 struct tw_error *error)
{
    struct postgres_arguments arguments;
    enum tw_status status = drop_old(postgres, window, error);
    if (status != TW_OK)
        return status;
    window_arguments(window, &arguments);
    postgres_number(&arguments, window->last);
    status = read_numbers(postgres, POSTGRES_ADD_WINDOW, &arguments, &window->number, 1, error);
    postgres_arguments_free(&arguments);
    return status;
}

static void sum_arguments(const struct window *window, struct postgres_rows *rows,
                          struct postgres_arguments *arguments)
{
    postgres_arguments_init(arguments);
    postgres_number(arguments, window->number);
    postgres_array_begin(arguments, POSTGRES_TEXT);
    for (int i = 0; i < rows->count; i++)
        postgres_array_text(arguments,
                            postgres_window_value(rows, i, 0, window->bucket->attribute));
    postgres_array_end(arguments);
    postgres_array_begin(arguments, POSTGRES_TEXT);
    for (int i = 0; i < rows->count; i++)
        postgres_array_text(arguments, postgres_get_bytes(rows, i, 3));
    postgres_array_end(arguments);
}

/* Adds the rows after `through` and up to `last`. */
static enum tw_status add_sums(struct postgres_store *postgres, const struct window *window,
                               bool all, struct tw_error *error)
{
    struct postgres_arguments arguments;
    struct postgres_rows rows = {.result = NULL};
    window_arguments(window, &arguments);
    postgres_numbers(&arguments, (int64_t[]){window->through, window->last}, 2);
    enum tw_status status =
        postgres_run(postgres,
                     &(struct postgres_call){.statement = all ? POSTGRES_SUM_ALL : POSTGRES_SUM_NEW,
                                             .arguments = &arguments,
                                             .rows = &rows,
                                             .slow = true},
                     1, error);
    postgres_arguments_free(&arguments);
    if (status != TW_OK)
        return status;
    sum_arguments(window, &rows, &arguments);
    status = postgres_rows_status(&rows, error);
    if (status == TW_OK)
        status = postgres_run(
            postgres,
            &(struct postgres_call){.statement = POSTGRES_ADD_SUMS, .arguments = &arguments}, 1,
            error);
    postgres_rows_free(&rows);
    postgres_arguments_free(&arguments);
    return status;
}

static enum tw_status move_window(struct postgres_store *postgres, const struct window *window,
                                  struct tw_error *error)
{
    struct postgres_arguments arguments;
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, (int64_t[]){window->number, window->last}, 2);
    enum tw_status status = postgres_run(
        postgres,
        &(struct postgres_call){.statement = POSTGRES_MOVE_WINDOW, .arguments = &arguments}, 1,
        error);
    postgres_arguments_free(&arguments);
    return status;
}

enum tw_status postgres_window_update(struct postgres_store *postgres,
                                      const struct budget_bucket *bucket, struct tw_error *error)
{
    struct window window = {.bucket = bucket};
    enum tw_status status = find_window(postgres, &window, error);
    if (status == TW_OK)
        status = read_last_row(postgres, &window.last, error);
    bool is_new = window.number == 0;
    if (status == TW_OK && is_new)
        status = add_window(postgres, &window, error);
    if (status == TW_OK)
        status = add_sums(postgres, &window, is_new, error);
    return status == TW_OK && !is_new ? move_window(postgres, &window, error) : status;
}
