/* runtime/budget.c: see budget.h. */
#include "runtime/budget.h"

int64_t budget_window_start(const struct zone *zone, struct text window, int64_t instant)
{
    struct local_time local = zone_local(zone, instant);
    int64_t date = local.date, year;
    unsigned month, day;
    if (text_is(window, "week"))
        date -= local.weekday;
    if (text_is(window, "month")) {
        civil_from_days(date, &year, &month, &day);
        date -= (int64_t)day - 1;
    }
    return zone_instant(zone, date, 0);
}

struct spending {
    __int128 spent;
    struct text user; /* of the rows that count; data NULL for all */
};

static enum tw_status add_group(void *context, const struct ledger_group *group)
{
    struct spending *spending = context;
    spending->spent += group->cost + group->uncompared_cost;
    return TW_OK;
}

static enum tw_status add_row(void *context, const struct ledger_row *row)
{
    struct spending *spending = context;
    if (row->cost > 0 && text_equal(row->user, spending->user))
        spending->spent += row->cost;
    return TW_OK;
}

static bool is_given(const tw_request *request, uint32_t variable)
{
    for (uint32_t i = 0; i < request->policy->count_ATTRIBUTES; i++)
        if (request->given[i] && request->policy->section_ATTRIBUTES[i].variable == variable)
            return true;
    return false;
}

static enum tw_status fill_one(tw_request *request, int attribute, const struct zone *zone,
                               struct store *store, int64_t instant, struct tw_error *error)
{
    const struct tw_policy *policy = request->policy;
    const struct image_attribute *row = &policy->section_ATTRIBUTES[attribute];
    const struct image_budget *budget = &policy->section_BUDGETS[row->budget_and_one - 1];
    uint32_t by = budget->by_and_one ? policy->section_ATTRIBUTES[budget->by_and_one - 1].variable
                                     : UINT32_MAX;
    struct spending spending = {0};
    struct ledger_range range = {
        budget_window_start(zone, image_slice(policy, budget->window), instant), INT64_MAX};
    enum tw_status status = TW_OK;
    if (by == UINT32_MAX) {
        status = ledger_groups(store, range, add_group, &spending, error);
    } else if (by == VARIABLE_USER && request->values[by] != VALUE_UNSET) {
        spending.user = request->texts[by];
        status = ledger_each(store, range, add_row, &spending, error);
    }
    if (status)
        return status;
    int64_t spent = spending.spent < INT64_MAX ? (int64_t)spending.spent : INT64_MAX;
    return request_set_number(request, attribute, spent, error);
}

enum tw_status budget_fill(tw_request *request, const struct zone *zone, struct store *store,
                           int64_t instant, struct tw_error *error)
{
    const struct tw_policy *policy = request->policy;
    enum tw_status status = TW_OK;
    for (uint32_t i = 0; store && i < policy->count_ATTRIBUTES && !status; i++) {
        const struct image_attribute *row = &policy->section_ATTRIBUTES[i];
        if (row->from == TW_FROM_BUDGET && row->projection == PROJECT_WHOLE && row->needed &&
            !is_given(request, row->variable))
            status = fill_one(request, (int)i, zone, store, instant, error);
    }
    return status;
}
