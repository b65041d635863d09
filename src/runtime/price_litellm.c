/* runtime/price_litellm.c: see price_litellm.h.
 *
 * Each model's members are read into a row of our own kind; then tiers that lack input or output
 * are taken out of it again, and it is kept if any tier is left. Nothing is rounded: binary noise
 * such as 1.3000000000000001e-07 is left out and named. Everything lives in one arena. */
#include "runtime/price_litellm.h"

#include "base/json.h"
#include "runtime/price_write.h"

#include <stdio.h>
#include <string.h>

enum {
    MODELS_MAX = 50000,
    IMPORT_MEMORY = 256 << 20,
    PICODOLLAR_PLACES = 12, /* decimals of a dollar per token */
    LINES_MAX = 500,        /* of the summary; the rest is counted */
    NUMBER_MAX = 64         /* bytes of a number */
};

struct importer {
    const struct price_import *import;
    struct arena arena;
    struct map seen; /* "provider model", of the rows kept */
    const struct price_row **rows;
    size_t count, capacity;
    struct buffer *summary;
    size_t lines, others, not_by_token, silent;
    /* The model that is being read. */
    struct text model;
    struct price_row *row;
    bool refused; /* it is left out, and that was said */
};

/* Powers of ten go into the numerator or the denominator; digits go on while they fit. */
static enum tw_status scale(unsigned __int128 digits, long power, int64_t *rate)
{
    if (digits == 0)
        power = 0;
    for (; power < 0 && digits % 10 == 0; power++)
        digits /= 10;
    for (; power > 0 && digits <= INT64_MAX; power--)
        digits *= 10;
    if (power != 0 || digits > INT64_MAX)
        return TW_LIMIT;
    *rate = (int64_t)digits;
    return TW_OK;
}

static bool take_digits(const char **at, unsigned __int128 *digits, long *count)
{
    for (; **at >= '0' && **at <= '9'; ++*at, ++*count) {
        if (*digits > ((unsigned __int128)1 << 120))
            return false;
        *digits = *digits * 10 + (unsigned)(**at - '0');
    }
    return true;
}

/* The exponent, of at most four digits. */
static bool take_exponent(const char **at, long *power)
{
    bool negative = false;
    long value = 0, count = 0;
    if (**at != 'e' && **at != 'E')
        return true;
    ++*at;
    if (**at == '-' || **at == '+')
        negative = *(*at)++ == '-';
    for (; **at >= '0' && **at <= '9' && count < 5; ++*at, ++count)
        value = value * 10 + (**at - '0');
    *power += negative ? -value : value;
    return count > 0 && count < 5;
}

enum tw_status price_per_token_parse(struct text number, int64_t *rate)
{
    char copy[NUMBER_MAX];
    const char *at = copy;
    unsigned __int128 digits = 0;
    long whole = 0, decimals = 0, power = PICODOLLAR_PLACES;
    if (number.length == 0 || number.length >= sizeof copy)
        return number.length ? TW_LIMIT : TW_INVALID;
    memcpy(copy, number.data, number.length);
    copy[number.length] = '\0';
    bool negative = *at == '-';
    at += negative;
    if (!take_digits(&at, &digits, &whole))
        return TW_LIMIT;
    if (*at == '.' && (++at, !take_digits(&at, &digits, &decimals)))
        return TW_LIMIT;
    if (whole + decimals == 0 || !take_exponent(&at, &power) || *at != '\0')
        return TW_INVALID;
    enum tw_status status = scale(digits, power - decimals, rate);
    if (status == TW_OK && negative)
        *rate = -*rate;
    return status;
}

/* The summary. */

static void leave_out(struct importer *importer, struct text what, const char *why)
{
    if (importer->lines++ < LINES_MAX)
        buffer_format(importer->summary, "  %.*s: %.*s%s%s\n", TEXT_ARGUMENTS(importer->model),
                      TEXT_ARGUMENTS(what), what.length ? " " : "", why);
}

static void refuse(struct importer *importer, struct text what, const char *why)
{
    leave_out(importer, what, why);
    importer->refused = true;
}

/* Members. */

struct target {
    enum price_rate rate;
    enum price_tier tier;
    int64_t above; /* -1: at any number of input tokens */
};

