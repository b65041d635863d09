/* Prices: the built-in tables, price files, matching, and exact costs. */
#include "runtime/price.h"

#include "base/value.h"

#include <stdlib.h>

#include "unit.h"

static struct price_table *builtin(const char *name)
{
    struct price_table *table;
    struct tw_error error;
    CU_ASSERT_EQUAL_FATAL(price_table_builtin(text_of(name), &table, &error), TW_OK);
    return table;
}

static struct price_table *parse(const char *json)
{
    struct price_table *table;
    struct tw_error error = {.message = ""};
    enum tw_status status = price_table_parse(TEXT("test.json"), text_of(json), &table, &error);
    if (status != TW_OK)
        printf("\n%s\n", error.message);
    CU_ASSERT_EQUAL_FATAL(status, TW_OK);
    return table;
}

static enum tw_status ask(const struct price_table *table, struct text model, struct text tier,
                          enum price_purpose purpose, struct token_usage usage,
                          struct price_quote *quote)
{
    const struct price_question question = {.model = model, .tier = tier, .purpose = purpose};
    return price_usage(table, &question, &usage, quote, NULL);
}

/* The cost of input and output tokens at a tier, PRICE_UNKNOWN where it is not known. */
static int64_t cost(const struct price_table *table, const char *model, const char *tier,
                    enum price_purpose purpose, struct token_usage usage)
{
    struct price_quote quote;
    enum tw_status status = ask(table, text_of(model), text_of(tier), purpose, usage, &quote);
    CU_ASSERT_EQUAL(status == TW_OK, quote.cost != PRICE_UNKNOWN);
    return quote.cost;
}

/* The row for a model at an instant, of whichever provider; NULL where there is none. */
static const struct price_row *find(const struct price_table *table, const char *model,
                                    int64_t instant, enum price_match *match)
{
    const struct price_question question = {.model = text_of(model), .instant = instant};
    const struct price_row *row;
    enum tw_status status = price_find(table, &question, &row, match, NULL);
    CU_ASSERT_EQUAL(status, row ? TW_OK : TW_UNKNOWN);
    return row;
}

static struct token_usage tokens(int64_t input, int64_t output)
{
    return (struct token_usage){input, -1, -1, output, -1};
}

/* The lesson's CostCalculator.compare(500, 1000): 0.01125, 0.005625. */
static void seed_comparison(void)
{
    struct price_table *seed = builtin("seed");
    CU_ASSERT_EQUAL(cost(seed, "gpt-4.1", "default", PRICE_BILL, tokens(500, 1000)), 11250000000);
    CU_ASSERT_EQUAL(cost(seed, "any", "flex", PRICE_BILL, tokens(500, 1000)), 5625000000);
    price_table_free(seed);
}

/* The lesson's else branch: whatever is not flex costs what default costs. */
static void seed_else_branch(void)
{
    static const char *const tiers[] = {"auto", "priority", "fast", "batch", "scale", "whatever"};
    struct price_table *seed = builtin("seed");
    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++) {
        struct price_quote quote;
        struct token_usage usage = tokens(1000, 1000);
        CU_ASSERT_EQUAL(ask(seed, TEXT("m"), text_of(tiers[i]), PRICE_BILL, usage, &quote), TW_OK);
        CU_ASSERT_EQUAL(quote.cost, 12500000000);
        CU_ASSERT_EQUAL(quote.tier, PRICE_TIER_DEFAULT);
        CU_ASSERT_TRUE(quote.assumed);
        CU_ASSERT_EQUAL(quote.match, PRICE_MATCH_ANY);
    }
    price_table_free(seed);
}

