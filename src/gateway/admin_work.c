/* gateway/admin_work.c: the ledger's statistics, and decisions that are only asked for.
 *
 * Runs on threads of libuv's pool, several at once; a ledger is opened for each, to be read only.
 */
#include "gateway/admin_internal.h"

#include "base/clock.h"
#include "runtime/attributes.h"
#include "runtime/attributes_json.h"
#include "runtime/stats.h"

#include <stdlib.h>

static int http_status_of(enum tw_status status)
{
    return status == TW_INVALID || status == TW_NOT_FOUND || status == TW_LIMIT ? 400 : 503;
}

/* --- stats --- */

static void print_stats(struct store *store, struct admin_answer *answer)
{
    const struct stats_query query = {.range = LEDGER_ALL};
    struct stats stats;
    struct tw_error error;
    if (stats_collect(store, &query, &stats, &error) != TW_OK) {
        admin_answer_error(answer, 503, "ledger_unavailable", error.message);
        return;
    }
    stats_write_json(&answer->body, &stats, TEXT(""), false);
    buffer_byte(&answer->body, '\n');
    stats_free(&stats);
}

void admin_make_stats(struct admin *admin, struct text body, struct admin_answer *answer)
{
    struct store_options options = STORE_DEFAULTS;
    struct store *store;
    struct tw_error error;
    (void)body;
    options.read_only = true;
    if (!admin->options.store) {
        admin_answer_error(answer, 404, "no_ledger", "This gateway keeps no ledger.");
        return;
    }
    if (store_open(admin->options.store, &options, &store, &error) != TW_OK) {
        admin_answer_error(answer, 503, "ledger_unavailable", error.message);
        return;
    }
    print_stats(store, answer);
    store_close(store);
}

/* --- decide --- */

enum { SCRATCH_MAX = 1 << 20, PAIRS_MAX = 256 };

/* What a whole request is given by. */
struct asked {
    struct json_value body, headers, attributes;
    struct text endpoint;
    int64_t instant;
    const struct gateway *gateway; /* NULL: how the tiers do is not known */
    struct arena arena;            /* owns the headers' texts */
    struct attribute_pair pairs[PAIRS_MAX];
    size_t pair_count;
};

static enum tw_status decoded(struct arena *arena, struct json_value string, struct text *text)
{
    struct buffer buffer;
    if (json_string_plain(string, text))
        return TW_OK;
    buffer_init(&buffer, SCRATCH_MAX);
    enum tw_status status = json_string_decode(string, &buffer);
    if (status == TW_OK)
        *text = arena_text(arena, buffer_view(&buffer));
    buffer_free(&buffer);
    return status == TW_OK && !text->data ? TW_NO_MEMORY : status;
}

static enum tw_status read_headers(struct asked *asked, struct tw_error *error)
{
    struct json_iterator members = json_members_begin(asked->headers);
    struct json_member member;
    while (json_next_member(&members, &member)) {
        struct text value;
        if (asked->pair_count == PAIRS_MAX)
            return fail(error, TW_LIMIT, "there are more than %d headers", PAIRS_MAX);
        if (decoded(&asked->arena, member.value, &value) != TW_OK)
            return fail(error, TW_INVALID, "a header's value is a string");
        asked->pairs[asked->pair_count++] = (struct attribute_pair){member.name, value};
    }
    return TW_OK;
}

static enum tw_status read_endpoint(struct asked *asked, struct json_value value,
                                    struct tw_error *error)
{
    if (decoded(&asked->arena, value, &asked->endpoint) != TW_OK)
        return fail(error, TW_INVALID, "`endpoint` is a string, as \"/chat/completions\"");
    return TW_OK;
}

static enum tw_status read_now(struct asked *asked, struct json_value value, struct tw_error *error)
{
    struct text text;
    if (decoded(&asked->arena, value, &text) != TW_OK)
        return fail(error, TW_INVALID, "`now` is a string, as \"2026-03-08T02:30:00Z\"");
    return instant_parse(text, &asked->instant, error);
}

