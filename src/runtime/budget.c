/* runtime/budget.c: see budget.h. Owns nothing: a question's parts lie in the caller's arena. */
#include "runtime/budget.h"

enum { DAYS_OF_A_WEEK = 7, LONGEST_MONTH = 31 };

/* --- windows --- */

static int64_t first_of_month(int64_t date)
{
    int64_t year;
    unsigned month, day;
    civil_from_days(date, &year, &month, &day);
    return date - ((int64_t)day - 1);
}

struct budget_window budget_window(const struct zone *zone, struct text window, int64_t instant)
{
    struct local_time local = zone_local(zone, instant);
    int64_t first = local.date, next = first + 1;
    if (text_is(window, "week")) {
        first -= local.weekday;
        next = first + DAYS_OF_A_WEEK;
    } else if (text_is(window, "month")) {
        first = first_of_month(first);
        next = first_of_month(first + LONGEST_MONTH);
    }
    return (struct budget_window){zone_instant(zone, first, 0), zone_instant(zone, next, 0)};
}

/* --- opening --- */

static bool is_given(const tw_request *request, uint32_t variable)
{
    for (uint32_t i = 0; i < request->policy->count_ATTRIBUTES; i++)
        if (request->given[i] && request->policy->section_ATTRIBUTES[i].variable == variable)
            return true;
    return false;
}

/* Nobody is believed: what was given of this variable is as if it had not been. */
static void take_back(tw_request *request, uint32_t variable)
{
    for (uint32_t i = 0; i < request->policy->count_ATTRIBUTES; i++)
        if (request->policy->section_ATTRIBUTES[i].variable == variable)
            request->given[i] = 0;
}

static bool is_alike(const struct budget_bucket *a, const struct budget_bucket *b)
{
    return a->from == b->from && a->until == b->until && text_equal(a->attribute, b->attribute);
}

/* The index of the bucket, which is added where there is none like it. */
static size_t add_bucket(struct budget_order *order, const struct budget_bucket *bucket)
{
    size_t i = 0;
    while (i < order->count && !is_alike(&order->buckets[i], bucket))
        i++;
    if (i == order->count)
        order->buckets[order->count++] = *bucket;
    return i;
}

static void add_view(struct budget_question *question, int attribute, struct arena *arena)
{
    tw_request *request = question->request;
    const tw_policy *policy = request->policy;
    const struct image_attribute *row = &policy->section_ATTRIBUTES[attribute];
    const struct image_budget *budget = &policy->section_BUDGETS[row->budget_and_one - 1];
    struct budget_window window =
        budget_window(question->zone, image_slice(policy, budget->window), question->instant);
    struct budget_bucket bucket = {.from = window.from, .until = window.until};
    if (budget->by_and_one) {
        int by = (int)budget->by_and_one - 1;
        bucket.attribute = image_slice(policy, policy->section_ATTRIBUTES[by].name);
        bucket.value = budget_value(request, by, arena);
    }
    if (!question->believe)
        take_back(request, row->variable);
    question->views[question->view_count++] =
        (struct budget_view){.attribute = attribute,
                             .given = is_given(request, row->variable),
                             .bucket = add_bucket(&question->order, &bucket),
                             .limit = budget->limit};
}

/* --- answering --- */

/* The most that one answer may cost at a tier of the action; unknown prices count as nothing. */
static int64_t estimate(const struct budget_question *question)
{
    int64_t output =
        question->output_tokens >= 0 ? question->output_tokens : question->order.usual_output;
    const struct token_usage usage = {question->input_tokens, -1, -1, output, -1};
    struct price_question asked = {.model = question->model,
                                   .provider =
                                       text_of(tw_policy_provider(question->request->policy)),
                                   .purpose = PRICE_ESTIMATE,
                                   .instant = question->instant};
    int64_t most = 0;
    for (size_t i = 0; question->prices && i < question->action.step_count; i++) {
        struct price_quote quote;
        asked.tier = text_of(question->action.steps[i].name);
        enum tw_status status = price_usage(question->prices, &asked, &usage, &quote, NULL);
        if (status == TW_LIMIT)
            return INT64_MAX;
        if (status == TW_OK && quote.cost > most)
            most = quote.cost;
    }
    return most;
}

