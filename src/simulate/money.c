/* simulate/money.c: see money.h.
 *
 * A request is priced on both sides and at default, or it is in no sum of money at all: so all sums
 * are over the same requests and can be compared. */
#include "simulate/money.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 86400000 /* milliseconds */, FIRST_PLACES = 256 };

/* Of one request, in parts of 10^-24 dollars. */
struct costs {
    __int128 side[SIDES], at_default;
};

static struct token_usage usage_of(const struct log_record *record)
{
    return (struct token_usage){.input = record->numbers[LOG_FACT_INPUT],
                                .cached = record->numbers[LOG_FACT_CACHED],
                                .cache_write = record->numbers[LOG_FACT_CACHE_WRITE],
                                .output = record->numbers[LOG_FACT_OUTPUT],
                                .reasoning = -1};
}

/* Why there is no price; subject gets what the note is about. */
static enum note_kind reason_of(const struct log_record *record, enum tw_status status,
                                const struct price_terms *terms, struct text tier,
                                struct buffer *subject)
{
    struct text model = record->texts[LOG_FACT_MODEL];
    if (record->numbers[LOG_FACT_INPUT] < 0 || record->numbers[LOG_FACT_OUTPUT] < 0)
        return NOTE_NO_TOKENS;
    if (status != TW_UNKNOWN)
        return NOTE_BAD_TOKENS;
    buffer_text(subject, model.length ? model : TEXT("(none)"));
    if (!terms->row)
        return NOTE_NO_MODEL;
    buffer_string(subject, " at ");
    buffer_text(subject, tier);
    return NOTE_NO_PRICE;
}

static enum tw_status note_unpriced(struct simulation *simulation, const struct log_record *record,
                                    int64_t requests, enum note_kind kind, struct text subject)
{
    const struct note_source source = {
        .kind = kind, .subject = subject, .line = record->line, .requests = requests};
    enum tw_status status = notes_add(&simulation->notes, &source);
    return status ? status : TW_UNKNOWN;
}

/* Whether the sum of a bucket's tokens hides how many of its requests have the long price. */
static bool length_hidden(const struct log_record *record, int64_t requests,
                          const struct price_rates *rates)
{
    return requests > 1 && rates->long_above >= 0 &&
           record->numbers[LOG_FACT_INPUT] > rates->long_above;
}

/* What the record costs at a tier, in picodollars; asked for once, then known. TW_UNKNOWN: noted as
 * not priced. */
static enum tw_status price_tier(struct simulation *simulation, const struct log_record *record,
                                 int64_t requests, int tier)
{
    if (simulation->tiers_priced >> tier & 1)
        return TW_OK;
    struct token_usage usage = usage_of(record);
    struct text name = simulation->tiers.lines[tier].name;
    const struct price_question question = {
        .model = record->texts[LOG_FACT_MODEL],
        .tier = name,
        .provider = text_of(tw_policy_provider(simulation->options.policies[SIDE_NEW])),
        .purpose = PRICE_ESTIMATE,
        .instant = record->numbers[LOG_FACT_INSTANT]};
    const struct price_terms *terms;
    struct price_quote quote;
    enum tw_status status =
        rates_find(simulation->model, simulation->options.prices, &question, tier, &terms);
    if (status == TW_OK)
        status = price_terms_apply(terms, &usage, &quote, NULL);
    if (status == TW_OK && length_hidden(record, requests, quote.rates))
        return note_unpriced(simulation, record, requests, NOTE_LONG_BUCKET, quote.row->model);
    if (status != TW_OK) {
        struct buffer subject;
        buffer_init(&subject, 200);
        enum note_kind kind = reason_of(record, status, terms, name, &subject);
        status = note_unpriced(simulation, record, requests, kind, buffer_view(&subject));
        buffer_free(&subject);
        return status;
    }
    simulation->tier_cost[tier] = quote.cost;
    simulation->tiers_priced |= UINT64_C(1) << tier;
    return TW_OK;
}

static enum tw_status price_course(struct simulation *simulation, const struct log_record *record,
                                   int64_t requests, const struct course *course, __int128 *cost)
{
    enum tw_status status = TW_OK;
    *cost = 0;
    for (size_t i = 0; i < course->step_count && status == TW_OK; i++) {
        const struct course_step *step = &course->steps[i];
        if (step->share == 0)
            continue;
        status = price_tier(simulation, record, requests, step->tier);
        if (status == TW_OK)
            *cost += (__int128)simulation->tier_cost[step->tier] * step->share;
    }
    return status;
}

static enum tw_status price_record(struct simulation *simulation, const struct log_record *record,
                                   int64_t requests, struct course *const courses[SIDES],
                                   struct costs *costs)
{
    simulation->tiers_priced = 0;
    enum tw_status status = price_tier(simulation, record, requests, simulation->at_default);
    if (status == TW_OK)
        costs->at_default = (__int128)simulation->tier_cost[simulation->at_default] * SHARE_ALL;
    for (int side = 0; side < SIDES && status == TW_OK; side++) {
        costs->side[side] = 0;
        if (courses[side])
            status = price_course(simulation, record, requests, courses[side], &costs->side[side]);
    }
    return status;
}

