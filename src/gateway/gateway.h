/* gateway/gateway.h: the gateway: requests of callers through a policy to one provider.
 *
 * POST /v1/chat/completions and POST /v1/responses are routed: decided, sent at the tier decided,
 * stepped down where it has no room, accounted for. Every other path under the upstream passes
 * through untouched.
 *
 * Threads: one loop each, with a server that shares the port, an upstream, and a desk at the
 * ledger's writer. On a request's way they share nothing but that writer's queue. A policy snapshot
 * reaches each loop by a message (gateway_publish); a request holds the one that it began with.
 *
 * Where further parts join:
 *   - another policy or price table, other callers: snapshot_make, then gateway_publish. A request
 *     that is on its way keeps its snapshot, so none is decided by half a policy.
 *   - paths of the gateway itself (administration, metrics): `own_path` in the options is asked for
 *     each request before anything else looks at it.
 *   - who may call and what a caller may set: the snapshot's callers; the key that goes upstream
 *     instead of the caller's: `upstream_key`.
 *   - metrics: `metrics`, and struct gateway_counters, both kept by each loop on its own.
 *   - an access log: `access_log`. relay_report.c tells it and the metrics of each request once,
 *     when it has ended. */
#ifndef TIERWAY_GATEWAY_GATEWAY_H
#define TIERWAY_GATEWAY_GATEWAY_H

#include "gateway/access_log.h"
#include "gateway/callers.h"
#include "gateway/ledger_writer.h"
#include "gateway/metrics.h"
#include "gateway/server.h"
#include "gateway/snapshot.h"
#include "store/store.h"

struct gateway;

#define GATEWAY_THREADS_MAX 256

struct gateway_options {
    struct server_options server; /* of each thread; reuse_port is set as needed */
    const char *upstream;     /* the provider's base URL, with its /v1; base_url_check's rules */
    const char *upstream_key; /* NULL: a caller's key passes through, unless callers need one */
    const char *upstream_key_header; /* "authorization": as `Bearer KEY`; else the key alone */
    unsigned threads;                /* 1 to GATEWAY_THREADS_MAX */
    size_t connections; /* of one thread to the provider, kept while nothing uses them */
    uint32_t connect_ms;
    const char *upstream_ca_file; /* upstream.h */
    bool upstream_http2;
    uint32_t comment_after_ms; /* a stream's caller that has waited this long gets its headers and a
                                  comment; 0: it does not */
    uint32_t comment_every_ms; /* then another one each time this passes */
    uint32_t drain_ms;         /* gateway_stop: for requests on their way */
    bool answer_before_ledger; /* an answer's end does not wait until its rows are durable */
    uint32_t ledger_wait_ms;   /* how long an answer waits for a ledger that cannot be written to */
    /* One line of what an operator wants to know; from any thread. NULL allowed. */
    void (*report)(void *context, const char *line);
    uint64_t seed; /* of waits and request ids */
    /* True: the request is answered, or will be, by whoever was asked. On the loop's thread. NULL
     * allowed. */
    bool (*own_path)(struct exchange *exchange, void *context);
    /* Bytes of such an exchange were waiting to be sent, and none is now. NULL allowed. */
    void (*own_drained)(struct exchange *exchange, void *context);
    /* Such an exchange is over, however it ended; it is not valid after this. NULL allowed. */
    void (*own_ended)(struct exchange *exchange, void *context);
    void *context;
    /* NULL: not wanted. Both have to stay until the gateway is closed. */
    struct metrics *metrics; /* with a block for each thread */
    struct access_log *access_log;
};

/* 127.0.0.1:0, one thread, bodies of 64 MiB, 256 connections, connect 10 s, the key as
 * authorization, comments after 10 s and every 15 s, drain 30 s, 15 s for the ledger. The upstream
 * has to be set. */
struct gateway_options gateway_options_default(void);

/* Each with what it counts, as it is shown. */
#define GATEWAY_COUNTERS(COUNTER)                                                                  \
    COUNTER(requests, "Requests of callers, without those that were no HTTP.")                     \
    COUNTER(routed, "Requests that the policy decided.")                                           \
    COUNTER(attempts, "Attempts sent upstream for them.")                                          \
    COUNTER(stepped_down, "Attempts at another tier than the first one.")                          \
    COUNTER(retried, "Further attempts at the same tier.")                                         \
    COUNTER(rejected, "Requests that the policy rejected.")                                        \
    COUNTER(callers_left, "Callers that left before their answer ended.")                          \
    COUNTER(ignored, "Attributes that a caller may not set, and that were passed over.")           \
    COUNTER(unrecorded, "Requests not answered as their ledger rows could not be written.")        \
    COUNTER(unaccountable, "Requests refused as the ledger cannot be written to.")                 \
    COUNTER(early_heads, "Streams whose headers went out before the provider's.")

struct gateway_counters {
#define COUNTER(name, help) uint64_t name;
    GATEWAY_COUNTERS(COUNTER)
#undef COUNTER
};

/* Opens libcurl, listens, and starts the threads. Takes the snapshot and the store (NULL: no ledger
 * is kept) over whatever the result. The options' texts and context have to stay. TW_INVALID: the
 * address or the URL; TW_IO: cannot listen, or no thread; TW_NOT_FOUND: no libcurl; TW_NO_MEMORY.
 */
enum tw_status gateway_open(const struct gateway_options *options, struct snapshot *snapshot,
                            struct store *store, struct gateway **gateway, struct tw_error *error);
/* Lets an exchange that own_path took, and nobody has answered, go the way of all others after all.
 * On the thread of its loop; own_ended is not called for it. */
void gateway_pass(struct exchange *exchange);
/* "127.0.0.1:40123", with the actual port; belongs to the gateway. */
const char *gateway_address(const struct gateway *gateway);
/* New requests are decided by this snapshot from soon on. Takes it over. Any one thread. */
void gateway_publish(struct gateway *gateway, struct snapshot *snapshot);
/* Sums the counters, which go on counting meanwhile. Any thread. */
struct gateway_counters gateway_count(const struct gateway *gateway);
/* How the ledger's writer is; all 0 where no ledger is kept. Any thread. */
struct ledger_writer_state gateway_ledger_state(const struct gateway *gateway);
/* What the attempts of each of its loops met, for attributes_fill. Any thread; the array stays. */
struct health;
struct health *const *gateway_health(const struct gateway *gateway, size_t *count);
/* Takes no more requests, lets the others finish for at most drain_ms, ends the threads, writes
 * what is left to the ledger, for as long again where that cannot be written to, and frees the
 * gateway. Blocks. */
void gateway_close(struct gateway *gateway);

#endif
