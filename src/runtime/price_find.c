/* runtime/price_find.c: which row of a table holds for a model, a provider and an instant.
 *
 * Takes a loaded table and never changes it; one look-up in its map for each name that a model may
 * stand under. Messages are made only on failure, and only where somebody reads them. */
#include "runtime/price_find.h"

#include "base/quotation.h"
#include "runtime/price_schedule.h"

static bool are_digits(const char *at, size_t count)
{
    bool digits = true;
    for (size_t i = 0; i < count; i++)
        digits &= (unsigned char)(at[i] - '0') <= 9;
    return digits;
}

/* From 01 to most; nothing where these are no two digits. */
static bool is_two_digits_to(const char *at, int most)
{
    int number = (at[0] - '0') * 10 + at[1] - '0';
    return are_digits(at, 2) && number >= 1 && number <= most;
}

struct text price_undated(struct text model)
{
    enum { LONG = sizeof "-2025-08-07" - 1, SHORT = sizeof "-0807" - 1 };
    const char *end = model.data + model.length;
    if (model.length > LONG && end[-LONG] == '-' && end[-6] == '-' && end[-3] == '-' &&
        are_digits(end - 10, 4) && is_two_digits_to(end - 5, 12) && is_two_digits_to(end - 2, 31))
        return (struct text){model.data, model.length - LONG};
    if (model.length > SHORT && end[-SHORT] == '-' && is_two_digits_to(end - 4, 12) &&
        is_two_digits_to(end - 2, 31))
        return (struct text){model.data, model.length - SHORT};
    return TEXT("");
}

/* The rows of a model that belong to one provider. */
struct candidates {
    const struct price_row *rows;
    size_t count;
};

static struct candidates rows_of(const struct price_model *model, struct text provider)
{
    size_t first = 0, end;
    while (first < model->count && !text_equal(model->rows[first].provider, provider))
        first++;
    for (end = first; end < model->count; end++)
        if (!text_equal(model->rows[end].provider, provider))
            break;
    return (struct candidates){model->rows + first, end - first};
}

/* The provider's rows, else those of no provider; where none was asked for, those of the only
 * provider there is. `several` says that there is more than one. */
static struct candidates choose_provider(const struct price_model *model, struct text provider,
                                         bool *several)
{
    struct candidates chosen;
    if (provider.length) {
        chosen = rows_of(model, provider);
        return chosen.count ? chosen : rows_of(model, TEXT(""));
    }
    chosen = rows_of(model, model->rows[0].provider);
    *several = chosen.count < model->count;
    return chosen;
}

static bool is_in_force(const struct price_row *row, int64_t instant)
{
    if (instant < 0)
        return row->from == PRICE_EVER && row->until == PRICE_FOREVER;
    return instant >= row->from && instant < row->until;
}

static const struct price_row *in_force(struct candidates candidates, int64_t instant)
{
    for (size_t i = 0; i < candidates.count; i++)
        if (is_in_force(&candidates.rows[i], instant))
            return &candidates.rows[i];
    return NULL;
}

static enum tw_status not_in_force(const struct price_model *model, int64_t instant,
                                   struct tw_error *error)
{
    struct buffer when;
    if (!error || instant < 0)
        return fail(error, TW_UNKNOWN, "the price of %s depends on the time, which is not known",
                    quote(model->name).text);
    buffer_init(&when, 64);
    price_instant_print(&when, instant);
    fail(error, TW_UNKNOWN, "no price of %s is in force at %s", quote(model->name).text,
         when.data ? when.data : "that time");
    buffer_free(&when);
    return TW_UNKNOWN;
}

static enum tw_status no_model(const struct price_table *table,
                               const struct price_question *question, struct tw_error *error)
{
    if (!error)
        return TW_UNKNOWN;
    if (map_get(&table->by_model, question->model))
        return fail(error, TW_UNKNOWN, "the price table '%.*s' has no price of %s for provider %s",
                    TEXT_ARGUMENTS(table->name), quote(question->model).text,
                    quote(question->provider).text);
    return fail(error, TW_UNKNOWN, "the price table '%.*s' has no model '%.*s'",
                TEXT_ARGUMENTS(table->name), TEXT_ARGUMENTS(question->model));
}

/* The names that a model may stand under, in the order in which they are tried. */
static struct text name_tried(struct text model, enum price_match match)
{
    switch (match) {
    case PRICE_MATCH_EXACT:
        return model;
    case PRICE_MATCH_SNAPSHOT:
        return price_undated(model);
    case PRICE_MATCH_ANY:
        break;
    }
    return TEXT("*");
}

enum tw_status price_find(const struct price_table *table, const struct price_question *question,
                          const struct price_row **row, enum price_match *match,
                          struct tw_error *error)
{
    *row = NULL;
    for (int i = PRICE_MATCH_EXACT; i <= PRICE_MATCH_ANY; i++) {
        struct text name = name_tried(question->model, (enum price_match)i);
        const struct price_model *model = name.length ? map_get(&table->by_model, name) : NULL;
        bool several = false;
        if (!model)
            continue;
        struct candidates candidates = choose_provider(model, question->provider, &several);
        if (several)
            return fail(error, TW_UNKNOWN, "several providers have prices of %s: name one",
                        quote(model->name).text);
        if (candidates.count == 0)
            continue;
        *row = in_force(candidates, question->instant);
        if (match)
            *match = (enum price_match)i;
        return *row ? TW_OK : not_in_force(model, question->instant, error);
    }
    return no_model(table, question, error);
}

const struct price_window *price_row_window(const struct price_row *row, int64_t instant)
{
    for (size_t i = 0; i < row->window_count; i++)
        if (price_window_holds(&row->windows[i], instant))
            return &row->windows[i];
    return NULL;
}
