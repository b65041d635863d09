/* gateway/background_internal.h: what the files of background work share. Not for others.
 *
 * background.c: which path is asked, and by whom. background_task.c: requests on their way over the
 * pool's threads. background_query.c: what a request says. background_files.c, background_upload.c,
 * background_batches.c, background_jobs.c: what is done about it. background_threads.c: batches and
 * jobs are looked after. */
#ifndef TIERWAY_GATEWAY_BACKGROUND_INTERNAL_H
#define TIERWAY_GATEWAY_BACKGROUND_INTERNAL_H

#include "base/json.h"
#include "gateway/background.h"
#include "queue/batch_output.h"
#include "tierway/router.h"

#include <pthread.h>

enum {
    TASK_OUT_MAX = OUTPUT_PAGE_MAX, /* bytes of an answer, or of a piece of one */
    TASK_ARENA_MAX = 32 << 20,      /* of what a request says beside its body, and of lists */
    TASK_BODY_MAX = 64 << 20,       /* of a body that is no upload */
};

struct task;

struct background {
    struct background_options options;
    pthread_mutex_t guard; /* of all that follows but the atomics */
    pthread_cond_t changed;
    struct task *tasks;
    size_t task_count;
    struct store *idle[BACKGROUND_STORES];
    size_t idle_count, open_stores;
    bool poked;              /* a batch is there to be looked at */
    struct snapshot *policy; /* that the worker took last; NULL: none yet */
    uint64_t policy_version;
    bool worker_over;
    pthread_t keeper, worker;
    bool keeper_started, worker_started;
    atomic_bool stop, break_off;
};

/* On a thread of the pool, with a store for as long as it lasts. */
typedef void (*task_work)(struct task *task, struct store *store);
/* Appends the next piece of a long answer to task->out, and sets task->over with the last one.
 * Anything but TW_OK breaks the answer off. */
typedef enum tw_status (*task_source)(struct task *task, struct store *store,
                                      struct tw_error *error);

/* One request. Its texts are copies in the arena. */
struct task {
    uv_work_t work;
    struct background *background;
    struct task *next, *previous;
    struct exchange *exchange; /* NULL: it has ended */
    struct snapshot *snapshot; /* held: what its caller and its attributes go by */
    struct caller *caller;     /* of the snapshot; NULL: nobody needs a key */
    task_work run;

    struct arena arena;
    struct text id;              /* of the path, decoded; empty: it has none */
    struct text query;           /* as sent */
    struct text type;            /* of the body */
    struct text owner;           /* the caller's name; empty where nobody needs a key */
    bool everything;             /* may see what is others', too */
    struct http_header *headers; /* x-tierway-*, those that the caller may set */
    size_t header_count;
    struct buffer body;

    bool pass;            /* the request is the provider's after all */
    int status;           /* of the answer */
    const char *type_out; /* its content type; constant */
    struct buffer out;
    task_source source; /* NULL: `out` is the whole answer */
    int64_t length;     /* of an answer from a source, or LENGTH_UNKNOWN */
    bool begun, over, broken, working;
    size_t sent; /* bytes of `out` */

    /* Of the source: */
    struct text batch; /* whose results are read */
    struct output_cursor cursor;
    size_t offset; /* of the file's next byte */
};

/* --- background_task.c --- */

/* A task for the exchange, whose body it takes over; NULL: out of memory, or too many of them. */
struct task *task_new(struct background *background, struct exchange *exchange);
/* Starts run. On failure the exchange is reset. */
void task_start(struct task *task, task_work run);
/* Answers at once, and lets go of the task. */
void task_answer_now(struct task *task);
void task_free(struct task *task);

/* The answer is an error in the provider's shape; param and code may be NULL. */
void task_error(struct task *task, int status, const char *code, const char *param,
                const char *message);
/* The same for what a store says. */
void task_store_error(struct task *task, enum tw_status status, const struct tw_error *error);

/* Ends a list of OpenAI's: the first and last id may be empty. Or answers with the error. */
void list_end(struct task *task, enum tw_status status, const struct tw_error *error, bool more,
              struct text first, struct text last);

/* --- background_query.c --- */

/* A parameter of the query, decoded, in the arena; false where it is not there. */
bool query_text(struct task *task, const char *name, struct text *value);
/* A whole number within bounds. False, and answered with 400, where it is none. */
bool query_number(struct task *task, const char *name, int64_t low, int64_t high, int64_t *number);
/* Percent-decoded, in the arena; an empty text where it is not well-formed. */
struct text decode_percent(struct task *task, struct text text, bool plus_is_blank);
/* Attributes for the policy: those that jobs have, and what the caller may set and the live policy
 * knows; in the arena. `metadata`: an object whose members x-tierway-NAME count, too, or no value.
 * False, and answered with 400, where a value is not of its attribute's type. */
struct json_value;
bool read_attributes(struct task *task, const struct json_value *metadata, struct tw_pair **pairs,
                     size_t *count);
/* Whether a request's owner may see this. */
bool task_may_see(const struct task *task, struct text owner);

/* --- what is done --- */

void files_upload(struct task *task, struct store *store);
void files_list(struct task *task, struct store *store);
void files_show(struct task *task, struct store *store);
void files_content(struct task *task, struct store *store);
void files_delete(struct task *task, struct store *store);
void batches_create(struct task *task, struct store *store);
void batches_list(struct task *task, struct store *store);
void batches_show(struct task *task, struct store *store);
void batches_cancel(struct task *task, struct store *store);
void jobs_submit_lines(struct task *task, struct store *store);
void jobs_list_all(struct task *task, struct store *store);
void jobs_show_one(struct task *task, struct store *store);
void jobs_show_result(struct task *task, struct store *store);
void jobs_cancel_one(struct task *task, struct store *store);
void jobs_retry_one(struct task *task, struct store *store);

/* Finds a batch that the caller may see. False, and answered, where there is none. The batch's
 * texts are in the arena. */
bool find_batch(struct task *task, struct store *store, struct text id, struct batch *batch);

/* --- background_threads.c --- */

enum tw_status background_start_threads(struct background *background, struct tw_error *error);
/* Wakes the thread that looks after batches. */
void background_poke(struct background *background);
/* Waits for the worker at most so long, then breaks off; ends both threads. */
void background_end_threads(struct background *background, uint32_t drain_ms);

#endif
