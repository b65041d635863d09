/* runtime/price.h: price tables, and what a request costs.
 *
 * Rates and costs are integers: picodollars (1e-12 USD) per token, which is the same number as
 * micro-dollars per 1,000,000 tokens, so that a published price with up to six decimals is exact.
 * What a table does not say is unknown and never guessed: a model without a flex row has no price
 * at flex. Tables are immutable once loaded and may be shared by all threads.
 * docs/prices.md describes the file format and says where the built-in figures come from. */
#ifndef TIERWAY_RUNTIME_PRICE_H
#define TIERWAY_RUNTIME_PRICE_H

#include "base/arena.h"

#define PRICE_UNKNOWN (-1)        /* a rate that the table does not have */
#define PRICE_DECIMALS 6          /* of USD per 1,000,000 tokens */
#define PRICE_MAX 100000000000    /* picodollars per token: 100,000 USD per 1,000,000 tokens */
#define PRICE_FILE_MAX (16 << 20) /* bytes of one price file */

enum price_tier {
#define PRICE_TIER(name, report, member) PRICE_TIER_##name,
#include "runtime/price.def"
#undef PRICE_TIER
    PRICE_TIER_COUNT
};

enum price_rate {
#define PRICE_RATE(name, member) PRICE_RATE_##name,
#include "runtime/price.def"
#undef PRICE_RATE
    PRICE_RATE_COUNT
};

/* Rates in picodollars per token, PRICE_UNKNOWN where there is none. */
struct price_sheet {
    int64_t rate[PRICE_TIER_COUNT][PRICE_RATE_COUNT];
};

struct price_row {
    struct text model;  /* "*" stands for every model without a row of its own */
    struct text source; /* where the figures were seen; may be empty */
    struct price_sheet sheet;
    int64_t
        long_above; /* input tokens over which the whole request is priced by long_sheet, or -1 */
    struct price_sheet long_sheet;
};

struct price_table {
    struct arena arena; /* owns all of the table but the struct itself */
    struct text name;
    struct text source;
    struct text date;       /* of the figures, as the file gives it */
    bool others_as_default; /* a tier without rates, known or not, costs what default costs */
    struct price_row *rows; /* sorted by model */
    size_t count;
};

/* Tokens of one request as the provider reports them, -1 where it did not. cached and cache_write
 * are parts of input, reasoning is a part of output (OpenAI's usage object). */
struct token_usage {
    int64_t input, cached, cache_write, output, reasoning;
};

enum price_match {
    PRICE_MATCH_EXACT,    /* the row has the model's own name */
    PRICE_MATCH_SNAPSHOT, /* the row has the name without its date: gpt-5-2025-08-07 -> gpt-5 */
    PRICE_MATCH_ANY       /* the row "*" */
};

enum price_purpose {
    PRICE_BILL,    /* the tier is what the provider's answer says it served; "auto" is no answer */
    PRICE_ESTIMATE /* the tier is what was asked for; "auto" counts as default */
};

struct price_quote {
    const struct price_row *row; /* of the table; NULL where no row matches */
    enum price_match match;
    enum price_tier tier; /* whose rates were used */
    bool assumed;         /* the tier's word does not say what is served, or the table has it as
                             default (others_as_default) */
    bool long_context;    /* priced by long_sheet */
    int64_t cost;         /* picodollars; PRICE_UNKNOWN unless TW_OK */
};

/* The row for a model: its own name, else its name without a trailing -YYYY-MM-DD or -MMDD, else
 * "*". NULL where there is none. match may be NULL. */
const struct price_row *price_find(const struct price_table *table, struct text model,
                                   enum price_match *match);

/* What a request of `model` with `usage` costs at the tier named by the word `tier`.
 *
 * (input - cached - cache_write) * input rate + cached * cached rate + cache_write * write rate
 * + output * output rate. cached and cache_write that were not reported (-1) count as 0: a provider
 * without a prompt cache does not report them.
 * quote is set whatever the result. error may be NULL.
 * TW_UNKNOWN: no row, no rate that is needed, a tier without a price, or input or output not known.
 * TW_INVALID: the token counts contradict each other. TW_LIMIT: the cost is over 64 bits. */
enum tw_status price_request(const struct price_table *table, struct text model, struct text tier,
                             enum price_purpose purpose, const struct token_usage *usage,
                             struct price_quote *quote, struct tw_error *error);

/* Whether the row has any rate for the tier, at any number of input tokens. */
bool price_row_offers(const struct price_row *row, enum price_tier tier);

/* What the table says of a model at the tier that a request asks for by the word `tier`. */
enum price_offer {
    PRICE_OFFER_UNKNOWN, /* it has no row for the model, or no such tier for any model */
    PRICE_OFFERED,       /* rates in the model's row, or in that of its name without a date */
    PRICE_NOT_OFFERED    /* a row, and no such rates in it */
};
enum price_offer price_offer(const struct price_table *table, struct text model, struct text tier);

const char *price_tier_name(enum price_tier tier);    /* "default", "flex", ... */
const char *price_tier_member(enum price_tier tier);  /* "standard", "flex", ... */
const char *price_rate_member(enum price_rate rate);  /* "input", ... */
const char *price_match_name(enum price_match match); /* "exact", "snapshot", "any" */

/* Reads a price file's text (JSON, docs/prices.md). `name` is what messages call it. On TW_OK the
 * table is the caller's, to be freed with price_table_free; otherwise *table is NULL and error says
 * which model, tier and member is wrong: TW_INVALID, TW_LIMIT (a size) or TW_NO_MEMORY. */
enum tw_status price_table_parse(struct text name, struct text json, struct price_table **table,
                                 struct tw_error *error);
void price_table_free(struct price_table *table); /* NULL allowed */

/* A table that is built into the library: "seed" (one flat price for every model) or "openai".
 * TW_NOT_FOUND for another name. */
enum tw_status price_table_builtin(struct text name, struct price_table **table,
                                   struct tw_error *error);
/* What `--prices` takes: the name of a built-in table, else a file's path. Also TW_NOT_FOUND and
 * TW_IO for files. */
enum tw_status price_table_open(const char *name_or_path, struct price_table **table,
                                struct tw_error *error);

#endif