static bool take_prefix(struct text *text, const char *prefix)
{
    size_t length = strlen(prefix);
    if (text->length < length || memcmp(text->data, prefix, length) != 0)
        return false;
    *text = (struct text){text->data + length, text->length - length};
    return true;
}

/* "_above_272k_tokens", or nothing. */
static bool take_threshold(struct text *name, int64_t *above)
{
    *above = -1;
    if (!take_prefix(name, "_above_"))
        return true;
    int64_t thousands = 0;
    size_t digits = 0;
    for (; digits < name->length && digits < 6; digits++) {
        if (name->data[digits] < '0' || name->data[digits] > '9')
            break;
        thousands = thousands * 10 + (name->data[digits] - '0');
    }
    *name = (struct text){name->data + digits, name->length - digits};
    *above = thousands * 1000;
    return thousands > 0 && take_prefix(name, "k_tokens");
}

static bool find_target(struct text name, struct target *target)
{
    static const struct {
        enum price_rate rate;
        const char *member;
    } rates[] = {
#define LITELLM_RATE(name, member) {PRICE_RATE_##name, member},
#include "runtime/price_litellm.def"
#undef LITELLM_RATE
    };
    static const struct {
        enum price_tier tier;
        const char *suffix;
    } tiers[] = {
#define LITELLM_TIER(name, suffix) {PRICE_TIER_##name, suffix},
#include "runtime/price_litellm.def"
#undef LITELLM_TIER
    };
    size_t rate = 0, tier = 0;
    while (rate < sizeof rates / sizeof rates[0] && !take_prefix(&name, rates[rate].member))
        rate++;
    if (rate == sizeof rates / sizeof rates[0] || !take_threshold(&name, &target->above))
        return false;
    while (tier < sizeof tiers / sizeof tiers[0] && !text_is(name, tiers[tier].suffix))
        tier++;
    if (tier == sizeof tiers / sizeof tiers[0])
        return false;
    target->rate = rates[rate].rate;
    target->tier = tiers[tier].tier;
    return true;
}

static bool is_barrier(struct text name)
{
    static const char *const barriers[] = {
#define LITELLM_BARRIER(member) member,
#include "runtime/price_litellm.def"
#undef LITELLM_BARRIER
    };
    for (size_t i = 0; i < sizeof barriers / sizeof barriers[0]; i++)
        if (text_is(name, barriers[i]))
            return true;
    return false;
}

static void take_rate(struct importer *importer, const struct json_member *member,
                      const struct target *target)
{
    struct price_rates *rates = &importer->row->rates;
    struct text number = member->value.raw;
    int64_t rate;
    if (member->value.kind != JSON_NUMBER && !json_string_plain(member->value, &number)) {
        leave_out(importer, member->name, "is no number");
        return;
    }
    enum tw_status status = price_per_token_parse(number, &rate);
    if (status == TW_INVALID)
        leave_out(importer, member->name, "is no number");
    else if (status != TW_OK)
        leave_out(importer, member->name, "is not exact in 6 decimals of USD per 1M tokens");
    else if (rate < 0)
        leave_out(importer, member->name, "is negative");
    else if (rate > PRICE_MAX)
        leave_out(importer, member->name, "is over 100000 USD per 1M tokens");
    else if (target->above >= 0 && rates->long_above >= 0 && rates->long_above != target->above)
        refuse(importer, member->name, "is a second long-context threshold: left out");
    else if (target->above >= 0) {
        rates->long_above = target->above;
        rates->long_sheet.rate[target->tier][target->rate] = rate;
    } else
        rates->sheet.rate[target->tier][target->rate] = rate;
}

static void read_members(struct importer *importer, struct json_value object)
{
    struct json_member member;
    struct target target;
    struct json_iterator iterator = json_members_begin(object);
    while (!importer->refused && json_next_member(&iterator, &member)) {
        if (member.value.kind == JSON_NULL)
            continue;
        if (is_barrier(member.name))
            refuse(importer, member.name, "is a price that a row cannot say: left out");
        else if (find_target(member.name, &target))
            take_rate(importer, &member, &target);
    }
}

/* A whole row. */

