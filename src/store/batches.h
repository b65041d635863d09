/* store/batches.h: files that were uploaded, and batches of jobs made from them, as OpenAI's Files
 * and Batch APIs have them. Source: platform.openai.com/docs/api-reference/batch.
 *
 * The store keeps them and moves them from one state to the next; what a state means is for
 * whoever serves the API. A store in memory keeps neither: TW_INVALID. Instants are milliseconds
 * since 1970 UTC. Threads, durability and errors as in store.h. */
#ifndef TIERWAY_STORE_BATCHES_H
#define TIERWAY_STORE_BATCHES_H

#include "store/jobs.h"

#define STORED_FILE_BYTES_MAX (200 << 20) /* of a file; OpenAI's limit for a batch's input */
#define STORED_TEXT_MAX 1024              /* bytes of a file's id, an owner, a purpose, a name */
#define BATCH_DETAILS_MAX (1 << 20)       /* bytes */

struct stored_file {
    int64_t number; /* 1 and up, in the order of being added; out */
    int64_t created;
    int64_t size; /* bytes of the content; out */
    struct text id, owner, purpose, name;
    struct text content; /* empty where it was not asked for */
};

/* The numbers are kept in files. */
enum batch_state {
    BATCH_VALIDATING,
    BATCH_FAILED,
    BATCH_IN_PROGRESS,
    BATCH_COMPLETED,
    BATCH_EXPIRED,
    BATCH_CANCELLING,
    BATCH_CANCELLED,
    BATCH_STATE_COUNT
};

const char *batch_state_name(enum batch_state state); /* "in_progress" */

struct batch {
    int64_t number; /* as a file's; out */
    int64_t created, expires;
    int64_t total; /* its requests, once it is validated */
    enum batch_state state;
    struct text id, owner, input_file, endpoint;
    struct text details; /* JSON, of whoever serves the API: metadata, errors, instants */
};

/* As job_visitor. */
typedef enum tw_status (*stored_file_visitor)(void *context, const struct stored_file *file);
typedef enum tw_status (*batch_visitor)(void *context, const struct batch *batch);

/* A part of a list: at most `limit` of those after the one with the number `after`, downwards (then
 * INT64_MAX begins) or upwards (then 0 does). An empty owner lists those of nobody in particular;
 * `any_owner` all. */
struct list_part {
    struct text owner;
    bool any_owner;
    bool downwards;
    int64_t after;
    size_t limit;
};

/* TW_INVALID: the id is there already; TW_LIMIT, TW_INVALID: what none may be. */
enum tw_status stored_file_add(struct store *store, const struct stored_file *file,
                               struct tw_error *error);
/* TW_NOT_FOUND where there is none of this id. */
enum tw_status stored_file_find(struct store *store, struct text id, bool with_content,
                                stored_file_visitor visit, void *context, struct tw_error *error);
/* Without content. */
enum tw_status stored_file_list(struct store *store, const struct list_part *part,
                                stored_file_visitor visit, void *context, struct tw_error *error);
/* *deleted is false where there is none. */
enum tw_status stored_file_delete(struct store *store, struct text id, bool *deleted,
                                  struct tw_error *error);

/* As stored_file_add. */
enum tw_status batch_add(struct store *store, const struct batch *batch, struct tw_error *error);
/* TW_NOT_FOUND where there is none of this id. */
enum tw_status batch_find(struct store *store, struct text id, batch_visitor visit, void *context,
                          struct tw_error *error);
enum tw_status batch_list(struct store *store, const struct list_part *part, batch_visitor visit,
                          void *context, struct tw_error *error);
/* All of any owner in a state, by number. Costs what these are, however many others there are. */
enum tw_status batch_list_state(struct store *store, enum batch_state state, batch_visitor visit,
                                void *context, struct tw_error *error);
/* Where the batch of this id is in the state `from`, gives it the state, total and details of
 * `batch`, and *changed is true. Of several that try it at once, one does. */
enum tw_status batch_change(struct store *store, const struct batch *batch, enum batch_state from,
                            bool *changed, struct tw_error *error);

#endif