static void openai_rows(void)
{
    struct price_table *openai = builtin("openai");
    CU_ASSERT_EQUAL(openai->count, 88);
    CU_ASSERT_TRUE(text_is(openai->date, "2026-11-22"));
    const struct price_row *row = find(openai, "gpt-6-astra", 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    CU_ASSERT_EQUAL(row->rates.sheet.rate[PRICE_TIER_DEFAULT][PRICE_RATE_CACHE_WRITE], 12500000);
    CU_ASSERT_EQUAL(row->rates.sheet.rate[PRICE_TIER_ULTRAFAST][PRICE_RATE_OUTPUT], 300000000);
    CU_ASSERT_EQUAL(row->rates.long_sheet.rate[PRICE_TIER_FLEX][PRICE_RATE_OUTPUT], 37500000);
    CU_ASSERT_EQUAL(row->rates.long_above, 272000);
    CU_ASSERT_TRUE(text_is(row->source, "openai-pricing-page-2026-09"));
    price_table_free(openai);
}

static void unpriced_tiers(void)
{
    struct price_table *openai = builtin("openai");
    CU_ASSERT_EQUAL(cost(openai, "gpt-4.1", "flex", PRICE_BILL, tokens(1, 1)), PRICE_UNKNOWN);
    CU_ASSERT_EQUAL(cost(openai, "gpt-4.1", "scale", PRICE_ESTIMATE, tokens(1, 1)), PRICE_UNKNOWN);
    CU_ASSERT_EQUAL(cost(openai, "gpt-4.1", "", PRICE_BILL, tokens(1, 1)), PRICE_UNKNOWN);
    CU_ASSERT_EQUAL(cost(openai, "no-such", "default", PRICE_BILL, tokens(1, 1)), PRICE_UNKNOWN);
    CU_ASSERT_EQUAL(cost(openai, "gpt-4.1", "default", PRICE_BILL, tokens(-1, 1)), PRICE_UNKNOWN);
    CU_ASSERT_EQUAL(cost(openai, "gpt-4.1", "default", PRICE_BILL, tokens(1, -1)), PRICE_UNKNOWN);
    price_table_free(openai);
}

/* "auto" says nothing about what was served; an estimate takes it as default and says so. */
static void auto_is_no_answer(void)
{
    struct price_table *openai = builtin("openai");
    struct token_usage usage = tokens(1000000, 0);
    struct price_quote quote;
    CU_ASSERT_EQUAL(ask(openai, TEXT("gpt-4.1"), TEXT("auto"), PRICE_BILL, usage, &quote),
                    TW_UNKNOWN);
    CU_ASSERT_EQUAL(ask(openai, TEXT("gpt-4.1"), TEXT("auto"), PRICE_ESTIMATE, usage, &quote),
                    TW_OK);
    CU_ASSERT_EQUAL(quote.cost, 2 * MONEY_DOLLAR);
    CU_ASSERT_TRUE(quote.assumed);
    price_table_free(openai);
}

static void fast_is_priority(void)
{
    struct price_table *openai = builtin("openai");
    int64_t fast = cost(openai, "gpt-5.5", "fast", PRICE_BILL, tokens(1000, 1000));
    CU_ASSERT_NOT_EQUAL(fast, PRICE_UNKNOWN);
    CU_ASSERT_EQUAL(fast, cost(openai, "gpt-5.5", "priority", PRICE_BILL, tokens(1000, 1000)));
    price_table_free(openai);
}

static const char *const full_row =
    "{\"name\":\"t\",\"models\":[{\"model\":\"m\",\"standard\":{\"input\":\"2\",\"cached_input\":"
    "0.5,\"cache_write\":\"2.50\",\"output\":8},\"flex\":{\"input\":1,\"output\":4},"
    "\"long_context\":{\"above_input_tokens\":1000,\"standard\":{\"input\":4,\"output\":12}}}]}";

static void cached_tokens(void)
{
    struct price_table *table = parse(full_row);
    struct token_usage usage = {100, 40, 10, 5, 3};
    CU_ASSERT_EQUAL(cost(table, "m", "default", PRICE_BILL, usage),
                    50 * 2000000 + 40 * 500000 + 10 * 2500000 + 5 * 8000000);
    CU_ASSERT_EQUAL(cost(table, "m", "flex", PRICE_BILL, usage), PRICE_UNKNOWN);
    usage.cached = usage.cache_write = 0;
    CU_ASSERT_EQUAL(cost(table, "m", "flex", PRICE_BILL, usage), 100 * 1000000 + 5 * 4000000);
    usage.cached = usage.cache_write = -1;
    CU_ASSERT_EQUAL(cost(table, "m", "flex", PRICE_BILL, usage), 100 * 1000000 + 5 * 4000000);
    price_table_free(table);
}

static void contradicting_tokens(void)
{
    struct price_table *table = parse(full_row);
    struct token_usage usage = {100, 91, 10, 5, -1};
    struct price_quote quote;
    CU_ASSERT_EQUAL(ask(table, TEXT("m"), TEXT("default"), PRICE_BILL, usage, &quote), TW_INVALID);
    usage = tokens(INT64_MAX, 0);
    CU_ASSERT_EQUAL(ask(table, TEXT("m"), TEXT("default"), PRICE_BILL, usage, &quote), TW_LIMIT);
    price_table_free(table);
}

/* Over the threshold the whole request is priced by the other block, which has no flex here. */
static void long_context(void)
{
    struct price_table *table = parse(full_row);
    CU_ASSERT_EQUAL(cost(table, "m", "default", PRICE_BILL, tokens(1000, 1)),
                    1000 * 2000000LL + 8000000);
    CU_ASSERT_EQUAL(cost(table, "m", "default", PRICE_BILL, tokens(1001, 1)),
                    1001 * 4000000LL + 12000000);
    CU_ASSERT_EQUAL(cost(table, "m", "flex", PRICE_BILL, tokens(1001, 1)), PRICE_UNKNOWN);
    price_table_free(table);
}

static void matching(void)
{
    static const struct {
        const char *asked, *row;
        enum price_match match;
    } cases[] = {
        {"gpt-5", "gpt-5", PRICE_MATCH_EXACT},
        {"gpt-5-2025-08-07", "gpt-5", PRICE_MATCH_SNAPSHOT},
        {"gpt-5-0807", "gpt-5", PRICE_MATCH_SNAPSHOT},
        {"gpt-5-2025-13-07", NULL, PRICE_MATCH_EXACT},
        {"gpt-5-0832", NULL, PRICE_MATCH_EXACT},
        {"gpt-5-0007", NULL, PRICE_MATCH_EXACT},
        {"gpt-5-2025-08-07x", NULL, PRICE_MATCH_EXACT},
        {"gpt-4o-2024-05-13", "gpt-4o-2024-05-13", PRICE_MATCH_EXACT},
        {"gpt-4o-2024-08-06", "gpt-4o", PRICE_MATCH_SNAPSHOT},
        {"-2025-08-07", NULL, PRICE_MATCH_EXACT},
        {"GPT-5", NULL, PRICE_MATCH_EXACT},
        {"", NULL, PRICE_MATCH_EXACT},
    };
    struct price_table *table = parse("{\"models\":[{\"model\":\"gpt-5\"},{\"model\":\"gpt-4o-2024-"
                                      "05-13\"},{\"model\":\"gpt-4o\"}]}");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum price_match match = PRICE_MATCH_EXACT;
        const struct price_row *row = find(table, cases[i].asked, 0, &match);
        CU_ASSERT_EQUAL(row != NULL, cases[i].row != NULL);
        if (!row || !cases[i].row)
            continue;
        CU_ASSERT_TRUE(text_is(row->model, cases[i].row));
        CU_ASSERT_EQUAL(match, cases[i].match);
    }
    price_table_free(table);
}