/* A tier without input or output has no price. */
static void drop_partial(struct importer *importer, struct price_sheet *sheet, const char *where)
{
    for (int tier = 0; tier < PRICE_TIER_COUNT; tier++) {
        int64_t *rates = sheet->rate[tier];
        char what[96];
        if (!price_sheet_offers(sheet, (enum price_tier)tier) ||
            (rates[PRICE_RATE_INPUT] >= 0 && rates[PRICE_RATE_OUTPUT] >= 0))
            continue;
        for (int rate = 0; rate < PRICE_RATE_COUNT; rate++)
            rates[rate] = PRICE_UNKNOWN;
        snprintf(what, sizeof what, "%s%s", where, price_tier_member((enum price_tier)tier));
        leave_out(importer, text_of(what), "has no rate for both input and output: left out");
    }
}

static bool has_rates(const struct price_rates *rates)
{
    for (int tier = 0; tier < PRICE_TIER_COUNT; tier++)
        if (price_rates_offer(rates, (enum price_tier)tier))
            return true;
    return false;
}

static bool is_all_zero(const struct price_sheet *sheet)
{
    const int64_t *rates = sheet->rate[PRICE_TIER_DEFAULT];
    return rates[PRICE_RATE_INPUT] == 0 && rates[PRICE_RATE_OUTPUT] == 0;
}

/* The row as it may be kept; false where nothing is left of it, which was then said or counted. */
static bool tidy(struct importer *importer)
{
    struct price_rates *rates = &importer->row->rates;
    if (importer->refused)
        return false;
    if (!has_rates(rates)) {
        importer->silent++;
        return false;
    }
    drop_partial(importer, &rates->sheet, "");
    drop_partial(importer, &rates->long_sheet, "long_context.");
    if (is_all_zero(&rates->sheet)) {
        refuse(importer, TEXT(""), "all rates are 0, free or not known: left out");
        return false;
    }
    return has_rates(rates);
}

static struct text find_text(struct json_value object, const char *name)
{
    struct json_value value;
    struct text text = TEXT("");
    if (json_find(object, text_of(name), &value) == TW_OK)
        json_string_plain(value, &text);
    return text;
}

