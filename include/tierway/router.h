/* tierway/router.h: send requests through a policy: decide, send, step down where a tier has no
 * room, and account for it.
 *
 *     struct tw_router_options options = {
 *         .policy = policy, .base_url = "https://api.openai.com/v1", .api_key = key,
 *         .store = "tierway.db",
 *     };
 *     tw_router *router;
 *     struct tw_error error;
 *     if (tw_router_new(&options, &router, &error) == TW_OK) {
 *         struct tw_chat chat = {.body = body, .length = length, .instant = -1};
 *         struct tw_result *result;
 *         if (tw_router_chat(router, &chat, &result, &error) == TW_OK)
 *             fwrite(result->content, 1, result->content_length, stdout);
 *         tw_result_free(result);
 *     }
 *     tw_router_free(router);
 *
 * A router is used by one thread at a time, but for tw_router_cancel. It never prints and never
 * reads the environment; nor does a queue, for requests that may wait (below). */
#ifndef TIERWAY_ROUTER_H
#define TIERWAY_ROUTER_H

#include "tierway/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tw_router tw_router;

/* All texts are copied. */
struct tw_router_options {
    const tw_policy *policy; /* has to outlive the router */
    const char *base_url;    /* http or https, with its /v1; no user, query or fragment */
    const char *api_key;     /* NULL: none is sent. Never stored, printed, or sent elsewhere */
    const char *prices; /* a built-in table's name ("openai", "seed") or a file's path; NULL: the
                           table "openai" */
    const char *store;  /* a file's path, or "memory:"; NULL: no ledger is kept */
    uint64_t seed;      /* of waits and request ids; 0: from the system */
};

/* Opens the price table and the store, so that nothing is sent which could not be accounted for.
 * Nothing is connected yet. TW_INVALID: the URL. Else the errors of a store and of a price file:
 * TW_NOT_FOUND, TW_BUSY, TW_READ_ONLY, TW_DAMAGED, TW_NEWER, TW_FULL, TW_IO, TW_NO_MEMORY. error
 * may be NULL, here and below. */
TW_API enum tw_status tw_router_new(const struct tw_router_options *options, tw_router **router,
                                    struct tw_error *error);
TW_API void tw_router_free(tw_router *router); /* NULL allowed */
/* Ends the request that is running, or else the next one. From any thread. */
TW_API void tw_router_cancel(tw_router *router);

struct tw_pair {
    const char *name, *value;
};

/* A part of the answer, as it arrives: an event of a stream, or a whole answer that is none. What
 * it points to lives until the callback returns; nothing in it ends in NUL. */
struct tw_piece {
    const char *text; /* of the answer; may be empty */
    size_t text_length;
    const char *event; /* the event's name; may be empty */
    size_t event_length;
    const char *data; /* as the provider sent it */
    size_t data_length;
};

struct tw_chat {
    const char *body; /* of the request, as the provider takes it; sent byte for byte but for
                         service_tier, and stream_options.include_usage of a stream */
    size_t length;
    const char *endpoint; /* NULL: "/responses" for a body with `input`, else "/chat/completions" */
    const struct tw_pair *attributes; /* as tw_request_set takes them */
    size_t attribute_count;
    const struct tw_pair *headers; /* of the request that is routed: x-tierway-NAME, and those that
                                      the policy's attributes are read from. None is sent on */
    size_t header_count;
    int64_t instant; /* milliseconds since 1970 UTC; -1: the system's clock */
    /* False: no more is wanted, and the request is broken off. NULL: the answer is collected. */
    bool (*on_piece)(void *context, const struct tw_piece *piece);
    void *context;
};

enum tw_outcome {
    TW_ANSWERED,
    TW_REJECTED,       /* by the policy; `message` has its reason */
    TW_PROVIDER_ERROR, /* the provider's own words are in `message` */
    TW_NO_ANSWER,      /* not reached, too late, broken off, or not to be read; `message` says so */
    TW_STOPPED         /* by on_piece or tw_router_cancel */
};

struct tw_attempt {
    const char *tier;    /* NULL where nothing was sent */
    const char *outcome; /* of the ledger: "answered", "refused", ... */
    int http_status;     /* 0 where no answer came */
    int64_t latency;     /* milliseconds */
    int64_t delay;       /* milliseconds from the request to this attempt */
};