static void add_money(struct simulation *simulation, __int128 *sum, __int128 money)
{
    simulation->overflow |= __builtin_add_overflow(*sum, money, sum);
}

/* costs NULL: not priced. */
static void add(struct simulation *simulation, struct sums *sums, int64_t requests,
                const struct costs *costs)
{
    sums->requests += requests;
    if (!costs)
        return;
    sums->priced += requests;
    for (int side = 0; side < SIDES; side++)
        add_money(simulation, &sums->cost[side], costs->side[side]);
    add_money(simulation, &sums->default_cost, costs->at_default);
}

static void add_to_course(struct simulation *simulation, struct course *course, int64_t requests)
{
    course->priced += requests;
    for (size_t i = 0; i < course->step_count; i++)
        if (course->steps[i].share)
            course->steps[i].cost += simulation->tier_cost[course->steps[i].tier];
    course->default_cost += simulation->tier_cost[simulation->at_default];
}

/* Pairs. */

static size_t hash_pair(const struct course *old, const struct course *new)
{
    uint64_t mixed = (uint64_t)(uintptr_t)old * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (uint64_t)(uintptr_t) new) * UINT64_C(0xC2B2AE3D27D4EB4F);
    return (size_t)(mixed >> 29);
}

/* The place of the pair in the table, or the free one where it belongs. */
static uint32_t *find_place(const struct simulation *simulation, const struct course *old,
                            const struct course *new)
{
    size_t mask = simulation->pair_places - 1;
    for (size_t at = hash_pair(old, new) & mask;; at = (at + 1) & mask) {
        uint32_t *place = &simulation->pair_table[at];
        if (*place == 0)
            return place;
        const struct pair *pair = &simulation->pairs[*place - 1];
        if (pair->courses[SIDE_OLD] == old && pair->courses[SIDE_NEW] == new)
            return place;
    }
}

static bool grow_table(struct simulation *simulation)
{
    size_t places = simulation->pair_places ? simulation->pair_places * 2 : FIRST_PLACES;
    if (simulation->pair_count * 2 < simulation->pair_places)
        return true;
    uint32_t *table = calloc(places, sizeof *table);
    if (!table)
        return false;
    free(simulation->pair_table);
    simulation->pair_table = table;
    simulation->pair_places = places;
    for (size_t i = 0; i < simulation->pair_count; i++)
        *find_place(simulation, simulation->pairs[i].courses[SIDE_OLD],
                    simulation->pairs[i].courses[SIDE_NEW]) = (uint32_t)(i + 1);
    return true;
}

/* Whether both go the same way through the tiers. */
static bool same_tiers(const struct course *old, const struct course *new)
{
    bool same = old->step_count == new->step_count && old->rejects == new->rejects;
    for (size_t i = 0; same && i < old->step_count; i++)
        same = old->steps[i].tier == new->steps[i].tier;
    return same;
}

/* A change is of tiers; other times and retries alone are a reworded action. Of a log only the tier
 * that served is known, which is compared with the first one that the policy tries. */
static enum change change_of(const struct simulation *simulation, const struct course *old,
                             const struct course *new)
{
    if (simulation->options.policies[SIDE_OLD]) {
        if (!same_tiers(old, new))
            return CHANGE_TIERS;
        return text_equal(old->action, new->action) ? CHANGE_NONE : CHANGE_WORDS;
    }
    bool same =
        !new->rejects &&tiers_same(&simulation->tiers, old->steps[0].tier, new->steps[0].tier);
    return same ? CHANGE_NONE : CHANGE_TIERS;
}

/* NULL when memory is out. */
static struct pair *find_pair(struct simulation *simulation, struct course *const courses[SIDES],
                              int64_t line)
{
    if (!grow_table(simulation))
        return NULL;
    uint32_t *place = find_place(simulation, courses[SIDE_OLD], courses[SIDE_NEW]);
    if (*place)
        return &simulation->pairs[*place - 1];
    if (simulation->pair_count == PAIRS_MAX)
        return &simulation->other_pairs;
    struct pair *pairs = arena_grow(&simulation->arena, simulation->pairs, simulation->pair_count,
                                    &simulation->pair_capacity, sizeof *pairs);
    if (!pairs)
        return NULL;
    simulation->pairs = pairs;
    struct pair *pair = &pairs[simulation->pair_count++];
    *pair = (struct pair){
        .courses = {courses[SIDE_OLD], courses[SIDE_NEW]},
        .first_line = line,
        .change = change_of(simulation, courses[SIDE_OLD], courses[SIDE_NEW]),
    };
    *place = (uint32_t)simulation->pair_count;
    return pair;
}

/* Models and days. */

