/* store/store_postgres_jobs.c: what changes jobs. Each call is one transaction, and one message to
 * the server and back, however many jobs it is about.
 *
 * Workers pass over rows that another one is claiming in the same instant (SKIP LOCKED). Claims
 * wait for the disk like all else: a server that crashes does not end those who hold them, and a
 * claim that is undone would be given, and paid for, twice. */
#include "store/store_postgres.h"

#include <stdlib.h>

static void add_texts(struct postgres_arguments *arguments,
                      const struct job_submission *submissions, size_t count, size_t member)
{
    postgres_array_begin(arguments, POSTGRES_TEXT);
    for (size_t i = 0; i < count; i++) {
        const char *at = (const char *)&submissions[i] + member;
        postgres_array_text(arguments, *(const struct text *)(const void *)at);
    }
    postgres_array_end(arguments);
}

static void submit_arguments(const struct job_submission *submissions, size_t count, int64_t now,
                             struct postgres_arguments *arguments)
{
    static const size_t texts[] = {
        offsetof(struct job_submission, id), offsetof(struct job_submission, owner),
        offsetof(struct job_submission, batch), offsetof(struct job_submission, callback)};
    postgres_arguments_init(arguments);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        add_texts(arguments, submissions, count, texts[i]);
    postgres_array_begin(arguments, POSTGRES_BYTEA);
    for (size_t i = 0; i < count; i++)
        postgres_array_bytes(arguments, submissions[i].body);
    postgres_array_end(arguments);
    postgres_array_begin(arguments, POSTGRES_BIGINT);
    for (size_t i = 0; i < count; i++)
        postgres_array_number(arguments, submissions[i].due);
    postgres_array_end(arguments);
    postgres_array_begin(arguments, POSTGRES_BIGINT);
    for (size_t i = 0; i < count; i++)
        postgres_array_number(arguments, submissions[i].deadline);
    postgres_array_end(arguments);
    postgres_number(arguments, now);
}

/* The places, 1 and up, that a statement gave, as flags. */
static void read_places(struct postgres_rows *rows, bool *places, size_t count)
{
    memset(places, 0, count * sizeof *places);
    for (int i = 0; i < rows->count; i++) {
        int64_t place = postgres_get_number(rows, i, 0);
        if (place >= 1 && place <= (int64_t)count)
            places[place - 1] = true;
    }
}

enum tw_status postgres_job_submit(struct store *store, struct job_submission *submissions,
                                   size_t count, int64_t now, struct tw_error *error)
{
    struct postgres_store *postgres = (struct postgres_store *)store;
    struct postgres_arguments arguments;
    struct postgres_rows rows = {.result = NULL};
    bool before, *added = calloc(count, sizeof *added);
    if (!added)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    submit_arguments(submissions, count, now, &arguments);
    const struct postgres_call calls[] = {
        {.statement = POSTGRES_SUBMIT, .arguments = &arguments, .rows = &rows, .slow = true},
        {.statement = POSTGRES_NOTIFY}};
    enum tw_status status = postgres_write(postgres, calls, 2, &before, error);
    if (status == TW_OK)
        read_places(&rows, added, count);
    for (size_t i = 0; status == TW_OK && i < count; i++)
        submissions[i].existed = !before && !added[i];
    postgres_rows_free(&rows);
    postgres_arguments_free(&arguments);
    free(added);
    return status;
}

/* --- claims --- */

static int64_t at_most(size_t limit)
{
    return limit < INT64_MAX ? (int64_t)limit : INT64_MAX;
}

/* Gives back what was claimed, since a visit failed; if that cannot be, the lease does. `tries`:
 * the column that names the claim with the number. `due`: over 0 for callbacks. */
static void give_back(struct postgres_rows *rows, enum postgres_statement which, int tries,
                      int64_t due)
{
    struct postgres_arguments arguments;
    const int columns[] = {0, tries};
    postgres_arguments_init(&arguments);
    for (size_t column = 0; column < 2; column++) {
        postgres_array_begin(&arguments, POSTGRES_BIGINT);
        for (int i = 0; i < rows->count; i++)
            postgres_array_number(&arguments, postgres_get_number(rows, i, columns[column]));
        postgres_array_end(&arguments);
    }
    if (due)
        postgres_number(&arguments, due);
    postgres_repeat(rows->postgres,
                    &(struct postgres_call){.statement = which, .arguments = &arguments}, 1, NULL);
    postgres_arguments_free(&arguments);
}