/* Texts are NULL where there is nothing to say; numbers are -1 where they are not known. */
struct tw_result {
    enum tw_outcome outcome;
    int http_status; /* of the last attempt; 0 where no answer came */
    const char *message;
    const char *error_type, *error_code; /* of the provider */
    const char *content;                 /* the answer's text, also of a stream; ends in NUL */
    size_t content_length;
    const char *body; /* the last answer's body as it came; empty for a stream; ends in NUL */
    size_t body_length;
    const char *request_id;
    const char *requested_tier; /* by the body */
    const char *chosen_tier;    /* the first one of the rule's action */
    const char *served_tier;    /* that the provider says it served */
    const char *rule;           /* label, "line N" or "otherwise" */
    uint32_t line;              /* 0 for an `otherwise` that is not written */
    const struct tw_attempt *attempts;
    size_t attempt_count;
    int64_t input_tokens, cached_tokens, output_tokens, reasoning_tokens, total_tokens;
    int64_t cost;          /* of the last attempt, picodollars (1e-12 USD), at the served tier */
    int64_t default_cost;  /* what the same tokens cost at the tier default */
    enum tw_status ledger; /* TW_OK: every attempt is in the ledger, durably, or none is kept */
    const char *ledger_message;
};

/* Sends one request, and waits for its end. TW_OK: *result says what came of it, whether it was
 * answered or not. TW_INVALID, TW_NOT_FOUND or TW_LIMIT: the body, an attribute or the key cannot
 * be used, or this machine has no libcurl; TW_NO_MEMORY. *result is NULL then. */
TW_API enum tw_status tw_router_chat(tw_router *router, const struct tw_chat *chat,
                                     struct tw_result **result, struct tw_error *error);
TW_API void tw_result_free(struct tw_result *result); /* NULL allowed */

/* --- requests that may wait: a durable queue -------------------------------------------------
 *
 *     struct tw_queue_options options = {.router = {..., .store = "jobs.db"}, .concurrency = 5};
 *     struct tw_job job = {.id = "summary-1", .body = body, .length = length};
 *     struct tw_job_result *result;
 *     tw_queue *queue;
 *     if (tw_queue_open(&options, &queue, &error) == TW_OK &&
 *         tw_queue_submit(queue, &job, NULL, &error) == TW_OK &&
 *         tw_queue_wait(queue, NULL, -1, &error) == TW_OK &&
 *         tw_queue_result(queue, "summary-1", &result, &error) == TW_OK)
 *         ...
 *
 * A job that was submitted is in the store: it outlives this process, and whoever works on the
 * store does it, be it this queue, another one, `tierway jobs work` or a gateway. The policy
 * decides before each attempt, with `attempt`, `waited` and `deadline`. A job that is refused goes
 * back and is tried again, until it is done, or has failed for good, or its deadline has come.
 *
 * Each job ends once, and an answer that was received is paid for once. What was sent and not yet
 * answered when its process is killed is sent again, which may be billed twice.
 *
 * All functions are for any thread, but for tw_queue_close. */

typedef struct tw_queue tw_queue;

#define TW_JOB_ID_SIZE 257 /* bytes of the longest id, with its NUL */

struct tw_queue_options {
    struct tw_router_options router; /* store: a file or a server, not "memory:". policy and
                                        base_url may be NULL where concurrency is 0 */
    int concurrency; /* jobs at once that this queue works on, up to 256; 0: others do the work */
    int64_t lease;   /* milliseconds after which a dead process's jobs go to others, at least 1000;
                        0: 60,000 */
    /* What an operator wants to know, one line each, of the store or of jobs near their deadline;
     * from any thread. NULL allowed. */
    void (*on_note)(void *context, const char *line);
    void *note_context;
};

enum tw_job_state { TW_JOB_QUEUED, TW_JOB_RUNNING, TW_JOB_DONE, TW_JOB_FAILED, TW_JOB_CANCELLED };

