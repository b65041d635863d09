/* store/store_postgres_job_rows.c: reading jobs. The statements are in
 * store_postgres_statements.def; what each index is for is said in store_sqlite_job_rows.c. */
#include "store/store_postgres.h"

static enum tw_status visit_row(struct postgres_rows *rows, int row, job_visitor visit,
                                void *context, struct tw_error *error)
{
    struct job job;
    int column = 0;
    int64_t *const numbers[] = {&job.number,    &job.claim,         &job.refusals, &job.expired,
                                &job.submitted, &job.due,           &job.deadline, &job.lease,
                                &job.ended,     &job.callback_tries};
    struct text *const texts[] = {&job.id, &job.owner, &job.batch, &job.callback};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        *numbers[i] = postgres_get_number(rows, row, column++);
    int64_t state = postgres_get_number(rows, row, column++);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = postgres_get_text(rows, row, column++);
    job.body = postgres_get_bytes(rows, row, column++);
    job.result = postgres_get_bytes(rows, row, column);
    if (state < 0 || state >= JOB_STATE_COUNT)
        return fail(error, TW_DAMAGED, "the store '%s' has a job with a bad state",
                    rows->postgres->name);
    job.state = (enum job_state)state;
    enum tw_status status = postgres_rows_status(rows, error);
    return status == TW_OK ? visit(context, &job) : status;
}

enum tw_status postgres_job_visit(struct postgres_rows *rows, job_visitor visit, void *context,
                                  struct tw_error *error)
{
    enum tw_status status = TW_OK;
    for (int i = 0; i < rows->count && status == TW_OK; i++) {
        status = visit_row(rows, i, visit, context, error);
        postgres_forget_texts(rows);
    }
    return status;
}

/* Reads with a statement, and visits what it gives. *count: how many; NULL: not wanted. */
static enum tw_status read_jobs(struct store *store, enum postgres_statement which,
                                const struct postgres_arguments *arguments, job_visitor visit,
                                void *context, int *count, struct tw_error *error)
{
    struct postgres_rows rows = {.result = NULL};
    enum tw_status status = postgres_repeat(
        (struct postgres_store *)store,
        &(struct postgres_call){
            .statement = which, .arguments = arguments, .rows = &rows, .slow = true},
        1, error);
    if (status == TW_OK) {
        *count = rows.count;
        status = postgres_job_visit(&rows, visit, context, error);
    }
    postgres_rows_free(&rows);
    return status;
}

enum tw_status postgres_job_find(struct store *store, struct text id, job_visitor visit,
                                 void *context, bool *found, struct tw_error *error)
{
    struct postgres_arguments arguments;
    int count = 0;
    postgres_arguments_init(&arguments);
    postgres_text(&arguments, id);
    enum tw_status status =
        read_jobs(store, POSTGRES_FIND_JOB, &arguments, visit, context, &count, error);
    *found = count > 0;
    postgres_arguments_free(&arguments);
    return status;
}

/* The one of three statements that a filter asks for: all, by owner, by batch. */
static enum postgres_statement filtered(enum postgres_statement all,
                                        const struct job_filter *filter)
{
    int step = filter->owner.length ? 1 : filter->batch.length ? 2 : 0;
    return (enum postgres_statement)((int)all + step);
}

static void add_filter(struct postgres_arguments *arguments, const struct job_filter *filter)
{
    if (filter->owner.length || filter->batch.length)
        postgres_text(arguments, filter->owner.length ? filter->owner : filter->batch);
}

/* In parts, so that the bodies and results of only so many are in memory at once. */
enum { PART = 64 };

struct last_visit {
    job_visitor visit;
    void *context;
    int64_t number;
};

static enum tw_status visit_and_note(void *context, const struct job *job)
{
    struct last_visit *last = context;
    last->number = job->number;
    return last->visit(last->context, job);
}

enum tw_status postgres_job_list(struct store *store, const struct job_filter *filter,
                                 enum job_state state, int64_t after, size_t limit,
                                 job_visitor visit, void *context, struct tw_error *error)
{
    struct last_visit last = {visit, context, after};
    enum tw_status status = TW_OK;
    int count = PART, part = PART;
    for (size_t left = limit; status == TW_OK && count == part && left; left -= (size_t)count) {
        struct postgres_arguments arguments;
        part = left < PART ? (int)left : PART;
        count = 0;
        postgres_arguments_init(&arguments);
        postgres_numbers(&arguments, (int64_t[]){state, last.number, part}, 3);
        add_filter(&arguments, filter);
        status = read_jobs(store, filtered(POSTGRES_LIST_JOBS, filter), &arguments, visit_and_note,
                           &last, &count, error);
        postgres_arguments_free(&arguments);
    }
    return status;
}

/* Adds each row's second column to the sum that its first one names. */
static enum tw_status read_sums(struct store *store, enum postgres_statement all,
                                const struct job_filter *filter, int64_t *sums, int64_t size,
                                struct tw_error *error)
{
    struct postgres_arguments arguments;
    struct postgres_rows rows = {.result = NULL};
    postgres_arguments_init(&arguments);
    add_filter(&arguments, filter);
    enum tw_status status =
        postgres_repeat((struct postgres_store *)store,
                        &(struct postgres_call){.statement = filtered(all, filter),
                                                .arguments = &arguments,
                                                .rows = &rows,
                                                .slow = true},
                        1, error);
    for (int i = 0; status == TW_OK && i < rows.count; i++) {
        int64_t which = postgres_get_number(&rows, i, 0);
        if (which >= 0 && which < size)
            sums[which] += postgres_get_number(&rows, i, 1);
    }
    postgres_rows_free(&rows);
    postgres_arguments_free(&arguments);
    return status;
}

enum tw_status postgres_job_count(struct store *store, const struct job_filter *filter,
                                  struct job_counts *counts, struct tw_error *error)
{
    enum tw_status status =
        read_sums(store, POSTGRES_COUNT_JOBS, filter, counts->of_state, JOB_STATE_COUNT, error);
    return status == TW_OK ? read_sums(store, POSTGRES_EXPIRED, filter, &counts->expired, 1, error)
                           : status;
}
