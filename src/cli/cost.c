/* cli/cost.c: the command `tierway cost`: what the tiers cost side by side.
 *
 * Needs no policy and sends nothing. Per request and for all requests together; money is exact in
 * JSON and rounded for people in text. A tier that the table has no price for is unknown. */
#include "cli/prices.h"
#include "cli/shared_options.h"

#include "base/json.h"
#include "base/value.h"
#include "runtime/percent.h"
#include "runtime/price.h"

#include <ctype.h>
#include <stdio.h>

enum { PERCENT_DECIMALS = 4, OUTPUT_MAX = 1 << 20, REQUEST_DECIMALS = 4, TOTAL_DECIMALS = 2 };

struct question {
    int64_t input_tokens, output_tokens, cached_tokens, requests;
    int64_t instant; /* of --at */
    const char *model, *prices, *at, *format;
    enum output_format form;
};

struct comparison {
    const struct price_table *table;
    struct price_quote quotes[PRICE_TIER_COUNT]; /* cost of one request, PRICE_UNKNOWN where not
                                                    known */
    bool shown[PRICE_TIER_COUNT];
};

/* default and flex always; others where the row has them. */
static enum tw_status compare(const struct question *question, struct comparison *comparison,
                              struct tw_error *error)
{
    struct price_question asked = {.model = text_of(question->model ? question->model : "*"),
                                   .purpose = PRICE_ESTIMATE,
                                   .instant = question->instant};
    struct token_usage usage = {.input = question->input_tokens,
                                .cached = question->cached_tokens,
                                .cache_write = 0,
                                .output = question->output_tokens,
                                .reasoning = -1};
    for (int tier = 0; tier < PRICE_TIER_COUNT; tier++) {
        struct price_quote *quote = &comparison->quotes[tier];
        asked.tier = text_of(price_tier_name((enum price_tier)tier));
        enum tw_status status = price_usage(comparison->table, &asked, &usage, quote, error);
        if (status != TW_OK && (status != TW_UNKNOWN || !quote->row))
            return status;
        comparison->shown[tier] = tier == PRICE_TIER_DEFAULT || tier == PRICE_TIER_FLEX ||
                                  price_row_offers(quote->row, (enum price_tier)tier);
    }
    return TW_OK;
}

static bool saving_known(const struct comparison *comparison)
{
    return comparison->quotes[PRICE_TIER_DEFAULT].cost != PRICE_UNKNOWN &&
           comparison->quotes[PRICE_TIER_FLEX].cost != PRICE_UNKNOWN;
}

static __int128 saving(const struct comparison *comparison)
{
    return (__int128)comparison->quotes[PRICE_TIER_DEFAULT].cost -
           comparison->quotes[PRICE_TIER_FLEX].cost;
}

/* JSON. */

static void write_money(struct buffer *out, const char *name, bool known, __int128 money)
{
    buffer_format(out, "\"%s\": ", name);
    if (!known) {
        buffer_string(out, "null");
        return;
    }
    buffer_byte(out, '"');
    decimal_print_wide(out, money, MONEY_PLACES);
    buffer_byte(out, '"');
}

static void write_tier(struct buffer *out, const struct comparison *comparison,
                       enum price_tier tier, int64_t requests)
{
    int64_t cost = comparison->quotes[tier].cost;
    write_money(out, price_tier_name(tier), cost != PRICE_UNKNOWN, (__int128)cost * requests);
    buffer_string(out, ", ");
}

static void write_savings(struct buffer *out, const struct comparison *comparison, int64_t requests)
{
    bool known = saving_known(comparison);
    write_money(out, "savings", known, saving(comparison) * requests);
    buffer_string(out, ", \"savings_percent\": ");
    if (known)
        percent_print(out, saving(comparison), comparison->quotes[PRICE_TIER_DEFAULT].cost,
                      PERCENT_DECIMALS);
    else
        buffer_string(out, "null");
    buffer_string(out, ", ");
}

static void write_text(struct buffer *out, const char *name, struct text text)
{
    buffer_format(out, "\"%s\": ", name);
    json_write_string(out, text);
}

