/* runtime/price.c: finds a model's row and multiplies tokens by rates.
 *
 * Takes a loaded table and never changes it. All sums are checked: a cost that does not fit 64 bits
 * is an error, not a wrong number. See price.h for the meaning of every result. */
#include "runtime/price.h"

#include <stdlib.h>

static const struct {
    const char *name, *member;
} tier_names[] = {
#define PRICE_TIER(name, report, member) {report, member},
#include "runtime/price.def"
#undef PRICE_TIER
};

static const char *const rate_members[] = {
#define PRICE_RATE(name, member) member,
#include "runtime/price.def"
#undef PRICE_RATE
};

static const struct tier_word {
    enum price_tier tier;
    const char *word;
    bool served;
} tier_words[] = {
#define PRICE_TIER_WORD(name, word, served) {PRICE_TIER_##name, word, served},
#include "runtime/price.def"
#undef PRICE_TIER_WORD
};

const char *price_tier_name(enum price_tier tier)
{
    return tier_names[tier].name;
}

const char *price_tier_member(enum price_tier tier)
{
    return tier_names[tier].member;
}

const char *price_rate_member(enum price_rate rate)
{
    return rate_members[rate];
}

const char *price_match_name(enum price_match match)
{
    static const char *const names[] = {"exact", "snapshot", "any"};
    return names[match];
}

static int compare_model(const void *key, const void *row)
{
    return text_compare(*(const struct text *)key, ((const struct price_row *)row)->model);
}

static const struct price_row *find_exact(const struct price_table *table, struct text model)
{
    if (table->count == 0)
        return NULL;
    return bsearch(&model, table->rows, table->count, sizeof *table->rows, compare_model);
}

/* Whether text ends as pattern says, where D stands for a digit and any other byte for itself. */
static bool ends_like(struct text text, const char *pattern)
{
    struct text shape = text_of(pattern);
    if (text.length <= shape.length)
        return false;
    const char *end = text.data + text.length - shape.length;
    for (size_t i = 0; i < shape.length; i++) {
        bool digit = end[i] >= '0' && end[i] <= '9';
        if (shape.data[i] == 'D' ? !digit : end[i] != shape.data[i])
            return false;
    }
    return true;
}

static int two_digits(const char *at)
{
    return (at[0] - '0') * 10 + at[1] - '0';
}

/* The model's name without the date of its snapshot, or an empty text where it carries none. */
static struct text without_date(struct text model)
{
    static const struct {
        const char *pattern;
        size_t month, day; /* offsets from the end */
    } dates[] = {{"-DDDD-DD-DD", 5, 2}, {"-DDDD", 4, 2}};
    const char *end = model.data + model.length;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        if (!ends_like(model, dates[i].pattern))
            continue;
        int month = two_digits(end - dates[i].month), day = two_digits(end - dates[i].day);
        if (month >= 1 && month <= 12 && day >= 1 && day <= 31)
            return (struct text){model.data, model.length - text_of(dates[i].pattern).length};
    }
    return TEXT("");
}

const struct price_row *price_find(const struct price_table *table, struct text model,
                                   enum price_match *match)
{
    const struct text names[] = {
        [PRICE_MATCH_EXACT] = model,
        [PRICE_MATCH_SNAPSHOT] = without_date(model),
        [PRICE_MATCH_ANY] = TEXT("*"),
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct price_row *row = find_exact(table, names[i]);
        if (!row)
            continue;
        if (match)
            *match = (enum price_match)i;
        return row;
    }
    return NULL;
}

static const struct tier_word *find_tier_word(struct text word)
{
    for (size_t i = 0; i < sizeof tier_words / sizeof tier_words[0]; i++)
        if (text_is(word, tier_words[i].word))
            return &tier_words[i];
    return NULL;
}

static bool sheet_has_tier(const struct price_sheet *sheet, enum price_tier tier)
{
    for (int rate = 0; rate < PRICE_RATE_COUNT; rate++)
        if (sheet->rate[tier][rate] != PRICE_UNKNOWN)
            return true;
    return false;
}

bool price_row_offers(const struct price_row *row, enum price_tier tier)
{
    return sheet_has_tier(&row->sheet, tier) || sheet_has_tier(&row->long_sheet, tier);
}

enum price_offer price_offer(const struct price_table *table, struct text model, struct text tier)
{
    const struct tier_word *known = find_tier_word(tier);
    const struct price_row *rows[] = {find_exact(table, model),
                                      find_exact(table, without_date(model))};
    enum price_offer offer = PRICE_OFFER_UNKNOWN;
    for (size_t i = 0; known && i < sizeof rows / sizeof rows[0]; i++) {
        if (!rows[i])
            continue;
        if (price_row_offers(rows[i], known->tier) || table->others_as_default)
            return PRICE_OFFERED;
        offer = PRICE_NOT_OFFERED;
    }
    return offer;
}

