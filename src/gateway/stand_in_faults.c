/* gateway/stand_in_faults.c: answers that go wrong on request. Takes fault texts (stand_in.h), and
 * calls on their way to an answer. Fails where a text cannot be read. */
#include "gateway/stand_in_internal.h"

#include <string.h>

enum fault_kind {
#define STAND_IN_FAULT(name, word, argument) FAULT_##name,
#define STAND_IN_ERROR(name, word, status, retry_after, type, code, message) FAULT_##name,
#include "gateway/stand_in_faults.def"
};

struct fault_row {
    enum fault_kind kind;
    const char *word;
    int64_t argument;           /* where none is given */
    struct complaint complaint; /* status 0: not an error that is said */
};

static const struct fault_row rows[] = {
#define STAND_IN_FAULT(name, word, argument) {FAULT_##name, word, argument, {.status = 0}},
#define STAND_IN_ERROR(name, word, status, retry_after, type, code, message)                       \
    {FAULT_##name, word, retry_after, {status, retry_after, type, code, NULL, message}},
#include "gateway/stand_in_faults.def"
};

const struct complaint *complaint_flex(void)
{
    return &rows[FAULT_FLEX].complaint;
}

static const struct fault_row *find_row(struct text word)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (text_is(word, rows[i].word))
            return &rows[i];
    return NULL;
}

static bool read_fault(struct text text, struct fault *fault)
{
    struct text word = text_trim(text), share, tier, argument;
    uint64_t number;
    *fault = (struct fault){.any_tier = true, .share = SHARE_ALL};
    if (text_split(word, ':', &word, &share) && !stand_in_share_read(share, &fault->share))
        return false;
    if (text_split(word, '@', &word, &tier)) {
        fault->any_tier = false;
        if (!stand_in_tier_find(tier, &fault->tier))
            return false;
    }
    bool argued = text_split(word, '=', &word, &argument);
    fault->row = find_row(word);
    if (!fault->row)
        return false;
    fault->argument = fault->row->argument;
    if (!argued)
        return true;
    bool good = whole_number_parse(argument, 86400 * 1000, &number);
    fault->argument = (int64_t)(good ? number : 0);
    return good;
}

enum tw_status fault_parse(struct text text, struct fault *fault, struct tw_error *error)
{
    if (read_fault(text, fault))
        return TW_OK;
    return fail(error, TW_INVALID,
                "'%.*s' is no fault; 'hang', 'slow=500', '503@flex' and 'reset:10%%' are",
                (int)text.length, text.data);
}

bool fault_applies(const struct fault *fault, const struct call *call)
{
    if (!fault->any_tier && fault->tier != call->question.tier)
        return false;
    return numbers_draw(call->stand_in->options.seed, call->number, (uint64_t)fault->row->kind,
                        fault->share);
}

uint32_t fault_delay(const struct call *call)
{
    bool slow = call->fault.row && call->fault.row->kind == FAULT_SLOW;
    return slow ? (uint32_t)call->fault.argument : 0;
}

static bool hang(struct call *call)
{
    (void)call;
    return true;
}

static bool answer_as_usual(struct call *call)
{
    (void)call;
    return false;
}

static bool slow_down_stream(struct call *call)
{
    call->chunk_ms = (uint32_t)call->fault.argument;
    return false;
}

static bool answer_garbage(struct call *call)
{
    call_answer_bytes(call, 200, "application/json", TEXT("<html>it works</html>{\"id\":"));
    return true;
}

static bool answer_nothing(struct call *call)
{
    call_answer_bytes(call, 200, "application/json", TEXT(""));
    return true;
}

static bool break_in_the_middle(struct call *call)
{
    call->stop_after = call->fault.argument;
    return false;
}

static bool reset(struct call *call)
{
    exchange_reset(call->exchange);
    return true;
}

static bool close_early(struct call *call)
{
    exchange_cut(call->exchange);
    return true;
}

/* Without a stream, the error is said with a status instead. */
static bool fail_in_stream(struct call *call, const struct complaint *complaint, int64_t pieces)
{
    if (!call->question.stream) {
        call_complain(call, complaint);
        return true;
    }
    call->stop_after = pieces;
    call->failure = complaint;
    return false;
}

static bool fail_after_content(struct call *call)
{
    return fail_in_stream(call, &rows[FAULT_OVERLOADED].complaint, call->fault.argument);
}

static bool refuse_with_event(struct call *call)
{
    return fail_in_stream(call, complaint_flex(), 0);
}

static bool refuse_with_failed(struct call *call)
{
    call->as_response_failed = true;
    return fail_in_stream(call, complaint_flex(), 0);
}

static bool complain(struct call *call)
{
    struct complaint complaint = call->fault.row->complaint;
    complaint.retry_after = (int)call->fault.argument;
    call_complain(call, &complaint);
    return true;
}

bool fault_strike(struct call *call)
{
    static bool (*const strikes[])(struct call *) = {
        [FAULT_HANG] = hang,
        [FAULT_SLOW] = answer_as_usual,
        [FAULT_SLOW_STREAM] = slow_down_stream,
        [FAULT_GARBAGE] = answer_garbage,
        [FAULT_EMPTY] = answer_nothing,
        [FAULT_TRUNCATED] = break_in_the_middle,
        [FAULT_RESET] = reset,
        [FAULT_CLOSE] = close_early,
        [FAULT_ERROR_EVENT] = fail_after_content,
        [FAULT_REFUSE_EVENT] = refuse_with_event,
        [FAULT_REFUSE_FAILED] = refuse_with_failed,
    };
    const struct fault_row *row = call->fault.row;
    if (!row)
        return false;
    call->stand_in->counts.faults++;
    return row->complaint.status ? complain(call) : strikes[row->kind](call);
}