/* What was asked, and whose figures answer it. */
static void write_origin(struct buffer *out, const struct question *question,
                         const struct comparison *comparison)
{
    const struct price_quote *quote = &comparison->quotes[PRICE_TIER_DEFAULT];
    buffer_string(out, "\"model\": ");
    if (question->model)
        json_write_string(out, text_of(question->model));
    else
        buffer_string(out, "null");
    buffer_format(out,
                  ", \"requests\": %lld, \"input_tokens\": %lld, \"cached_tokens\": %lld,"
                  " \"output_tokens\": %lld, \"long_context\": %s, \"prices\": {",
                  (long long)question->requests, (long long)question->input_tokens,
                  (long long)question->cached_tokens, (long long)question->output_tokens,
                  quote->long_context ? "true" : "false");
    write_text(out, "table", comparison->table->name);
    buffer_string(out, ", ");
    write_text(out, "date", comparison->table->date);
    buffer_string(out, ", ");
    write_text(out, "row", quote->row->model);
    buffer_string(out, ", ");
    write_text(out, "match", text_of(price_match_name(quote->match)));
    buffer_string(out, ", ");
    write_text(out, "source", quote->row->source);
    buffer_byte(out, '}');
}

static void print_json(struct buffer *out, const struct question *question,
                       const struct comparison *comparison)
{
    buffer_byte(out, '{');
    write_tier(out, comparison, PRICE_TIER_DEFAULT, question->requests);
    write_tier(out, comparison, PRICE_TIER_FLEX, question->requests);
    write_savings(out, comparison, question->requests);
    for (int tier = PRICE_TIER_FLEX + 1; tier < PRICE_TIER_COUNT; tier++)
        if (comparison->shown[tier])
            write_tier(out, comparison, (enum price_tier)tier, question->requests);
    write_origin(out, question, comparison);
    buffer_string(out, "}\n");
}

/* Text. */

/* Rounded, but never to a zero that is none. */
static void print_money(struct buffer *out, __int128 money, int decimals)
{
    size_t start = out->length;
    buffer_byte(out, '$');
    decimal_print_rounded(out, money, MONEY_PLACES, decimals);
    for (size_t i = start; i < out->length; i++)
        if (money == 0 || (out->data[i] >= '1' && out->data[i] <= '9'))
            return;
    if (out->status != TW_OK)
        return;
    out->length = start + 1;
    decimal_print_wide(out, money, MONEY_PLACES);
}

static void print_tier(struct buffer *out, const struct comparison *comparison,
                       enum price_tier tier, int64_t requests, int decimals)
{
    const char *name = price_tier_name(tier);
    int64_t cost = comparison->quotes[tier].cost;
    buffer_format(out, "  %c%s: ", toupper((unsigned char)name[0]), name + 1);
    if (cost == PRICE_UNKNOWN)
        buffer_string(out, "unknown");
    else
        print_money(out, (__int128)cost * requests, decimals);
    buffer_byte(out, '\n');
}

static void print_savings(struct buffer *out, const struct comparison *comparison, int64_t requests,
                          int decimals, bool with_percent)
{
    buffer_string(out, "  Savings: ");
    if (!saving_known(comparison)) {
        buffer_string(out, "unknown\n");
        return;
    }
    print_money(out, saving(comparison) * requests, decimals);
    if (with_percent) {
        buffer_string(out, " (");
        percent_print_fixed(out, saving(comparison), comparison->quotes[PRICE_TIER_DEFAULT].cost,
                            1);
        buffer_string(out, "%)");
    }
    buffer_byte(out, '\n');
}

static void print_block(struct buffer *out, const struct comparison *comparison, int64_t requests,
                        int decimals, bool with_percent)
{
    print_tier(out, comparison, PRICE_TIER_DEFAULT, requests, decimals);
    print_tier(out, comparison, PRICE_TIER_FLEX, requests, decimals);
    print_savings(out, comparison, requests, decimals, with_percent);
    for (int tier = PRICE_TIER_FLEX + 1; tier < PRICE_TIER_COUNT; tier++)
        if (comparison->shown[tier])
            print_tier(out, comparison, (enum price_tier)tier, requests, decimals);
}