static struct model_line *find_model(struct simulation *simulation, struct text name)
{
    struct model_line *line = map_get(&simulation->models_by_name, name);
    if (line)
        return line;
    if (simulation->model_count == MODELS_MAX)
        return &simulation->other_models;
    struct model_line **lines =
        arena_grow(&simulation->arena, simulation->models, simulation->model_count,
                   &simulation->model_capacity, sizeof *lines);
    line = ARENA_NEW(&simulation->arena, struct model_line);
    if (!lines || !line)
        return NULL;
    simulation->models = lines;
    line->name = arena_text(&simulation->arena, name);
    if (!map_set(&simulation->models_by_name, line->name, line))
        return NULL;
    lines[simulation->model_count++] = line;
    return line;
}

/* NULL where there is no room for a further day. */
static struct day_line *find_day(struct simulation *simulation, int64_t day)
{
    struct day_line *days = simulation->days;
    if (simulation->day_count && days[simulation->day_last].day == day)
        return &days[simulation->day_last];
    for (size_t i = 0; i < simulation->day_count; i++)
        if (days[i].day == day) {
            simulation->day_last = i;
            return &days[i];
        }
    if (simulation->day_count == DAYS_MAX)
        return NULL;
    simulation->day_last = simulation->day_count++;
    days[simulation->day_last].day = day;
    return &days[simulation->day_last];
}

/* Only what is compared goes by day and model: there two sides are drawn beside one another. */
static enum tw_status add_everywhere(struct simulation *simulation, const struct log_record *record,
                                     int64_t requests, struct course *const courses[SIDES],
                                     const struct costs *costs)
{
    int64_t instant = record->numbers[LOG_FACT_INSTANT];
    struct model_line *model = simulation->model->line;
    if (!model)
        model = find_model(simulation, record->texts[LOG_FACT_MODEL]);
    struct day_line *day = instant < 0 ? NULL : find_day(simulation, instant / DAY);
    struct pair *pair = find_pair(simulation, courses, record->line);
    if (!model || !pair)
        return TW_NO_MEMORY;
    enum change change = pair == &simulation->other_pairs
                             ? change_of(simulation, courses[SIDE_OLD], courses[SIDE_NEW])
                             : pair->change;
    simulation->model->line = model;
    simulation->compared += requests;
    simulation->changed += change == CHANGE_TIERS ? requests : 0;
    simulation->reworded += change == CHANGE_WORDS ? requests : 0;
    add(simulation, &simulation->totals, requests, costs);
    add(simulation, &pair->sums, requests, costs);
    add(simulation, &model->sums, requests, costs);
    if (day)
        add(simulation, &day->sums, requests, costs);
    return TW_OK;
}

enum tw_status money_take(struct simulation *simulation, const struct log_record *record,
                          int64_t requests, struct course *const courses[SIDES])
{
    struct costs costs;
    simulation->model = rates_model(&simulation->rates, record->texts[LOG_FACT_MODEL]);
    enum tw_status status = price_record(simulation, record, requests, courses, &costs);
    if (status != TW_OK && status != TW_UNKNOWN)
        return status;
    for (int side = 0; side < SIDES && status == TW_OK; side++)
        if (courses[side])
            add_to_course(simulation, courses[side], requests);
    const struct costs *known = status == TW_OK ? &costs : NULL;
    if (courses[SIDE_OLD])
        return add_everywhere(simulation, record, requests, courses, known);
    add(simulation, &simulation->uncompared, requests, known);
    return TW_OK;
}

/* Sorting. */

static int more_first(int64_t a, int64_t b)
{
    return a == b ? 0 : a > b ? -1 : 1;
}

static int compare_names(const struct course *a, const struct course *b)
{
    return a->rule == b->rule ? text_compare(a->action, b->action) : a->rule < b->rule ? -1 : 1;
}

static int compare_pairs(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = more_first(a->sums.requests, b->sums.requests);
    if (order == 0)
        order = compare_names(a->courses[SIDE_NEW], b->courses[SIDE_NEW]);
    return order ? order : compare_names(a->courses[SIDE_OLD], b->courses[SIDE_OLD]);
}

static int compare_models(const void *left, const void *right)
{
    const struct model_line *a = *(const struct model_line *const *)left;
    const struct model_line *b = *(const struct model_line *const *)right;
    int order = more_first(a->sums.requests, b->sums.requests);
    return order ? order : text_compare(a->name, b->name);
}

static int compare_days(const void *left, const void *right)
{
    const struct day_line *a = left, *b = right;
    return a->day < b->day ? -1 : a->day > b->day;
}

enum tw_status money_finish(struct simulation *simulation, struct tw_error *error)
{
    if (simulation->overflow)
        return fail(error, TW_LIMIT, "a sum of money is over 127 bits");
    if (simulation->pair_count)
        qsort(simulation->pairs, simulation->pair_count, sizeof(struct pair), compare_pairs);
    if (simulation->model_count)
        qsort(simulation->models, simulation->model_count, sizeof(struct model_line *),
              compare_models);
    qsort(simulation->days, simulation->day_count, sizeof(struct day_line), compare_days);
    return TW_OK;
}