static void decide(struct budget_question *question, bool may_adjust)
{
    tw_request *request = question->request;
    struct tw_action *action = &question->action;
    for (size_t i = 0; i < question->view_count; i++) {
        const struct budget_view *view = &question->views[i];
        if (!view->given)
            request_set_number(request, view->attribute, view->shown, NULL);
    }
    question->rule = tw_decide(request->policy, request);
    tw_policy_action(request->policy, request, question->rule, action);
    question->chosen = action->step_count ? action->steps[0].name : NULL;
    question->adjusted = may_adjust && question->adjust &&
                         question->adjust(question->adjust_context, question->model, action);
    question->amount = question->view_count ? estimate(question) : 0;
}

static bool fits(const struct budget_question *question, const struct budget_view *view)
{
    return view->given || question->amount <= view->limit - view->shown;
}

static bool all_fit(const struct budget_question *question)
{
    for (size_t i = 0; i < question->view_count; i++)
        if (!fits(question, &question->views[i]))
            return false;
    return true;
}

/* Whether every budget has room for the amount; those that have not are shown as spent. */
static bool has_room(struct budget_question *question)
{
    bool room = true;
    for (size_t i = 0; i < question->view_count; i++) {
        struct budget_view *view = &question->views[i];
        if (fits(question, view))
            continue;
        if (view->shown < view->limit)
            view->shown = view->limit;
        room = false;
    }
    return room;
}

static int64_t choose(void *context)
{
    struct budget_question *question = context;
    for (size_t i = 0; i < question->view_count; i++) {
        struct budget_view *view = &question->views[i];
        view->shown = question->order.buckets[view->bucket].spent;
    }
    decide(question, true);
    if (question->adjusted && !all_fit(question))
        decide(question, false);
    question->no_room = question->amount > 0 && !has_room(question);
    if (question->no_room)
        decide(question, false);
    return question->amount;
}

static bool is_read(const struct image_attribute *row)
{
    return row->from == TW_FROM_BUDGET && row->projection == PROJECT_WHOLE && row->needed;
}

bool budget_is_read(const tw_policy *policy)
{
    for (uint32_t i = 0; policy->count_BUDGETS && i < policy->count_ATTRIBUTES; i++)
        if (is_read(&policy->section_ATTRIBUTES[i]))
            return true;
    return false;
}

enum tw_status budget_question_open(struct budget_question *question, struct arena *arena,
                                    struct tw_error *error)
{
    const tw_policy *policy = question->request->policy;
    uint32_t most = policy->count_BUDGETS;
    question->view_count = 0;
    question->order = (struct budget_order){.choose = choose, .context = question};
    if (most == 0)
        return TW_OK;
    if (question->output_tokens < 0)
        question->order.model = question->model;
    question->views = ARENA_ARRAY(arena, struct budget_view, most);
    question->order.buckets = ARENA_ARRAY(arena, struct budget_bucket, most);
    if (!question->views || !question->order.buckets)
        return fail(error, TW_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        if (is_read(&policy->section_ATTRIBUTES[i]))
            add_view(question, (int)i, arena);
    return arena->failed ? fail(error, TW_NO_MEMORY, "out of memory") : TW_OK;
}

enum tw_status budget_decide(struct budget_question *question, struct store *store,
                             struct tw_error *error)
{
    struct budget_order *order = &question->order;
    if (question->view_count && store)
        return budget_reserve(store, &order, 1, error);
    for (size_t i = 0; i < question->order.count; i++)
        question->order.buckets[i].spent = 0;
    question->order.usual_output = USUAL_OUTPUT_UNKNOWN;
    choose(question);
    return TW_OK;
}