static struct text provider_name(struct text theirs)
{
    static const struct {
        const char *theirs, *ours;
    } names[] = {
#define LITELLM_PROVIDER(theirs, ours) {theirs, ours},
#include "runtime/price_litellm.def"
#undef LITELLM_PROVIDER
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (glob_matches(text_of(names[i].theirs), theirs))
            return text_of(names[i].ours);
    return theirs;
}

static bool is_by_token(struct text mode)
{
    static const char *const modes[] = {
#define LITELLM_MODE(mode) mode,
#include "runtime/price_litellm.def"
#undef LITELLM_MODE
    };
    bool known = mode.length == 0;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        known = known || text_is(mode, modes[i]);
    return known;
}

/* "azure/gpt-4o" is called gpt-4o at azure. */
static struct text bare_name(struct text model, struct text theirs)
{
    if (model.length > theirs.length + 1 && model.data[theirs.length] == '/' &&
        memcmp(model.data, theirs.data, theirs.length) == 0)
        return (struct text){model.data + theirs.length + 1, model.length - theirs.length - 1};
    return model;
}

static enum tw_status keep(struct importer *importer)
{
    struct price_row *row = importer->row;
    struct text key = arena_format(&importer->arena, "%.*s %.*s", TEXT_ARGUMENTS(row->provider),
                                   TEXT_ARGUMENTS(row->model));
    if (importer->arena.failed)
        return arena_status(&importer->arena);
    if (map_get(&importer->seen, key)) {
        refuse(importer, TEXT(""), "is there under another name already: left out");
        return TW_OK;
    }
    const struct price_row **rows = arena_grow(&importer->arena, (void *)importer->rows,
                                               importer->count, &importer->capacity, sizeof *rows);
    if (!rows || !map_set(&importer->seen, key, row))
        return arena_status(&importer->arena);
    importer->rows = rows;
    rows[importer->count++] = row;
    return TW_OK;
}

static enum tw_status new_row(struct importer *importer, struct text theirs)
{
    struct price_row *row = ARENA_NEW(&importer->arena, struct price_row);
    if (!row)
        return arena_status(&importer->arena);
    *row = (struct price_row){.model = bare_name(importer->model, theirs),
                              .provider = provider_name(theirs),
                              .source = TEXT(""),
                              .date = TEXT(""),
                              .from = PRICE_EVER,
                              .until = PRICE_FOREVER};
    price_rates_clear(&row->rates);
    importer->row = row;
    return TW_OK;
}

static enum tw_status import_model(struct importer *importer, struct json_value object)
{
    struct text theirs = find_text(object, "litellm_provider");
    struct text wanted = importer->import->provider;
    if (wanted.length && !text_equal(wanted, provider_name(theirs))) {
        importer->others++;
        return TW_OK;
    }
    if (!is_by_token(find_text(object, "mode"))) {
        importer->not_by_token++;
        return TW_OK;
    }
    enum tw_status status = new_row(importer, theirs);
    if (status != TW_OK)
        return status;
    read_members(importer, object);
    return tidy(importer) ? keep(importer) : TW_OK;
}

static enum tw_status read_name(struct importer *importer, const struct json_member *member)
{
    struct json_value quoted = {JSON_STRING, {member->name.data - 1, member->name.length + 2}};
    struct buffer name;
    buffer_init(&name, 4096);
    enum tw_status status = json_string_decode(quoted, &name);
    importer->model = arena_text(&importer->arena, buffer_view(&name));
    buffer_free(&name);
    return status == TW_OK ? arena_status(&importer->arena) : status;
}

static enum tw_status import_all(struct importer *importer, struct json_value root)
{
    struct json_member member;
    struct json_iterator iterator = json_members_begin(root);
    enum tw_status status = TW_OK;
    size_t count = 0;
    while (status == TW_OK && json_next_member(&iterator, &member)) {
        if (text_is(member.name, "sample_spec")) /* the feed's own description */
            continue;
        if (++count > MODELS_MAX)
            return TW_LIMIT;
        importer->refused = false;
        status = read_name(importer, &member);
        if (status == TW_OK && (member.value.kind != JSON_OBJECT || importer->model.length == 0))
            refuse(importer, TEXT(""), "is no model: left out");
        else if (status == TW_OK)
            status = import_model(importer, member.value);
    }
    return status;
}

/* The head of the summary is known only at the end. */
static void write_summary(const struct importer *importer, struct buffer *summary)
{
    buffer_format(summary, "taken: %zu model%s\n", importer->count,
                  importer->count == 1 ? "" : "s");
    if (importer->others)
        buffer_format(summary, "of other providers: %zu\n", importer->others);
    if (importer->not_by_token)
        buffer_format(summary, "priced by other things than tokens: %zu\n", importer->not_by_token);
    if (importer->silent)
        buffer_format(summary, "without a price per token: %zu\n", importer->silent);
    if (importer->lines == 0)
        return;
    buffer_format(summary, "left out or in part:\n%.*s",
                  TEXT_ARGUMENTS(buffer_view(importer->summary)));
    if (importer->lines > LINES_MAX)
        buffer_format(summary, "  and %zu more\n", importer->lines - LINES_MAX);
}

enum tw_status price_import_litellm(struct text json, const struct price_import *import,
                                    struct buffer *out, struct buffer *summary, size_t *taken,
                                    struct tw_error *error)
{
    struct importer importer = {.import = import};
    struct buffer details;
    struct json_value root;
    *taken = 0;
    enum tw_status status = json_parse(json, &root, error);
    if (status != TW_OK)
        return status;
    if (root.kind != JSON_OBJECT)
        return fail(error, TW_INVALID, "LiteLLM's feed is one object of models");
    buffer_init(&details, summary->limit);
    arena_init(&importer.arena, IMPORT_MEMORY);
    map_init(&importer.seen, &importer.arena);
    importer.summary = &details;
    status = import_all(&importer, root);
    if (status == TW_OK) {
        const struct price_table table = {
            .name = TEXT("litellm"),
            .source = TEXT("LiteLLM, model_prices_and_context_window.json (MIT licence)"),
            .date = import->date};
        price_table_write(&table, importer.rows, importer.count, out);
        write_summary(&importer, summary);
        status = out->status ? out->status : summary->status;
    }
    *taken = importer.count;
    arena_free(&importer.arena);
    buffer_free(&details);
    return status == TW_OK ? TW_OK : fail(error, status, "%s", tw_status_text(status));
}