/* Which tier's rates stand for a word. */
static enum tw_status choose_tier(const struct price_table *table, const struct price_sheet *sheet,
                                  struct text word, enum price_purpose purpose,
                                  struct price_quote *quote, struct tw_error *error)
{
    const struct tier_word *known = find_tier_word(word);
    bool usable = known && (known->served || purpose == PRICE_ESTIMATE);
    if (usable && (sheet_has_tier(sheet, known->tier) || !table->others_as_default)) {
        quote->tier = known->tier;
        quote->assumed = !known->served;
        return TW_OK;
    }
    if (table->others_as_default) {
        quote->tier = PRICE_TIER_DEFAULT;
        quote->assumed = true;
        return TW_OK;
    }
    if (known)
        return fail(error, TW_UNKNOWN, "'%.*s' does not say which tier was served",
                    (int)word.length, word.data);
    return fail(error, TW_UNKNOWN, "no price is known for the tier '%.*s'", (int)word.length,
                word.data);
}

/* Splits usage into what each rate multiplies. */
static enum tw_status split_usage(const struct token_usage *usage, int64_t tokens[PRICE_RATE_COUNT],
                                  struct tw_error *error)
{
    if (usage->input < 0 || usage->output < 0)
        return fail(error, TW_UNKNOWN, "the numbers of input and output tokens are not known");
    int64_t cached = usage->cached < 0 ? 0 : usage->cached;
    int64_t written = usage->cache_write < 0 ? 0 : usage->cache_write;
    if (cached > usage->input || written > usage->input - cached)
        return fail(error, TW_INVALID,
                    "more cached tokens (%lld read, %lld written) than input tokens (%lld)",
                    (long long)cached, (long long)written, (long long)usage->input);
    tokens[PRICE_RATE_INPUT] = usage->input - cached - written;
    tokens[PRICE_RATE_CACHED_INPUT] = cached;
    tokens[PRICE_RATE_CACHE_WRITE] = written;
    tokens[PRICE_RATE_OUTPUT] = usage->output;
    return TW_OK;
}

/* A rate is needed where it has tokens to multiply. input and output are needed always: a row
 * without them does not offer the tier. */
static bool rate_needed(int rate, int64_t tokens)
{
    return tokens > 0 || rate == PRICE_RATE_INPUT || rate == PRICE_RATE_OUTPUT;
}

static enum tw_status sum_cost(const struct price_quote *quote, const struct price_sheet *sheet,
                               const int64_t tokens[PRICE_RATE_COUNT], int64_t *cost,
                               struct tw_error *error)
{
    int64_t sum = 0;
    for (int rate = 0; rate < PRICE_RATE_COUNT; rate++) {
        int64_t price = sheet->rate[quote->tier][rate], part;
        if (!rate_needed(rate, tokens[rate]))
            continue;
        if (price == PRICE_UNKNOWN)
            return fail(error, TW_UNKNOWN, "the prices of '%.*s' have no %s%s.%s",
                        (int)quote->row->model.length, quote->row->model.data,
                        quote->long_context ? "long_context." : "", price_tier_member(quote->tier),
                        rate_members[rate]);
        if (__builtin_mul_overflow(price, tokens[rate], &part) ||
            __builtin_add_overflow(sum, part, &sum))
            return fail(error, TW_LIMIT, "the cost is over 64 bits of picodollars");
    }
    *cost = sum;
    return TW_OK;
}

enum tw_status price_request(const struct price_table *table, struct text model, struct text tier,
                             enum price_purpose purpose, const struct token_usage *usage,
                             struct price_quote *quote, struct tw_error *error)
{
    int64_t tokens[PRICE_RATE_COUNT];
    *quote = (struct price_quote){.cost = PRICE_UNKNOWN};
    quote->row = price_find(table, model, &quote->match);
    if (!quote->row)
        return fail(error, TW_UNKNOWN, "the price table '%.*s' has no model '%.*s'",
                    (int)table->name.length, table->name.data, (int)model.length, model.data);
    enum tw_status status = split_usage(usage, tokens, error);
    if (status != TW_OK)
        return status;
    quote->long_context = quote->row->long_above >= 0 && usage->input > quote->row->long_above;
    const struct price_sheet *sheet =
        quote->long_context ? &quote->row->long_sheet : &quote->row->sheet;
    status = choose_tier(table, sheet, tier, purpose, quote, error);
    if (status != TW_OK)
        return status;
    return sum_cost(quote, sheet, tokens, &quote->cost, error);
}