enum tw_status postgres_job_claim(struct store *store, int64_t now, int64_t until, size_t limit,
                                  job_visitor visit, void *context, struct tw_error *error)
{
    struct postgres_store *postgres = (struct postgres_store *)store;
    struct postgres_arguments instant, claim;
    struct postgres_rows rows = {.result = NULL};
    postgres_arguments_init(&instant);
    postgres_arguments_init(&claim);
    postgres_number(&instant, now);
    postgres_numbers(&claim, (int64_t[]){until, at_most(limit)}, 2);
    const struct postgres_call calls[] = {
        {.statement = POSTGRES_RETURN_EXPIRED, .arguments = &instant},
        {.statement = POSTGRES_MAKE_READY, .arguments = &instant},
        {.statement = POSTGRES_CLAIM, .arguments = &claim, .rows = &rows}};
    enum tw_status status = postgres_repeat(postgres, calls, 3, error);
    if (status == TW_OK) {
        status = postgres_job_visit(&rows, visit, context, error);
        if (status != TW_OK)
            give_back(&rows, POSTGRES_UNCLAIM, 1, 0);
    }
    postgres_rows_free(&rows);
    postgres_arguments_free(&instant);
    postgres_arguments_free(&claim);
    return status;
}

/* --- ends of claims --- */

static int64_t ending_number(const struct job_ending *ending, int column)
{
    bool back = ending->state == JOB_QUEUED;
    const int64_t numbers[] = {ending->number, ending->claim,           ending->state,
                               ending->due,    back && ending->refused, back ? 0 : ending->ended};
    return numbers[column];
}

static void end_arguments(const struct job_ending *endings, size_t count,
                          struct postgres_arguments *arguments)
{
    enum { DUE = 3, NUMBERS = 6 };
    postgres_arguments_init(arguments);
    for (int column = 0; column < NUMBERS; column++) {
        postgres_array_begin(arguments, POSTGRES_BIGINT);
        for (size_t i = 0; i < count; i++)
            if (column == DUE && endings[i].state != JOB_QUEUED)
                postgres_array_null(arguments);
            else
                postgres_array_number(arguments, ending_number(&endings[i], column));
        postgres_array_end(arguments);
    }
    postgres_array_begin(arguments, POSTGRES_BYTEA);
    for (size_t i = 0; i < count; i++)
        postgres_array_bytes(arguments, endings[i].result);
    postgres_array_end(arguments);
}

/* The calls of an ending: the claims, where there are any, then the settlement, then telling. */
static enum tw_status write_ends(struct postgres_store *postgres, const struct postgres_call *end,
                                 const struct postgres_settlement *settlement,
                                 struct tw_error *error)
{
    struct postgres_call calls[2 + sizeof settlement->calls / sizeof settlement->calls[0]];
    size_t count = 0;
    bool before;
    if (end)
        calls[count++] = *end;
    for (size_t i = 0; i < settlement->count; i++)
        calls[count++] = settlement->calls[i];
    if (end)
        calls[count++] = (struct postgres_call){.statement = POSTGRES_NOTIFY};
    if (count == 0)
        return TW_OK;
    enum tw_status status = postgres_write(postgres, calls, count, &before, error);
    return status == TW_OK && before && end ? postgres_repeat(postgres, end, 1, error) : status;
}

enum tw_status postgres_job_end(struct store *store, struct job_ending *endings, size_t count,
                                const struct ledger_settlement *given, struct tw_error *error)
{
    struct postgres_store *postgres = (struct postgres_store *)store;
    struct postgres_settlement settlement;
    struct postgres_arguments arguments;
    struct postgres_rows rows = {.result = NULL};
    bool *held = calloc(count + 1, sizeof *held);
    if (!held)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    end_arguments(endings, count, &arguments);
    const struct postgres_call end = {
        .statement = POSTGRES_END, .arguments = &arguments, .rows = &rows};
    enum tw_status status = postgres_settlement_open(&settlement, postgres, given, error);
    if (status == TW_OK)
        status = write_ends(postgres, count ? &end : NULL, &settlement, error);
    postgres_settlement_close(&settlement, postgres, given, status);
    if (status == TW_OK)
        read_places(&rows, held, count);
    for (size_t i = 0; status == TW_OK && i < count; i++)
        endings[i].lost = !held[i];
    postgres_rows_free(&rows);
    postgres_arguments_free(&arguments);
    free(held);
    return status;
}

/* --- changes of single jobs --- */

/* Some numbers and then, unless it is empty, a text. */
static enum tw_status change(struct store *store, enum postgres_statement which,
                             const int64_t *numbers, size_t count, struct text text,
                             int64_t *changed, struct tw_error *error)
{
    struct postgres_arguments arguments;
    bool before;
    *changed = 0;
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, numbers, count);
    if (text.length)
        postgres_text(&arguments, text);
    const struct postgres_call calls[] = {
        {.statement = which, .arguments = &arguments, .changed = changed},
        {.statement = POSTGRES_NOTIFY}};
    enum tw_status status =
        postgres_write((struct postgres_store *)store, calls, 2, &before, error);
    if (status == TW_OK && before)
        *changed = 1;
    postgres_arguments_free(&arguments);
    return status;
}

