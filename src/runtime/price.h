/* runtime/price.h: price tables, and what a request costs.
 *
 * Rates and costs are integers: picodollars (1e-12 USD) per token, which is the same number as
 * micro-dollars per 1,000,000 tokens, so that a published price with up to six decimals is exact.
 * What a table does not say is unknown and never guessed: a model without a flex row has no price
 * at flex, and a model between two of its rows has none at all. Tables are immutable once loaded
 * and may be shared by all threads.
 * docs/prices.md describes the file format and says where the built-in figures come from. */
#ifndef TIERWAY_RUNTIME_PRICE_H
#define TIERWAY_RUNTIME_PRICE_H

#include "base/clock.h"
#include "base/map.h"

#define PRICE_UNKNOWN (-1)        /* a rate that the table does not have */
#define PRICE_DECIMALS 6          /* of USD per 1,000,000 tokens */
#define PRICE_MAX 100000000000    /* picodollars per token: 100,000 USD per 1,000,000 tokens */
#define PRICE_FILE_MAX (16 << 20) /* bytes of one price file */
#define PRICE_ZONES_MAX 32        /* time zones of one price file */
#define PRICE_FOREVER INT64_MAX   /* `until` of a row without an end */
#define PRICE_EVER INT64_MIN      /* `from` of a row without a beginning */

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

/* The rates that hold together. */
struct price_rates {
    struct price_sheet sheet;
    int64_t long_above; /* input tokens over which long_sheet prices the whole request, or -1 */
    struct price_sheet long_sheet;
};

/* Hours of the week with rates of their own, by the wall clock of a zone. */
struct price_window {
    struct text when; /* as the file writes it: "mon..fri 01:00..04:00, sat"; for reports */
    struct text zone_name;
    const struct zone *zone;  /* of the table */
    struct price_span *spans; /* price_schedule.h */
    size_t span_count, span_capacity;
    struct price_rates rates; /* in place of the row's; what they lack is unknown in the window */
};

struct price_row {
    struct text model;    /* "*" stands for every model without a row of its own */
    struct text provider; /* as in providers.def or any other; empty: of whichever */
    struct text source;   /* where the figures were seen; may be empty */
    struct text date;     /* when; may be empty */
    int64_t from, until;  /* instants: in force from `from` up to and without `until` */
    struct price_rates rates;
    struct price_window *windows; /* the first one that holds at an instant counts */
    size_t window_count;
    size_t element; /* of the file's models, from 0 */
    size_t offset;  /* of that element in the file, in bytes */
};

/* The rows of one model, by provider and then by `from`. */
struct price_model {
    struct text name;
    const struct price_row *rows;
    size_t count;
};

