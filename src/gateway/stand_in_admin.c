/* gateway/stand_in_admin.c: the stand-in's own paths under /fake/: what it got, what it would bill,
 * and changes while it runs. */
#include "gateway/stand_in_internal.h"

#include <string.h>

enum { STATS_BYTES = 1024 * 1024 };

static void answer(struct exchange *exchange, int status, const char *type, struct text body)
{
    const struct http_header header = {TEXT("content-type"), text_of(type)};
    if (exchange_answer(exchange, status, &header, 1, body))
        exchange_reset(exchange);
}

static void answer_status(struct exchange *exchange, enum tw_status status,
                          const struct tw_error *error)
{
    struct buffer body;
    buffer_init(&body, 64 * 1024);
    const struct api_error shown = {.type = "invalid_request_error", .message = error->message};
    if (status)
        api_error_print(&body, &shown);
    else
        buffer_string(&body, "{\"ok\":true}");
    answer(exchange, status ? 400 : 200, "application/json", buffer_view(&body));
    buffer_free(&body);
}

static void show_requests(struct stand_in *stand_in, struct exchange *exchange)
{
    answer(exchange, 200, "application/jsonl", buffer_view(&stand_in->record));
}

static void print_bill(struct buffer *out, const struct bill_row *row)
{
    buffer_string(out, "{\"model\":");
    json_write_string(out, text_of(row->model));
    buffer_format(out,
                  ",\"tier\":\"%s\",\"requests\":%llu,\"input_tokens\":%lld,"
                  "\"cached_tokens\":%lld,\"output_tokens\":%lld,\"reasoning_tokens\":%lld}",
                  tier_reported(row->tier), (unsigned long long)row->requests,
                  (long long)row->input, (long long)row->cached, (long long)row->output,
                  (long long)row->reasoning);
}

static void print_stats(struct buffer *out, const struct stand_in *stand_in)
{
    const struct counts *counts = &stand_in->counts;
    buffer_format(out,
                  "{\"requests\":%llu,\"refused\":%llu,\"faults\":%llu,\"errors\":%llu,"
                  "\"left\":%llu,\"unrecorded\":%llu,\"unbilled\":%llu,\"asked\":{",
                  (unsigned long long)counts->requests, (unsigned long long)counts->refused,
                  (unsigned long long)counts->faults, (unsigned long long)counts->complaints,
                  (unsigned long long)counts->left, (unsigned long long)stand_in->unrecorded,
                  (unsigned long long)counts->unbilled);
    for (int i = 0; i < TIER_WORDS; i++) {
        const char *word = tier_word_asked((enum tier_word)i);
        buffer_format(out, "%s\"%s\":%llu", i ? "," : "", word[0] ? word : "none",
                      (unsigned long long)counts->asked[i]);
    }
    buffer_string(out, "},\"served\":{");
    for (int i = 0; i < STAND_IN_TIERS; i++)
        buffer_format(out, "%s\"%s\":%llu", i ? "," : "", tier_reported((enum stand_in_tier)i),
                      (unsigned long long)counts->served[i]);
    buffer_string(out, "},\"billed\":[");
    for (size_t i = 0; i < counts->bill_count; i++) {
        buffer_string(out, i ? "," : "");
        print_bill(out, &counts->bills[i]);
    }
    buffer_string(out, "]}");
}

static void show_stats(struct stand_in *stand_in, struct exchange *exchange)
{
    struct buffer body;
    buffer_init(&body, STATS_BYTES);
    print_stats(&body, stand_in);
    answer(exchange, 200, "application/json", buffer_view(&body));
    buffer_free(&body);
}

static void set_capacity(struct stand_in *stand_in, struct exchange *exchange)
{
    struct tw_error error = {.code = TW_OK};
    enum tw_status status =
        capacity_parse(exchange_request(exchange)->body, &stand_in->capacity, &error);
    if (!status)
        stand_in->flex_calls = 0;
    answer_status(exchange, status, &error);
}

enum tw_status faults_read(struct text lines, struct fault *faults, size_t *count,
                           struct tw_error *error)
{
    size_t read = 0;
    while (lines.length > 0) {
        struct text line = lines, rest = TEXT("");
        text_split(lines, '\n', &line, &rest);
        lines = rest;
        if (text_trim(line).length == 0)
            continue;
        if (read == FAULT_COUNT)
            return fail(error, TW_LIMIT, "more than %d faults", FAULT_COUNT);
        enum tw_status status = fault_parse(line, &faults[read++], error);
        if (status)
            return status;
    }
    *count = read;
    return TW_OK;
}

static void set_faults(struct stand_in *stand_in, struct exchange *exchange)
{
    struct fault faults[FAULT_COUNT];
    struct tw_error error = {.code = TW_OK};
    enum tw_status status =
        faults_read(exchange_request(exchange)->body, faults, &stand_in->fault_count, &error);
    if (!status)
        memcpy(stand_in->faults, faults, stand_in->fault_count * sizeof faults[0]);
    answer_status(exchange, status, &error);
}

static void reset(struct stand_in *stand_in, struct exchange *exchange)
{
    stand_in->calls = 0;
    stand_in->flex_calls = 0;
    stand_in->unrecorded = 0;
    stand_in->started = uv_now(stand_in->loop);
    memset(&stand_in->counts, 0, sizeof stand_in->counts);
    buffer_clear(&stand_in->record);
    stand_in->capacity = stand_in->first_capacity;
    memcpy(stand_in->faults, stand_in->first_faults, sizeof stand_in->faults);
    stand_in->fault_count = stand_in->first_fault_count;
    const struct tw_error none = {.code = TW_OK};
    answer_status(exchange, TW_OK, &none);
}

bool admin_answer(struct stand_in *stand_in, struct exchange *exchange)
{
    static const struct {
        const char *method;
        const char *path;
        void (*answer)(struct stand_in *, struct exchange *);
    } routes[] = {
        {"GET", "/fake/requests", show_requests}, {"GET", "/fake/stats", show_stats},
        {"POST", "/fake/capacity", set_capacity}, {"POST", "/fake/faults", set_faults},
        {"POST", "/fake/reset", reset},
    };
    const struct http_request *request = exchange_request(exchange);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (text_is(request->method, routes[i].method) && text_is(request->path, routes[i].path)) {
            routes[i].answer(stand_in, exchange);
            return true;
        }
    return false;
}
