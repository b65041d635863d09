/* runtime/price_check.c: the rules of price files that look at more than one member: rows that are
 * in force at one time, and rates that are likely not meant. See price_file.h. */
#include "runtime/price_check.h"

#include "runtime/price_file.h"
#include "runtime/price_schedule.h"

#include <stdio.h>

/* How a tier's rates are expected to lie to those of standard. */
static const struct {
    enum price_tier tier;
    int sign; /* -1: not dearer, 1: not cheaper */
    const char *suspicion;
} expectations[] = {
    {PRICE_TIER_FLEX, -1, "dearer"},
    {PRICE_TIER_BATCH, -1, "dearer"},
    {PRICE_TIER_PRIORITY, 1, "cheaper"},
    {PRICE_TIER_ULTRAFAST, 1, "cheaper"},
};

static enum tw_status compare_to_standard(struct loader *loader, const struct price_sheet *sheet)
{
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        const int64_t *standard = sheet->rate[PRICE_TIER_DEFAULT];
        const int64_t *rates = sheet->rate[expectations[i].tier];
        loader->tier = expectations[i].tier;
        for (int rate = 0; rate < PRICE_RATE_COUNT && status == TW_OK; rate++) {
            const char *member = price_rate_member((enum price_rate)rate);
            char what[64];
            int sign = (rates[rate] > standard[rate]) - (rates[rate] < standard[rate]);
            if (standard[rate] == PRICE_UNKNOWN || rates[rate] == PRICE_UNKNOWN ||
                sign != -expectations[i].sign)
                continue;
            snprintf(what, sizeof what, "is %s than standard.%s", expectations[i].suspicion,
                     member);
            status = price_warn(loader, member, what);
        }
    }
    loader->tier = -1;
    return status;
}

static enum tw_status compare_to_input(struct loader *loader, const struct price_sheet *sheet)
{
    enum tw_status status = TW_OK;
    for (int tier = 0; tier < PRICE_TIER_COUNT && status == TW_OK; tier++) {
        const int64_t *rates = sheet->rate[tier];
        loader->tier = tier;
        if (rates[PRICE_RATE_INPUT] != PRICE_UNKNOWN &&
            rates[PRICE_RATE_CACHED_INPUT] > rates[PRICE_RATE_INPUT])
            status = price_warn(loader, price_rate_member(PRICE_RATE_CACHED_INPUT),
                                "is dearer than input");
    }
    loader->tier = -1;
    return status;
}

static enum tw_status check_sheet(struct loader *loader, const struct price_sheet *sheet)
{
    enum tw_status status = compare_to_standard(loader, sheet);
    return status == TW_OK ? compare_to_input(loader, sheet) : status;
}

static enum tw_status check_rates(struct loader *loader, const struct price_rates *rates)
{
    enum tw_status status = check_sheet(loader, &rates->sheet);
    loader->in_long = true;
    if (status == TW_OK)
        status = check_sheet(loader, &rates->long_sheet);
    loader->in_long = false;
    return status;
}

/* Where two windows hold, the first counts: that may be meant, but hardly ever is. */
static enum tw_status compare_to_earlier(struct loader *loader)
{
    const struct price_window *window = loader->window;
    for (const struct price_window *earlier = loader->row->windows; earlier < window; earlier++) {
        char what[96];
        if (window->zone != earlier->zone || !price_windows_meet(window, earlier))
            continue;
        snprintf(what, sizeof what, "has hours of windows[%zu], whose rates count then",
                 (size_t)(earlier - loader->row->windows));
        return price_warn(loader, "when", what);
    }
    return TW_OK;
}

static enum tw_status check_windows(struct loader *loader)
{
    struct price_row *row = loader->row;
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < row->window_count && status == TW_OK; i++) {
        loader->window = &row->windows[i];
        status = compare_to_earlier(loader);
        if (status == TW_OK)
            status = check_rates(loader, &row->windows[i].rates);
    }
    loader->window = NULL;
    return status;
}

static bool has_rates(const struct price_row *row)
{
    for (int tier = 0; tier < PRICE_TIER_COUNT; tier++)
        if (price_row_offers(row, (enum price_tier)tier))
            return true;
    return false;
}

enum tw_status check_row(struct loader *loader)
{
    const struct price_row *row = loader->row;
    enum tw_status status = TW_OK;
    if (row->until <= row->from)
        status = complain(loader, TW_INVALID, "until", "is not later than from");
    if (status == TW_OK)
        status = check_rates(loader, &row->rates);
    if (status == TW_OK)
        status = check_windows(loader);
    if (status == TW_OK && !has_rates(row))
        status = price_warn(loader, "model", "has no rates: it is listed, and has no price");
    return status;
}

static bool same_model(const struct price_row *a, const struct price_row *b)
{
    return text_equal(a->model, b->model) && text_equal(a->provider, b->provider);
}

/* Names the later one of the two in the file. */
static enum tw_status two_rows(struct loader *loader, struct price_row *a, struct price_row *b)
{
    int64_t since = a->from > b->from ? a->from : b->from;
    struct buffer what;
    loader->row = a->element > b->element ? a : b;
    loader->in_models = true;
    loader->element = loader->row->element;
    loader->at = loader->document.data + loader->row->offset;
    buffer_init(&what, 128);
    buffer_string(&what, "has two rows");
    if (since != PRICE_EVER) {
        buffer_string(&what, " that are in force at ");
        price_instant_print(&what, since);
    }
    enum tw_status status =
        what.status == TW_OK ? complain(loader, TW_INVALID, "model", what.data) : no_memory(loader);
    buffer_free(&what);
    loader->in_models = false;
    loader->row = NULL;
    return status;
}

enum tw_status check_neighbours(struct loader *loader)
{
    struct price_row *rows = loader->table->rows;
    size_t last = 0; /* the row of this model whose end is the latest so far */
    enum tw_status status = TW_OK;
    for (size_t i = 1; i < loader->table->count && status == TW_OK; i++) {
        bool same = same_model(&rows[i], &rows[last]);
        if (same && rows[i].model.length && rows[last].until > rows[i].from)
            status = two_rows(loader, &rows[last], &rows[i]);
        if (!same || rows[i].until > rows[last].until)
            last = i;
    }
    return status;
}
