/* runtime/price.c: which tier's rates hold for a word, and tokens multiplied by rates.
 *
 * Takes a loaded table and never changes it. All sums are checked: a cost that does not fit 64 bits
 * is an error, not a wrong number. See price.h for the meaning of every result. */
#include "runtime/price_find.h"

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
    struct text word;
    bool served;
} tier_words[] = {
#define PRICE_TIER_WORD(name, word, served) {PRICE_TIER_##name, {word, sizeof(word) - 1}, served},
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

static const struct tier_word *find_tier_word(struct text word)
{
    for (size_t i = 0; i < sizeof tier_words / sizeof tier_words[0]; i++)
        if (text_equal(word, tier_words[i].word))
            return &tier_words[i];
    return NULL;
}

void price_rates_clear(struct price_rates *rates)
{
    rates->long_above = -1;
    for (int tier = 0; tier < PRICE_TIER_COUNT; tier++)
        for (int rate = 0; rate < PRICE_RATE_COUNT; rate++)
            rates->sheet.rate[tier][rate] = rates->long_sheet.rate[tier][rate] = PRICE_UNKNOWN;
}

bool price_sheet_offers(const struct price_sheet *sheet, enum price_tier tier)
{
    for (int rate = 0; rate < PRICE_RATE_COUNT; rate++)
        if (sheet->rate[tier][rate] != PRICE_UNKNOWN)
            return true;
    return false;
}

bool price_rates_offer(const struct price_rates *rates, enum price_tier tier)
{
    return price_sheet_offers(&rates->sheet, tier) || price_sheet_offers(&rates->long_sheet, tier);
}

bool price_row_offers(const struct price_row *row, enum price_tier tier)
{
    bool offers = price_rates_offer(&row->rates, tier);
    for (size_t i = 0; i < row->window_count; i++)
        offers = offers || price_rates_offer(&row->windows[i].rates, tier);
    return offers;
}

static bool model_offers(const struct price_model *model, enum price_tier tier)
{
    for (size_t i = 0; i < model->count; i++)
        if (price_row_offers(&model->rows[i], tier))
            return true;
    return false;
}

enum price_offer price_offer(const struct price_table *table, struct text model, struct text tier)
{
    const struct tier_word *known = find_tier_word(tier);
    const struct price_model *models[] = {map_get(&table->by_model, model),
                                          map_get(&table->by_model, price_undated(model))};
    enum price_offer offer = PRICE_OFFER_UNKNOWN;
    for (size_t i = 0; known && i < sizeof models / sizeof models[0]; i++) {
        if (!models[i])
            continue;
        if (model_offers(models[i], known->tier) || table->others_as_default)
            return PRICE_OFFERED;
        offer = PRICE_NOT_OFFERED;
    }
    return offer;
}

/* Which tier's rates stand for a word; known is what find_tier_word gave for it. */
static enum tw_status choose_tier(const struct price_table *table, const struct price_sheet *sheet,
                                  const struct price_question *question,
                                  const struct tier_word *known, struct price_choice *choice,
                                  struct tw_error *error)
{
    struct text word = question->tier;
    bool usable = known && (known->served || question->purpose == PRICE_ESTIMATE);
    if (usable && (price_sheet_offers(sheet, known->tier) || !table->others_as_default)) {
        *choice = (struct price_choice){known->tier, !known->served};
        return TW_OK;
    }
    if (table->others_as_default) {
        *choice = (struct price_choice){PRICE_TIER_DEFAULT, true};
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

/* Where there are windows, the terms hold for that instant alone. */
static enum tw_status choose_rates(const struct price_question *question, struct price_terms *terms,
                                   struct tw_error *error)
{
    const struct price_row *row = terms->row;
    int64_t instant = question->instant;
    if (row->window_count && instant < 0)
        return fail(error, TW_UNKNOWN,
                    "the price of '%.*s' depends on the time, which is not known",
                    TEXT_ARGUMENTS(row->model));
    terms->window = row->window_count ? price_row_window(row, instant) : NULL;
    terms->rates = terms->window ? &terms->window->rates : &row->rates;
    terms->from = row->window_count || instant < 0 ? instant : row->from;
    terms->until = row->window_count || instant < 0 ? instant + 1 : row->until;
    return TW_OK;
}

enum tw_status price_terms_find(const struct price_table *table,
                                const struct price_question *question, struct price_terms *terms,
                                struct tw_error *error)
{
    const struct tier_word *known = find_tier_word(question->tier);
    *terms = (struct price_terms){0};
    enum tw_status status = price_find(table, question, &terms->row, &terms->match, error);
    if (status == TW_OK)
        status = choose_rates(question, terms, error);
    if (status == TW_OK)
        status = choose_tier(table, &terms->rates->sheet, question, known, &terms->usual, error);
    if (status == TW_OK && terms->rates->long_above >= 0)
        status = choose_tier(table, &terms->rates->long_sheet, question, known,
                             &terms->long_context, error);
    return status;
}

enum tw_status price_terms_apply(const struct price_terms *terms, const struct token_usage *usage,
                                 struct price_quote *quote, struct tw_error *error)
{
    const struct price_rates *rates = terms->rates;
    bool is_long = rates->long_above >= 0 && usage->input > rates->long_above;
    struct price_choice choice = is_long ? terms->long_context : terms->usual;
    int64_t tokens[PRICE_RATE_COUNT];
    *quote = (struct price_quote){.row = terms->row,
                                  .match = terms->match,
                                  .window = terms->window,
                                  .rates = rates,
                                  .tier = choice.tier,
                                  .assumed = choice.assumed,
                                  .long_context = is_long,
                                  .cost = PRICE_UNKNOWN};
    enum tw_status status = split_usage(usage, tokens, error);
    if (status != TW_OK)
        return status;
    return sum_cost(quote, is_long ? &rates->long_sheet : &rates->sheet, tokens, &quote->cost,
                    error);
}

enum tw_status price_usage(const struct price_table *table, const struct price_question *question,
                           const struct token_usage *usage, struct price_quote *quote,
                           struct tw_error *error)
{
    struct price_terms terms;
    enum tw_status status = price_terms_find(table, question, &terms, error);
    if (status == TW_OK)
        return price_terms_apply(&terms, usage, quote, error);
    *quote = (struct price_quote){.row = terms.row,
                                  .match = terms.match,
                                  .window = terms.window,
                                  .rates = terms.rates,
                                  .cost = PRICE_UNKNOWN};
    return status;
}