#define ROW(rest) "{\"models\":[{\"model\":\"m\"," rest "}]}"

static void bad_files(void)
{
    static const struct {
        const char *json;
        enum tw_status status;
        const char *message; /* a part of it */
    } cases[] = {
        {"", TW_INVALID, ""},
        {"[]", TW_INVALID, "must be an object"},
        {"{}", TW_INVALID, "models is missing or empty"},
        {"{\"models\":[]}", TW_INVALID, "models is missing or empty"},
        {"{\"models\":{}}", TW_INVALID, "models must be an array"},
        {"{\"models\":[{}]}", TW_INVALID, "element 1 of models: model is missing"},
        {"{\"models\":[{\"model\":\"\"}]}", TW_INVALID, "model is empty"},
        {"{\"models\":[{\"model\":7}]}", TW_INVALID, "model must be a string"},
        {"{\"currency\":\"EUR\",\"models\":[{\"model\":\"m\"}]}", TW_INVALID, "currency must be"},
        {"{\"unit\":\"USD\",\"models\":[{\"model\":\"m\"}]}", TW_INVALID, "unit must be"},
        {"{\"models\":[{\"model\":\"m\"},{\"model\":\"m\"}]}", TW_INVALID,
         "model 'm': model has two rows"},
        {ROW("\"flex\":7"), TW_INVALID, "model 'm': flex must be an object of rates"},
        {ROW("\"flexx\":{}"), TW_INVALID,
         "flexx is no member of a price file; did you mean 'flex'?"},
        {ROW("\"flex\":{\"imput\":1}"), TW_INVALID, "model 'm': flex.imput is no member"},
        {ROW("\"flex\":{\"input\":-1}"), TW_INVALID, "model 'm': flex.input is negative"},
        {ROW("\"flex\":{\"input\":\"-0\"}"), TW_INVALID, "flex.input is negative"},
        {ROW("\"flex\":{\"input\":null}"), TW_INVALID, "leave it out if it is not known"},
        {ROW("\"flex\":{\"input\":\"a\"}"), TW_INVALID, "must be a plain decimal number"},
        {ROW("\"flex\":{\"input\":1e-1}"), TW_INVALID, "must be a plain decimal number"},
        {ROW("\"flex\":{\"input\":\"\"}"), TW_INVALID, "must be a plain decimal number"},
        {ROW("\"flex\":{\"input\":0.1234567}"), TW_INVALID, "flex.input has more than 6 decimals"},
        {ROW("\"flex\":{\"input\":100000.000001}"), TW_INVALID, "is over 100000 USD"},
        {ROW("\"flex\":{\"input\":99999999999999999999}"), TW_INVALID, "is over 100000 USD"},
        {ROW("\"flex\":{\"input\":1,\"input\":1}"), TW_INVALID, "flex.input stands there twice"},
        {ROW("\"flex\":{\"input\":1,\"output\":1},\"flex\":{}"), TW_INVALID,
         "flex stands there twice"},
        {ROW("\"long_context\":{}"), TW_INVALID, "long_context needs above_input_tokens"},
        {ROW("\"long_context\":{\"above_input_tokens\":0}"), TW_INVALID, "1 or more"},
        {ROW("\"long_context\":{\"above_input_tokens\":1,\"flex\":{\"output\":-1}}"), TW_INVALID,
         "model 'm': long_context.flex.output is negative"},
        {ROW("\"long_context\":{\"above_input_tokens\":1},\"above_272k_input_tokens\":{}"),
         TW_INVALID, "second long-context block"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct price_table *table;
        struct tw_error error = {.message = ""};
        CU_ASSERT_EQUAL(price_table_parse(TEXT("f"), text_of(cases[i].json), &table, &error),
                        cases[i].status);
        CU_ASSERT_PTR_NULL(table);
        bool found = strstr(error.message, cases[i].message) != NULL;
        if (!found)
            printf("\n%s\n  gives: %s\n", cases[i].json, error.message);
        CU_ASSERT_TRUE(found);
        price_table_free(table);
    }
}

static void edges_of_rates(void)
{
    struct price_table *table =
        parse(ROW("\"standard\":{\"input\":0,\"output\":100000},\"flex\":{\"input\":\"0.000001\","
                  "\"output\":\"1.500000\"}"));
    CU_ASSERT_EQUAL(table->rows[0].rates.sheet.rate[PRICE_TIER_DEFAULT][PRICE_RATE_INPUT], 0);
    CU_ASSERT_EQUAL(table->rows[0].rates.sheet.rate[PRICE_TIER_DEFAULT][PRICE_RATE_OUTPUT],
                    PRICE_MAX);
    CU_ASSERT_EQUAL(table->rows[0].rates.sheet.rate[PRICE_TIER_FLEX][PRICE_RATE_INPUT], 1);
    CU_ASSERT_EQUAL(table->rows[0].rates.sheet.rate[PRICE_TIER_FLEX][PRICE_RATE_OUTPUT], 1500000);
    CU_ASSERT_EQUAL(table->rows[0].rates.sheet.rate[PRICE_TIER_BATCH][PRICE_RATE_INPUT],
                    PRICE_UNKNOWN);
    price_table_free(table);
}

static void opening(void)
{
    struct price_table *table;
    struct tw_error error;
    CU_ASSERT_EQUAL(price_table_open("seed", &table, &error), TW_OK);
    price_table_free(table);
    CU_ASSERT_EQUAL(
        price_table_open(TIERWAY_SOURCE_DIR "/policies/prices/openai.json", &table, &error), TW_OK);
    CU_ASSERT_EQUAL(table->count, 88);
    CU_ASSERT_TRUE(text_is(table->name, "openai"));
    price_table_free(table);
    CU_ASSERT_EQUAL(price_table_open("no-such-file", &table, &error), TW_NOT_FOUND);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "seed, openai"));
    CU_ASSERT_PTR_NULL(table);
    CU_ASSERT_EQUAL(price_table_open("/", &table, &error), TW_IO);
}