static enum tw_status read_member(struct asked *asked, const struct json_member *member,
                                  struct tw_error *error)
{
    if (json_key_is(member, TEXT("endpoint")))
        return read_endpoint(asked, member->value, error);
    if (json_key_is(member, TEXT("now")))
        return read_now(asked, member->value, error);
    if (json_key_is(member, TEXT("request")))
        asked->body = member->value;
    else if (json_key_is(member, TEXT("headers")))
        asked->headers = member->value;
    else if (json_key_is(member, TEXT("attributes")))
        asked->attributes = member->value;
    else
        return fail(error, TW_INVALID,
                    "beside `request` there may stand `endpoint`, `headers`, `attributes` and "
                    "`now`");
    if (member->value.kind != JSON_OBJECT)
        return fail(error, TW_INVALID, "`%.*s` is an object", TEXT_ARGUMENTS(member->name));
    return TW_OK;
}

static enum tw_status fill_whole(tw_request *request, struct asked *asked, struct tw_error *error)
{
    struct body body;
    struct buffer scratch;
    enum tw_status status = body_scan(asked->body.raw, &body, error);
    if (status == TW_OK)
        status = read_headers(asked, error);
    if (status != TW_OK)
        return status;
    if (asked->endpoint.length == 0)
        asked->endpoint =
            body_has(&body, BODY_INPUT) ? TEXT("/responses") : TEXT("/chat/completions");
    struct attribute_source source = {.body = &body,
                                      .endpoint = asked->endpoint,
                                      .request_id = TEXT("req_of_nobody"),
                                      .instant = asked->instant,
                                      .headers = asked->pairs,
                                      .header_count = asked->pair_count,
                                      .ignore_unknown = true};
    if (asked->gateway)
        source.health = gateway_health(asked->gateway, &source.health_count);
    status = attributes_fill(request, &source, error);
    if (status != TW_OK || !asked->attributes.raw.data)
        return status;
    buffer_init(&scratch, SCRATCH_MAX);
    status = attributes_set_json(request, asked->attributes, false, &scratch, error);
    buffer_free(&scratch);
    return status;
}

/* The request has to be decided before the texts of `asked` go. */
static enum tw_status fill_asked(tw_request *request, struct json_value root, struct asked *asked,
                                 struct tw_error *error)
{
    struct json_iterator members = json_members_begin(root);
    struct json_member member;
    enum tw_status status = TW_OK;
    asked->instant = clock_system() / 1000000;
    while (status == TW_OK && json_next_member(&members, &member))
        status = read_member(asked, &member, error);
    return status == TW_OK ? fill_whole(request, asked, error) : status;
}

static enum tw_status fill_attributes(tw_request *request, struct json_value root,
                                      struct tw_error *error)
{
    struct buffer scratch;
    if (request->policy->zone)
        tw_request_set_instant(request, clock_system() / 1000000);
    buffer_init(&scratch, SCRATCH_MAX);
    enum tw_status status = attributes_set_json(request, root, false, &scratch, error);
    buffer_free(&scratch);
    return status;
}

/* A whole request where there is a member `request`, else attributes. */
static enum tw_status decide(const struct admin *admin, const struct snapshot *snapshot,
                             struct json_value root, struct buffer *out, struct tw_error *error)
{
    tw_request *request;
    struct json_value whole;
    struct asked *asked = calloc(1, sizeof *asked);
    enum tw_status status = TW_NO_MEMORY;
    if (!asked || tw_request_new(snapshot->policy, &request) != TW_OK) {
        free(asked);
        return fail(error, status, "%s", tw_status_text(status));
    }
    arena_init(&asked->arena, SCRATCH_MAX);
    asked->gateway = atomic_load(&admin->gateway);
    if (json_find(root, TEXT("request"), &whole) == TW_NOT_FOUND)
        status = fill_attributes(request, root, error);
    else
        status = fill_asked(request, root, asked, error);
    if (status == TW_OK)
        status = admin->options.explain(policy_loaded(snapshot, PART_POLICY), request, out, error);
    tw_request_free(request);
    arena_free(&asked->arena);
    free(asked);
    return status;
}

void admin_make_decision(struct admin *admin, struct text body, struct admin_answer *answer)
{
    struct tw_error error = {.code = TW_OK};
    struct json_value root;
    enum tw_status status = json_parse(body, &root, &error);
    if (status == TW_OK && root.kind != JSON_OBJECT)
        status = fail(&error, TW_INVALID, "an object of attributes is needed, not %s",
                      json_kind_words(root.kind));
    if (status == TW_OK) {
        struct snapshot *snapshot = policy_acquire(admin->options.policies);
        status = decide(admin, snapshot, root, &answer->body, &error);
        snapshot_release(snapshot);
    }
    if (status)
        admin_answer_error(answer, http_status_of(status), "invalid_request", error.message);
}
