/* gateway/stand_in_internal.h: what the files of the stand-in share. Not for others.
 *
 * Memory: the stand-in owns its server, its record and its counts. A call, one a request to the
 * API, is freed when its exchange has ended and its timer is closed. */
#ifndef TIERWAY_GATEWAY_STAND_IN_INTERNAL_H
#define TIERWAY_GATEWAY_STAND_IN_INTERNAL_H

#include "base/json.h"
#include "gateway/api_error.h"
#include "gateway/server.h"
#include "gateway/stand_in.h"

enum {
    MODEL_BYTES = 128,
    PATTERN_LENGTH = 256,
    WINDOW_COUNT = 16,
    FAULT_COUNT = 16,
    BILL_ROWS = 256,
    TOKENS_MOST = 100 * 1000 * 1000,
    ANSWER_BYTES = 1024 * 1024 * 1024,
    SHARE_ALL = 1000000
};

enum tier_word {
#define STAND_IN_WORD(name, word, tier) WORD_##name,
#include "gateway/stand_in_tiers.def"
    TIER_WORDS
};

/* --- stand_in_capacity.c --- */

enum capacity_kind { CAPACITY_SHARE, CAPACITY_FIRST, CAPACITY_PATTERN, CAPACITY_WINDOWS };

struct capacity {
    enum capacity_kind kind;
    uint32_t share; /* parts per million refused */
    uint64_t first;
    char pattern[PATTERN_LENGTH + 1];
    struct {
        int64_t from, to; /* milliseconds, half-open */
    } windows[WINDOW_COUNT];
    size_t window_count;
};

enum tw_status capacity_parse(struct text text, struct capacity *capacity, struct tw_error *error);
/* Whether the flex request number `ordinal` (from 0) is refused. */
bool capacity_refuses(const struct capacity *capacity, uint64_t seed, uint64_t ordinal,
                      int64_t elapsed_ms);
bool whole_number_parse(struct text text, uint64_t most, uint64_t *number);
/* Splits at the first `mark`; false, and nothing changed, where there is none. */
bool text_split(struct text text, char mark, struct text *before, struct text *behind);

/* --- stand_in_numbers.c: everything that looks random --- */

uint64_t numbers_mix(uint64_t seed, uint64_t a, uint64_t b);
bool numbers_draw(uint64_t seed, uint64_t ordinal, uint64_t purpose, uint32_t share);
/* `digits` hexadecimal digits and a NUL. */
void numbers_name(char *name, size_t digits, uint64_t seed, uint64_t a, uint64_t purpose);

/* --- stand_in_question.c: the body of an API request --- */

enum api { API_CHAT, API_RESPONSES };

struct question {
    enum api api;
    char model[MODEL_BYTES];
    enum tier_word asked;
    enum stand_in_tier tier;
    bool stream;
    bool include_usage;
    int64_t token_limit; /* 0: none */
    size_t characters;   /* code points of the text */
    uint64_t hash;       /* of model and text: the same at every tier */
};

/* A request that is not answered as asked. code "" prints as null. */
struct complaint {
    int status;
    int retry_after; /* seconds; 0: none */
    const char *type;
    const char *code;
    const char *param;
    const char *message;
};

/* NULL, or what is wrong with the body; constant memory. */
const struct complaint *question_read(struct text body, enum api api, struct question *question);
bool model_offers_flex(const char *model);
bool model_reasons(const char *model);

/* --- calls --- */

struct usage {
    int64_t prompt;
    int64_t cached;
    int64_t completion; /* reasoning included */
    int64_t reasoning;
    bool cut_short; /* by the request's limit */
};

struct fault_row;

struct fault {
    const struct fault_row *row; /* NULL: none */
    int64_t argument;
    bool any_tier;
    enum stand_in_tier tier;
    uint32_t share;
};