enum tw_status postgres_job_extend(struct store *store, int64_t number, int64_t claim,
                                   int64_t lease, bool *lost, struct tw_error *error)
{
    struct postgres_arguments arguments;
    int64_t changed = 0;
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, (int64_t[]){number, claim, lease}, 3);
    const struct postgres_call calls[] = {
        {.statement = POSTGRES_EXTEND, .arguments = &arguments, .changed = &changed}};
    enum tw_status status = postgres_repeat((struct postgres_store *)store, calls, 1, error);
    *lost = changed == 0;
    postgres_arguments_free(&arguments);
    return status;
}

enum tw_status postgres_job_cancel(struct store *store, struct text id, int64_t now,
                                   bool *cancelled, struct tw_error *error)
{
    int64_t changed;
    enum tw_status status = change(store, POSTGRES_CANCEL, &now, 1, id, &changed, error);
    *cancelled = changed > 0;
    return status;
}

enum tw_status postgres_job_cancel_batch(struct store *store, struct text batch, int64_t now,
                                         int64_t *cancelled, struct tw_error *error)
{
    return change(store, POSTGRES_CANCEL_BATCH, &now, 1, batch, cancelled, error);
}

enum tw_status postgres_job_retry(struct store *store, struct text id, int64_t now,
                                  int64_t deadline, bool *retried, struct tw_error *error)
{
    int64_t changed, numbers[] = {now, deadline};
    enum tw_status status = change(store, POSTGRES_RETRY, numbers, 2, id, &changed, error);
    *retried = changed > 0;
    return status;
}

/* --- callbacks --- */

enum tw_status postgres_job_claim_callbacks(struct store *store, int64_t now, int64_t until,
                                            size_t limit, job_visitor visit, void *context,
                                            struct tw_error *error)
{
    enum { TRIES = 9 }; /* its column */
    struct postgres_arguments arguments;
    struct postgres_rows rows = {.result = NULL};
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, (int64_t[]){until, now, at_most(limit)}, 3);
    const struct postgres_call calls[] = {
        {.statement = POSTGRES_CLAIM_CALLBACKS, .arguments = &arguments, .rows = &rows}};
    enum tw_status status = postgres_repeat((struct postgres_store *)store, calls, 1, error);
    if (status == TW_OK) {
        status = postgres_job_visit(&rows, visit, context, error);
        if (status != TW_OK)
            give_back(&rows, POSTGRES_UNCLAIM_CALLBACKS, TRIES, now);
    }
    postgres_rows_free(&rows);
    postgres_arguments_free(&arguments);
    return status;
}

enum tw_status postgres_job_end_callback(struct store *store, int64_t number, int64_t tries,
                                         int64_t due, struct tw_error *error)
{
    struct postgres_arguments arguments;
    postgres_arguments_init(&arguments);
    postgres_numbers(&arguments, (int64_t[]){number, tries}, 2);
    if (due < 0)
        postgres_null(&arguments);
    else
        postgres_number(&arguments, due);
    enum tw_status status = postgres_write(
        (struct postgres_store *)store,
        &(struct postgres_call){.statement = POSTGRES_END_CALLBACK, .arguments = &arguments}, 1,
        NULL, error);
    postgres_arguments_free(&arguments);
    return status;
}

/* --- waiting --- */

static enum tw_status listen_once(struct postgres_store *postgres, void *context,
                                  struct tw_error *error)
{
    (void)context;
    const struct postgres_call calls[] = {{.statement = POSTGRES_LISTEN},
                                          {.statement = POSTGRES_LISTENING}};
    if (postgres->listening)
        return TW_OK;
    enum tw_status status = postgres_run(postgres, calls, 2, error);
    postgres->listening = postgres->notified = status == TW_OK;
    return status;
}

/* What came before this store listened may have been missed, so the first wait ends at once, as
 * does one after a lost connection. */
enum tw_status postgres_job_wait(struct store *store, int64_t milliseconds, struct tw_error *error)
{
    struct postgres_store *postgres = (struct postgres_store *)store;
    enum tw_status status = postgres_try(postgres, listen_once, NULL, error);
    if (status == TW_OK)
        status = postgres_await_notification(postgres, milliseconds, error);
    if (postgres->lost)
        postgres_disconnect(postgres);
    postgres->notified = false;
    return status;
}