static void offers(void)
{
    static const struct {
        const char *model, *tier;
        enum price_offer offer;
    } cases[] = {
        {"gpt-5", "flex", PRICE_OFFERED},
        {"gpt-5", "auto", PRICE_OFFERED},
        {"gpt-5", "scale", PRICE_OFFER_UNKNOWN},
        {"gpt-5-nano", "priority", PRICE_NOT_OFFERED},
        {"gpt-5-nano", "fast", PRICE_NOT_OFFERED},
        {"gpt-3.5-turbo", "flex", PRICE_NOT_OFFERED},
        {"gpt-3.5-turbo", "default", PRICE_OFFERED},
        {"gpt-5.1-2025-11-13", "flex", PRICE_OFFERED}, /* by the row of gpt-5.1 */
        {"gpt-5-2025-08-08", "flex", PRICE_OFFERED},
        {"gpt-4o-2024-05-13", "flex", PRICE_NOT_OFFERED},
        {"gpt-7", "flex", PRICE_OFFER_UNKNOWN},
    };
    struct price_table *table;
    CU_ASSERT_EQUAL_FATAL(price_table_builtin(TEXT("openai"), &table, NULL), TW_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(price_offer(table, text_of(cases[i].model), text_of(cases[i].tier)),
                        cases[i].offer);
    price_table_free(table);
    CU_ASSERT_EQUAL_FATAL(price_table_builtin(TEXT("seed"), &table, NULL), TW_OK);
    CU_ASSERT_EQUAL(price_offer(table, TEXT("gpt-3.5-turbo"), TEXT("flex")), PRICE_OFFER_UNKNOWN);
    price_table_free(table);
}

UNIT_TESTS({"the seed's comparison", seed_comparison}, {"the seed's else branch", seed_else_branch},
           {"rows of the openai table", openai_rows}, {"unpriced tiers", unpriced_tiers},
           {"auto is no answer", auto_is_no_answer}, {"fast is priority", fast_is_priority},
           {"cached tokens", cached_tokens}, {"contradicting tokens", contradicting_tokens},
           {"long context", long_context}, {"matching", matching}, {"bad files", bad_files},
           {"edges of rates", edges_of_rates}, {"opening", opening}, {"offers", offers})
