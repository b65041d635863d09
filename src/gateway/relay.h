/* gateway/relay.h: one request of a caller on its way through the gateway. Not for other folders.
 *
 * A relay is made when its exchange is handed out and is over when the exchange has ended, whatever
 * happens upstream meanwhile. What it owns is kept for the next request. All of it is used on its
 * worker's thread.
 *
 * relay.c: from the exchange to the two ways, and the end of both. relay_report.c: what is said
 * about it then. relay_plain.c: paths that pass
 * through. The routed ones: route.c decides, route_budget.c where budgets count, route_attempt.c
 * sends and sends again, route_stream.c passes events on, route_reply.c says what is not a stream.
 */
#ifndef TIERWAY_GATEWAY_RELAY_H
#define TIERWAY_GATEWAY_RELAY_H

#include "gateway/forward.h"
#include "gateway/worker.h"
#include "runtime/budget.h"
#include "runtime/steps.h"

#define RELAY_PENDING_MAX                                                                          \
    (256 * 1024) /* bytes that wait for a slow reader; then upstream waits                         \
                  */

/* What is to be said once the rows are durable. */
enum relay_reply {
    REPLY_NONE,
    REPLY_WHOLE,     /* the last answer, as it came */
    REPLY_HELD,      /* the events of a stream that failed before its first content */
    REPLY_STREAM,    /* the end of a stream */
    REPLY_REJECT,    /* the policy's reason */
    REPLY_NO_ANSWER, /* the provider was not reached, too late, or broke off */
};

struct relay {
    struct worker *worker;
    struct relay *next; /* of the idle ones */
    struct exchange *exchange;
    struct transfer *transfer;  /* NULL: none runs */
    uv_timer_t timer;           /* for the earliest of the instants below */
    struct buffer target;       /* for the upstream */
    struct header_list headers; /* likewise */
    struct header_list answer;  /* headers of the answer to the caller */
    bool head_sent;             /* the answer has begun */
    struct caller *caller;      /* NULL: nobody that is known, or nobody needs a key */

    /* --- for the report --- */
    int64_t instant;      /* when the request was whole, milliseconds since 1970 UTC */
    uint64_t begun;       /* the same by uv_hrtime */
    uint64_t first_byte;  /* of a stream's content, by uv_hrtime; 0: none yet */
    int64_t decision;     /* nanoseconds, with the wait for budgets; -1: nothing was decided */
    uint32_t rule_number; /* of `rule` */
    enum metrics_outcome outcome; /* METRICS_OUTCOMES: as its end shows */

    /* --- of a routed request --- */
    bool routed;
    bool chat; /* Chat Completions, not Responses */
    struct worker_policy *policy;
    struct arena arena; /* owns the request's texts and rows */
    struct body body;
    struct buffer spliced; /* the body as it goes upstream */
    struct account account;
    uint64_t asked;         /* when deciding began, by uv_hrtime */
    struct budget_ask *ask; /* on the ledger's thread; NULL: none is */
    int64_t reservation;    /* of budgets; 0: none, or given back */
    struct tw_rule rule;
    struct tw_action action;
    struct steps steps;
    struct attempt attempt;
    enum meaning meaning;    /* of the last attempt */
    bool add_usage;          /* the provider has to be asked for the usage of a stream */
    struct tw_error failure; /* of the last transfer */
    int answer_status;       /* of the last attempt's head; 0: none came */
    struct buffer head;      /* its headers' texts */
    struct header_list head_headers;

    /* Instants of the loop's clock, milliseconds; NEVER where there is none. */
    int64_t give_up_at;  /* the caller's own time is up */
    int64_t time_out_at; /* of the running attempt */
    int64_t retry_at;    /* the next attempt begins */
    int64_t comment_at;  /* a waiting caller of a stream gets a comment */

    struct ledger_entry *entry; /* rows that are being written; NULL: none are */
    bool recorded;              /* all rows are handed in */
    bool durable;               /* and are written, or nobody waits for it */
    enum relay_reply reply;

    struct buffer out;  /* events to be sent now */
    struct buffer tail; /* events that wait for the ledger */
    bool early;         /* the head went out before the provider's */
    bool last_seen;     /* the event that ends the stream */
    bool upstream_over; /* nothing more comes */
    bool broken;        /* it ended in the middle of things */
    char last_byte;     /* that was sent */
};

#define NEVER INT64_MAX

/* relay.c */
const struct server_callbacks *relay_callbacks(void);
/* Frees the idle relays; the others are gone by then. */
void relays_close(struct worker *worker);
int64_t relay_now(const struct relay *relay);
/* Answers with an error in the provider's shape, and nothing else. should_retry false: the client
 * is told not to try again. */
struct api_error;
void relay_answer_error(struct relay *relay, int status, const struct api_error *error,
                        bool should_retry);
/* Tells the server to end the exchange, since memory is out or the answer cannot be sent. */
void relay_break(struct relay *relay);

/* relay_report.c. To be called once, when all is known. */
void relay_report(const struct relay *relay, enum exchange_end end);

/* relay_plain.c */
void plain_begin(struct relay *relay);

/* route.c */
bool route_wanted(const struct forward *forward, const struct http_request *request);
void route_begin(struct relay *relay);
/* The decision is there: takes what it needs from the question, and begins. */
void route_decided(struct relay *relay, const struct budget_question *question);

/* route_budget.c */
/* Has the question decided by what was spent; route_decided follows, or an error to the caller.
 * TW_NO_MEMORY: neither does. */
enum tw_status route_ask(struct relay *relay, const struct budget_question *question,
                         struct tw_error *error);
/* The caller has left. */
void route_leave_ask(struct relay *relay);

/* route_attempt.c */
/* Begins the current step's attempt. */
void route_send(struct relay *relay);
/* The caller has left: what was attempted is recorded. */
void route_abandon(struct relay *relay);
/* Hands the rows in; `reply` is given as soon as they are durable. */
void route_record(struct relay *relay, enum relay_reply reply);
void route_set_timer(struct relay *relay);

/* route_reply.c */
void route_reply(struct relay *relay);
void route_reply_unrecorded(struct relay *relay);
/* The headers of the caller's answer: the provider's, and x-tierway-*. */
void route_make_headers(struct relay *relay, bool with_cost);
/* The error of REPLY_REJECT and REPLY_NO_ANSWER; its texts may be in the arena. */
struct api_error route_own_error(struct relay *relay, int *status);
bool route_should_retry(const struct relay *relay);

/* route_stream.c */
bool stream_pass(void *context, const struct piece *piece); /* a piece_visitor */
/* Sends what stream_pass has gathered. */
void stream_flush(struct relay *relay);
/* A waiting caller gets its headers early, and a comment. */
void stream_comment(struct relay *relay);
/* The rows are durable. */
void stream_durable(struct relay *relay);
/* Sends the end, and ends the exchange. */
void stream_end(struct relay *relay);
/* The events that were held back, of a stream that failed. */
void stream_reply_held(struct relay *relay);
/* An error, or another answer that is none of a stream's, where the head has gone out. */
void stream_reply_error(struct relay *relay, struct text error_object);

#endif