/* Texts are NULL where there is nothing to say; numbers are -1 where they are not known. */
struct tw_job_result {
    const char *id;
    enum tw_job_state state;
    int64_t submitted, ended; /* milliseconds since 1970 UTC; ended: 0 until it has */
    int http_status;          /* of the answer; 0 where no answer came */
    const char *content;      /* the answer's text; ends in NUL */
    size_t content_length;
    const char *body; /* the answer's body, JSON on one line; ends in NUL */
    size_t body_length;
    const char *served_tier;          /* that the provider says it served */
    const char *error_code, *message; /* of a job that failed; the provider's words where it has any
                                       */
    const char *request_id;           /* as in the ledger, where the attempts and their cost are */
    const char *line; /* all of it, as a line of OpenAI's Batch output; ends in NUL */
    size_t line_length;
    int64_t input_tokens, cached_tokens, output_tokens, reasoning_tokens, total_tokens;
};

struct tw_job {
    const char *id;   /* UTF-8, under TW_JOB_ID_SIZE bytes; NULL: one is made */
    const char *body; /* of the request, as the provider takes it, with a model, without `stream` */
    size_t length;    /* at most 16 MiB */
    const char *endpoint;             /* as in struct tw_chat */
    const struct tw_pair *attributes; /* for the policy, as tw_request_set takes them */
    size_t attribute_count;
    int64_t within; /* milliseconds from now on; not answered by then, it fails. 0: a day */
    /* Called once when the job has ended, after its result is stored, whoever worked on it; not
     * any more once the queue is closed. On a thread of the queue's, one call at a time; it may
     * call all but tw_queue_close and tw_queue_wait. The result is its own until it returns. NULL
     * allowed. */
    void (*on_end)(void *context, const struct tw_job_result *result);
    void *context;
};

/* Opens the store, and starts the threads that work. All texts are copied; the policy has to
 * outlive the queue. TW_INVALID: the URL, a number that is out of range, or a store in memory. Else
 * as tw_router_new. error may be NULL, here and below. */
TW_API enum tw_status tw_queue_open(const struct tw_queue_options *options, tw_queue **queue,
                                    struct tw_error *error);

/* Puts a job into the queue. TW_OK: it is stored. A job of the same id that asks for the same is
 * not submitted again, but on_end is called for it all the same, at once where it has ended. id:
 * gets the job's id; NULL allowed. TW_INVALID: the body is no request, or another request has this
 * id. TW_LIMIT: too long. TW_BUSY, TW_FULL, TW_READ_ONLY, TW_DAMAGED, TW_IO, TW_NO_MEMORY: it is
 * not stored. */
TW_API enum tw_status tw_queue_submit(tw_queue *queue, const struct tw_job *job,
                                      char id[TW_JOB_ID_SIZE], struct tw_error *error);

/* Waits until the job has ended; id NULL: until all have that were submitted through this queue,
 * and their on_end has returned. timeout: milliseconds; 0 only looks, -1 waits for as long as it
 * takes. TW_TIMEOUT: not yet. TW_NOT_FOUND: there is no such job. Any other: the threads of this
 * queue cannot go on, and error says why; jobs stay in the store. */
TW_API enum tw_status tw_queue_wait(tw_queue *queue, const char *id, int64_t timeout,
                                    struct tw_error *error);

/* What is known of a job, ended or not, whoever submitted it. TW_OK: *result is to be freed with
 * tw_job_result_free. TW_NOT_FOUND; else errors of the store. */
TW_API enum tw_status tw_queue_result(tw_queue *queue, const char *id,
                                      struct tw_job_result **result, struct tw_error *error);
TW_API void tw_job_result_free(struct tw_job_result *result); /* NULL allowed */

/* Cancels a job that has not ended. What is on its way to the provider is still sent and paid for.
 * *cancelled is false where it has ended already, or where there is none. */
TW_API enum tw_status tw_queue_cancel(tw_queue *queue, const char *id, bool *cancelled,
                                      struct tw_error *error);

/* Claims nothing more, gives what runs so many milliseconds (-1: as long as it takes), breaks off
 * what is left, which goes back to the queue, and frees it. Jobs stay in the store. No other thread
 * may use the queue any more. NULL allowed. */
TW_API void tw_queue_close(tw_queue *queue, int64_t drain);

#ifdef __cplusplus
}
#endif

#endif
