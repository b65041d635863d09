/* runtime/account.c: see account.h. Never guesses: what the answer does not say stays unknown. */
#include "runtime/account.h"

/* A text as a row may hold it: UTF-8, cut where it is too long. */
static struct text fit(struct text text)
{
    if (text.length > LEDGER_TEXT_MAX)
        text.length = LEDGER_TEXT_MAX;
    text.length = utf8_valid_prefix(text);
    return text;
}

/* The text of a string member, decoded into the arena where it has escapes. */
static enum tw_status member_text(const struct body *body, enum body_member member,
                                  struct arena *arena, struct text *text)
{
    struct json_value value = body->members[member].value;
    struct buffer decoded;
    *text = TEXT("");
    if (!value.raw.data || value.kind != JSON_STRING || json_string_plain(value, text))
        return TW_OK;
    buffer_init(&decoded, value.raw.length);
    enum tw_status status = json_string_decode(value, &decoded);
    *text = arena_text(arena, fit(buffer_view(&decoded)));
    buffer_free(&decoded);
    return status == TW_OK && arena->failed ? TW_NO_MEMORY : status;
}

enum tw_status account_open(struct account *account, const struct body *body, struct arena *arena,
                            struct tw_error *error)
{
    enum tw_status status = member_text(body, BODY_MODEL, arena, &account->model);
    if (status == TW_OK)
        status = member_text(body, BODY_SERVICE_TIER, arena, &account->requested_tier);
    if (status == TW_OK)
        status = member_text(body, BODY_USER, arena, &account->user);
    if (status == TW_OK && account->prices && !account->price_table.length)
        account->price_table = arena_format(
            arena, "%.*s %.*s", (int)account->prices->name.length, account->prices->name.data,
            (int)account->prices->date.length, account->prices->date.data);
    if (status != TW_OK || arena->failed)
        return fail(error, TW_NO_MEMORY, "out of memory");
    return TW_OK;
}

void account_row(const struct account *account, int64_t instant, struct ledger_row *row)
{
    ledger_row_init(row);
    row->request_id = account->request_id;
    row->instant = instant;
    row->model = fit(account->model);
    row->requested_tier = fit(account->requested_tier);
    row->chosen_tier = fit(account->chosen_tier);
    row->rule = fit(account->rule);
    row->policy_hash = text_of(tw_policy_hash(account->policy));
    row->user = fit(account->user);
    row->caller = fit(account->caller);
    row->attributes = account->attributes;
    row->estimate = account->estimate ? account->estimate : LEDGER_UNKNOWN;
    row->hour = zone_local(account->zone, instant).second / 3600;
}

static void price_row(const struct account *account, const struct token_usage *usage,
                      struct ledger_row *row)
{
    struct price_quote quote;
    struct price_question question = {.model = row->model,
                                      .tier = row->served_tier,
                                      .purpose = PRICE_BILL,
                                      .instant = row->instant};
    if (!account->prices)
        return;
    if (account->provider)
        question.provider = text_of(account->provider->name);
    row->price_table = fit(text_trim(account->price_table));
    if (price_usage(account->prices, &question, usage, &quote, NULL) == TW_OK)
        row->cost = quote.cost;
    if (quote.row)
        row->price_row = fit(quote.row->model);
    question.tier = TEXT("default");
    question.purpose = PRICE_ESTIMATE;
    if (price_usage(account->prices, &question, usage, &quote, NULL) == TW_OK)
        row->default_cost = quote.cost;
}

static bool is_free(enum meaning meaning, bool sent)
{
    switch (meaning) {
    case MEANING_REFUSED:
    case MEANING_RATE_LIMITED:
    case MEANING_TIER_NOT_ALLOWED:
    case MEANING_PERMANENT:
        return true;
    case MEANING_SERVED:
    case MEANING_PASSING:
    case MEANING_TIMED_OUT:
    case MEANING_CANCELLED:
        return !sent;
    }
    return false;
}

void account_answer(const struct account *account, const struct attempt *attempt,
                    enum meaning meaning, bool sent, struct arena *arena, struct ledger_row *row)
{
    const struct token_usage *usage = &attempt->answer.usage;
    struct text served = buffer_view(&attempt->answer.served_tier);
    row->outcome = meaning_row(meaning)->outcome;
    row->http_status = attempt->http_status ? attempt->http_status : LEDGER_UNKNOWN;
    if (is_free(meaning, sent) && !attempt->answer.begun) {
        row->cost = row->default_cost = 0;
        return;
    }
    if (attempt->http_status >= 400 || (attempt->answer.failed && !attempt->answer.begun))
        row->estimate = LEDGER_UNKNOWN; /* the provider says that it failed: nothing to count on */
    row->served_tier = fit(arena_text(arena, provider_tier_name(account->provider, served)));
    if (row->model.length == 0) /* a stored prompt has its own: only the answer names it */
        row->model = fit(arena_text(arena, buffer_view(&attempt->answer.model)));
    row->input_tokens = usage->input;
    row->cached_tokens = usage->cached;
    row->cache_write_tokens = usage->cache_write;
    row->output_tokens = usage->output;
    row->reasoning_tokens = usage->reasoning;
    price_row(account, usage, row);
}