static void print_origin(struct buffer *out, const struct comparison *comparison)
{
    static const char *const ways[] = {
        [PRICE_MATCH_EXACT] = "",
        [PRICE_MATCH_SNAPSHOT] = " (the name without its date)",
        [PRICE_MATCH_ANY] = " (any model)",
    };
    const struct price_quote *quote = &comparison->quotes[PRICE_TIER_DEFAULT];
    buffer_string(out, "\nPrices: table ");
    buffer_text(out, comparison->table->name);
    if (comparison->table->date.length) {
        buffer_string(out, " of ");
        buffer_text(out, comparison->table->date);
    }
    buffer_string(out, ", row ");
    buffer_text(out, quote->row->model);
    buffer_format(out, "%s%s\n", ways[quote->match],
                  quote->long_context ? ", long-context rates" : "");
}

static void print_text(struct buffer *out, const struct question *question,
                       const struct comparison *comparison)
{
    buffer_string(out, "Per request:\n");
    print_block(out, comparison, 1, REQUEST_DECIMALS, true);
    if (question->requests != 1) {
        buffer_format(out, "\nFor %lld requests:\n", (long long)question->requests);
        print_block(out, comparison, question->requests, TOTAL_DECIMALS, false);
    }
    print_origin(out, comparison);
}

static int answer(const struct command *command, const struct question *question,
                  const struct comparison *comparison)
{
    struct buffer out;
    buffer_init(&out, OUTPUT_MAX);
    if (question->form == FORMAT_JSON)
        print_json(&out, question, comparison);
    else
        print_text(&out, question, comparison);
    int status = EXIT_DONE;
    if (out.status == TW_OK)
        fwrite(out.data, 1, out.length, stdout);
    else
        status = trouble(command, "%s", tw_status_text(out.status));
    buffer_free(&out);
    return status;
}

static int ask(const struct command *command, const struct question *question)
{
    const char *prices = question->prices ? question->prices : question->model ? "openai" : "seed";
    struct price_table *table;
    struct comparison comparison = {.table = NULL};
    struct tw_error error;
    if (price_table_open(prices, &table, &error) != TW_OK)
        return trouble(command, "%s", error.message);
    comparison.table = table;
    int status;
    if (!question->model && !map_get(&table->by_model, TEXT("*")))
        status =
            trouble(command, "the price table %s has a price for each model: give --model", prices);
    else if (compare(question, &comparison, &error) != TW_OK)
        status = trouble(command, "%s", error.message);
    else
        status = answer(command, question, &comparison);
    price_table_free(table);
    return status;
}

int command_cost(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    struct question question = {.requests = 1, .format = "text"};
    const struct option_row rows[] = {
        {"input-tokens", OPTION_NUMBER, "N", "Input tokens of one request", &question.input_tokens},
        {"output-tokens", OPTION_NUMBER, "N", "Output tokens of one request, reasoning included",
         &question.output_tokens},
        {"cached-tokens", OPTION_NUMBER, "N", "How many of the input tokens the cache has",
         &question.cached_tokens},
        {"requests", OPTION_NUMBER, "N", "How many such requests", &question.requests},
        {"model", OPTION_TEXT, "NAME", "The model; without it, the seed's flat prices",
         &question.model},
        {"prices", OPTION_TEXT, "NAME|FILE", "Price table: seed, openai (for a model), or a file",
         &question.prices},
        {"at", OPTION_TEXT, "INSTANT", "When: the prices in force then (default: now)",
         &question.at},
        SHARED_FORMAT(&question.format, "text or json"),
        OPTIONS_END,
    };
    int first, status = options_parse(command, rows, argc, argv, &first);
    if (status >= 0)
        return status;
    if (first < argc)
        return usage_trouble(command, "it takes options only");
    if (question.input_tokens == 0 && question.output_tokens == 0)
        return usage_trouble(command, "give --input-tokens and --output-tokens");
    if (!format_parse(command, question.format, formats, &question.form) ||
        !read_price_instant(command, question.at, &question.instant))
        return EXIT_TROUBLE;
    return ask(command, &question);
}