struct call {
    struct stand_in *stand_in;
    struct exchange *exchange; /* NULL once it has ended */
    uv_timer_t timer;
    uint64_t number; /* counts from 1 */
    struct question question;
    enum stand_in_tier served;
    struct usage usage;
    struct fault fault;
    uint32_t chunk_ms;
    char id[40];
    /* A stream: */
    bool streaming;
    int64_t stop_after;              /* pieces before `broken` happens; -1: never */
    const struct complaint *failure; /* said at that point; NULL: the connection is cut */
    bool as_response_failed;         /* the failure is a response.failed event */
    int64_t sent;                    /* pieces of content written */
    uint64_t sequence;               /* of the next event of a response */
    bool opened;
    bool broken; /* a fault ended it */
    bool billed;
};

/* The two APIs as bytes: stand_in_chat.c and stand_in_responses.c. */
struct wire_format {
    void (*whole)(const struct call *call, struct buffer *out);
    void (*opening)(struct call *call, struct buffer *out);
    void (*piece)(struct call *call, struct buffer *out, int64_t index);
    void (*closing)(struct call *call, struct buffer *out);
    void (*failure)(struct call *call, struct buffer *out, const struct complaint *complaint);
};

extern const struct wire_format chat_format, responses_format;
const struct wire_format *call_format(const struct call *call);

/* stand_in_text.c */
struct usage usage_of(const struct stand_in *stand_in, const struct question *question,
                      struct text tokens_wanted);
int64_t usage_visible(const struct usage *usage); /* pieces of content */
void piece_print(const struct call *call, struct buffer *out, int64_t index);
/* The same inside quotes, all pieces together. */
void content_print(const struct call *call, struct buffer *out);
int64_t call_created(const struct call *call);
const char *tier_reported(enum stand_in_tier tier);
const char *tier_word_asked(enum tier_word word);
void complaint_print_inner(struct buffer *out, const struct complaint *complaint);

/* stand_in_answer.c */
void call_answer(struct call *call);
void call_complain(struct call *call, const struct complaint *complaint);
void call_answer_bytes(struct call *call, int status, const char *type, struct text body);
void call_bill(struct call *call, int64_t completion_tokens);
/* stand_in_stream.c */
void stream_begin(struct call *call);
void stream_go_on(struct call *call);
/* A stream that ended, whole or not, is billed for what was sent. */
void stream_ended(struct call *call);

/* stand_in_faults.c */
enum tw_status fault_parse(struct text text, struct fault *fault, struct tw_error *error);
bool fault_applies(const struct fault *fault, const struct call *call);
/* Before the latency: what changes how long it takes. */
uint32_t fault_delay(const struct call *call);
/* Instead of, or on the way to, the answer: true where the call needs nothing more. */
bool fault_strike(struct call *call);
const struct complaint *complaint_flex(void);

/* --- the stand-in --- */

struct bill_row {
    char model[MODEL_BYTES];
    enum stand_in_tier tier;
    uint64_t requests;
    int64_t input, cached, output, reasoning;
};

struct counts {
    uint64_t requests, refused, faults, complaints, left;
    uint64_t asked[TIER_WORDS];
    uint64_t served[STAND_IN_TIERS];
    struct bill_row bills[BILL_ROWS];
    size_t bill_count;
    uint64_t unbilled; /* calls past BILL_ROWS models */
};

struct stand_in {
    uv_loop_t *loop;
    struct server *server;
    struct stand_in_options options;
    struct capacity capacity, first_capacity;
    struct fault faults[FAULT_COUNT], first_faults[FAULT_COUNT];
    size_t fault_count, first_fault_count;
    uint64_t started; /* uv_now, milliseconds */
    uint64_t calls;   /* since start or reset */
    uint64_t flex_calls;
    struct counts counts;
    struct buffer record;
    uint64_t unrecorded;
    size_t open_calls;
    bool server_stopped;
    void (*stopped)(void *context);
    void *stopped_context;
};

/* stand_in_record.c */
void record_request(struct stand_in *stand_in, const struct http_request *request);
void base64_print(struct buffer *out, struct text bytes);
/* stand_in_admin.c: true where the path is one of the stand-in's own. */
bool admin_answer(struct stand_in *stand_in, struct exchange *exchange);
enum tw_status faults_read(struct text lines, struct fault *faults, size_t *count,
                           struct tw_error *error);

#endif