struct price_table {
    struct arena arena; /* owns all of the table but the struct itself and the zones */
    struct text name;
    struct text source;
    struct text provider;   /* of the rows that name none; may be empty */
    struct text date;       /* of the figures, as the file gives it */
    bool others_as_default; /* a tier without rates, known or not, costs what default costs */
    struct price_row *rows; /* sorted by model, provider and `from` */
    size_t count;
    struct price_model *models; /* sorted by name */
    size_t model_count;
    struct map by_model; /* name to struct price_model */
    struct zone *zones[PRICE_ZONES_MAX];
    struct text zone_names[PRICE_ZONES_MAX];
    size_t zone_count;
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

struct price_question {
    struct text model;
    struct text tier;     /* its word in a request or an answer */
    struct text provider; /* only its rows, and those of no provider; empty: of whichever */
    enum price_purpose purpose;
    int64_t instant; /* of the request; -1 where it is not known: only what holds always counts */
};

struct price_quote {
    const struct price_row *row; /* of the table; NULL where no row matches */
    enum price_match match;
    const struct price_window *window; /* of the row; NULL outside of all */
    const struct price_rates *rates; /* of the window, else of the row; NULL where there is none */
    enum price_tier tier;            /* whose rates were used */
    bool assumed;      /* the tier's word does not say what is served, or the table has it as
                          default (others_as_default) */
    bool long_context; /* priced by long_sheet */
    int64_t cost;      /* picodollars; PRICE_UNKNOWN unless TW_OK */
};

/* The row for a model at an instant: of its own name, else of the name without a trailing
 * -YYYY-MM-DD or -MMDD, else of "*". A name of which the provider has rows decides: where none of
 * them is in force then, there is no price. The question's tier and purpose are not read.
 * match may be NULL, error too. *row is NULL unless TW_OK.
 * TW_UNKNOWN: no such row, none in force then, or rows of several providers and none was asked for.
 */
enum tw_status price_find(const struct price_table *table, const struct price_question *question,
                          const struct price_row **row, enum price_match *match,
                          struct tw_error *error);

/* The row's window that holds at an instant, NULL where none does. instant: 0 to INSTANT_LAST. */
const struct price_window *price_row_window(const struct price_row *row, int64_t instant);

/* What a question finds in a table before any token is counted, for pricing many requests alike. */
struct price_terms {
    const struct price_row *row; /* of the table; NULL where no row matches */
    enum price_match match;
    const struct price_window *window; /* of the row; NULL outside of all */
    const struct price_rates *rates;   /* of the window, else of the row; NULL without a row */
    struct price_choice {
        enum price_tier tier;
        bool assumed;
    } usual, long_context; /* whose rates are used, up to the long-context threshold and over it */
    int64_t from,
        until; /* instants: the terms are the same from `from` up to and without `until` */
};

/* terms->row is set whatever the result. error may be NULL. The terms live as long as the table.
 * TW_UNKNOWN: no row, a tier without a price, or the time of day where the row has windows. */
enum tw_status price_terms_find(const struct price_table *table,
                                const struct price_question *question, struct price_terms *terms,
                                struct tw_error *error);
/* The second half of price_usage, from terms that price_terms_find gave with TW_OK. */
enum tw_status price_terms_apply(const struct price_terms *terms, const struct token_usage *usage,
                                 struct price_quote *quote, struct tw_error *error);

/* What a request with `usage` costs: price_terms_find and price_terms_apply in one.
 *
 * (input - cached - cache_write) * input rate + cached * cached rate + cache_write * write rate
 * + output * output rate. cached and cache_write that were not reported (-1) count as 0: a provider
 * without a prompt cache does not report them.
 * quote is set whatever the result. error may be NULL.
 * TW_UNKNOWN: no row, no rate that is needed, a tier without a price, input or output not known, or
 * the time of day where the row has windows.
 * TW_INVALID: the token counts contradict each other. TW_LIMIT: the cost is over 64 bits. */
enum tw_status price_usage(const struct price_table *table, const struct price_question *question,
                           const struct token_usage *usage, struct price_quote *quote,
                           struct tw_error *error);

/* Makes every rate unknown, and takes the long-context threshold away. */
void price_rates_clear(struct price_rates *rates);
/* Whether the sheet has any rate for the tier. */
bool price_sheet_offers(const struct price_sheet *sheet, enum price_tier tier);
/* Whether the rates have any for the tier, at any number of input tokens. */
bool price_rates_offer(const struct price_rates *rates, enum price_tier tier);
/* Whether the row has, in or out of its windows. */
bool price_row_offers(const struct price_row *row, enum price_tier tier);

/* What the table says of a model, of any provider and at any time, at the tier that a request asks
 * for by the word `tier`. */
enum price_offer {
    PRICE_OFFER_UNKNOWN, /* it has no row for the model, or no such tier for any model */
    PRICE_OFFERED,       /* rates in the model's rows, or in those of its name without a date */
    PRICE_NOT_OFFERED    /* rows, and no such rates in them */
};
enum price_offer price_offer(const struct price_table *table, struct text model, struct text tier);

const char *price_tier_name(enum price_tier tier);    /* "default", "flex", ... */
const char *price_tier_member(enum price_tier tier);  /* "standard", "flex", ... */
const char *price_rate_member(enum price_rate rate);  /* "input", ... */
const char *price_match_name(enum price_match match); /* "exact", "snapshot", "any" */

/* A day ("2026-08-16": its start in UTC) or an instant as instant_parse reads it. */
enum tw_status price_instant_parse(struct text text, int64_t *instant, struct tw_error *error);
/* The shortest form that price_instant_parse gives back unchanged. */
void price_instant_print(struct buffer *buffer, int64_t instant);

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
