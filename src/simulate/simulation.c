/* simulate/simulation.c: takes one record after another, see simulation.h. */
#include "simulate/simulation.h"

#include "simulate/money.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 86400000, HOUR = 3600000 /* milliseconds */ };

static enum tw_status open_sides(struct simulation *simulation, bool *known, struct tw_error *error)
{
    const struct simulation_options *options = &simulation->options;
    enum tw_status status = TW_OK;
    for (int side = 0; side < SIDES && status == TW_OK; side++)
        if (options->policies[side])
            status = side_open(&simulation->sides[side], options->policies[side], side,
                               options->settings, options->setting_count, known, &simulation->arena,
                               error);
    for (size_t i = 0; i < options->setting_count && status == TW_OK; i++)
        if (!known[i])
            status = fail(error, TW_INVALID, "\"%s\" is not ATTR=VALUE with an attribute of %s",
                          options->settings[i],
                          options->policies[SIDE_OLD] ? "either policy" : "the policy");
    return status;
}

enum tw_status simulation_open(struct simulation *simulation,
                               const struct simulation_options *options, struct tw_error *error)
{
    memset(simulation, 0, sizeof *simulation);
    simulation->options = *options;
    simulation->first_instant = simulation->last_instant = simulation->previous_instant = -1;
    simulation->last_served = &simulation->first_served;
    simulation->other_models.name = TEXT("other models");
    arena_init(&simulation->arena, SIMULATION_MEMORY);
    notes_init(&simulation->notes, &simulation->arena);
    tiers_init(&simulation->tiers, &simulation->arena);
    map_init(&simulation->models_by_name, &simulation->arena);
    bool *known = ARENA_ARRAY(&simulation->arena, bool, options->setting_count + 1);
    simulation->at_default = tiers_find(&simulation->tiers, TEXT("default"));
    if (!known || simulation->at_default < 0)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    return open_sides(simulation, known, error);
}

void simulation_close(struct simulation *simulation)
{
    for (int side = 0; side < SIDES; side++)
        side_close(&simulation->sides[side]);
    free(simulation->pair_table);
    arena_free(&simulation->arena);
}

enum tw_status simulation_assume(struct simulation *simulation, struct text tier, int64_t refusal,
                                 int64_t latency, enum assumption from)
{
    int number = tiers_find(&simulation->tiers, tier);
    if (number < 0)
        return TW_NO_MEMORY;
    if (number == TIERS_MAX - 1)
        return TW_LIMIT;
    struct tier_line *line = &simulation->tiers.lines[number];
    if (refusal >= 0) {
        line->refusal = refusal;
        line->refusal_from = from;
    }
    if (latency >= 0) {
        line->latency = latency;
        line->latency_from = from;
    }
    return TW_OK;
}

static enum tw_status note(struct simulation *simulation, const struct log_record *record,
                           int64_t requests, enum note_kind kind, struct text subject,
                           const char *message)
{
    const struct note_source source = {.kind = kind,
                                       .subject = subject,
                                       .message = message && *message ? message : NULL,
                                       .line = record->line,
                                       .requests = requests};
    return notes_add(&simulation->notes, &source);
}

enum tw_status simulation_take_broken(void *context, int64_t line, const struct tw_error *why)
{
    struct simulation *simulation = context;
    const struct note_source source = {
        .kind = NOTE_BROKEN, .message = why->message, .line = line, .requests = 1};
    simulation->requests++;
    return notes_add(&simulation->notes, &source);
}

static void see_instant(struct simulation *simulation, int64_t instant)
{
    if (instant < 0)
        return;
    simulation->backwards += instant < simulation->previous_instant;
    simulation->previous_instant = instant;
    if (simulation->first_instant < 0 || instant < simulation->first_instant)
        simulation->first_instant = instant;
    if (instant > simulation->last_instant)
        simulation->last_instant = instant;
}

/* Why no policy was asked for such a request, NOTE_KIND_COUNT where one was. */
static enum note_kind never_routed(const struct log_record *record)
{
    static const char *const turned_away[] = {"bad_request", "denied", "over_limit"};
    if (record->numbers[LOG_FACT_FROM_CACHE] == 1)
        return NOTE_FROM_CACHE;
    if (record->numbers[LOG_FACT_BATCH] == 1)
        return NOTE_BATCH;
    struct text outcome = record->texts[LOG_FACT_OUTCOME];
    for (size_t i = 0; outcome.length && i < sizeof turned_away / sizeof turned_away[0]; i++)
        if (text_is(outcome, turned_away[i]))
            return NOTE_NOT_ROUTED;
    return NOTE_KIND_COUNT;
}

/* `auto` is what was asked for, and no answer to it. */
static struct text served_by(const struct simulation *simulation, const struct log_record *record)
{
    struct text word = record->texts[LOG_FACT_SERVED];
    return word.length == 0 || text_is(word, "auto") ? simulation->options.served : word;
}

/* What the log itself says was done: a course for each tier that served; *course NULL where it
 * names none. */
static enum tw_status decide_by_log(struct simulation *simulation, const struct log_record *record,
                                    struct course **course)
{
    struct text word = served_by(simulation, record);
    *course = NULL;
    if (word.length == 0)
        return TW_OK;
    int tier = tiers_find(&simulation->tiers, word);
    if (tier < 0)
        return TW_NO_MEMORY;
    if (!simulation->served[tier]) {
        struct course *made = course_served(&simulation->arena, &simulation->tiers, tier);
        if (!made)
            return TW_NO_MEMORY;
        simulation->served[tier] = made;
        *simulation->last_served = made;
        simulation->last_served = &made->next;
    }
    *course = simulation->served[tier];
    return TW_OK;
}

/* TW_INVALID: noted as not evaluated. */
static enum tw_status decide(struct simulation *simulation, const struct log_record *record,
                             int64_t requests, struct course *courses[SIDES])
{
    struct obstacle obstacle;
    for (int side = 0; side < SIDES; side++) {
        if (!simulation->options.policies[side]) {
            enum tw_status status = decide_by_log(simulation, record, &courses[side]);
            if (status)
                return status;
            continue;
        }
        enum tw_status status =
            side_decide(&simulation->sides[side], record, requests, &simulation->arena,
                        &simulation->tiers, &courses[side], &obstacle);
        if (status != TW_INVALID && status != TW_OK)
            return status;
        if (status == TW_INVALID) {
            status = note(simulation, record, requests, obstacle.kind, obstacle.subject,
                          obstacle.error.message);
            return status ? status : TW_INVALID;
        }
    }
    return TW_OK;
}

static void count_tier(struct simulation *simulation, int side, const struct course *course,
                       int64_t instant, int64_t requests)
{
    simulation->rejected[side] += course->rejects ? requests : 0;
    if (instant >= 0 && course->step_count)
        simulation->by_hour[side][instant % DAY / HOUR][course->steps[0].tier] += requests;
}

static void count_latency(struct simulation *simulation, const struct log_record *record)
{
    struct text word = served_by(simulation, record);
    int64_t latency = record->numbers[LOG_FACT_LATENCY];
    int tier = latency >= 0 && word.length ? tiers_find(&simulation->tiers, word) : -1;
    if (tier < 0)
        return;
    simulation->tiers.lines[tier].answers++;
    simulation->tiers.lines[tier].latencies += latency;
}

static void count(struct simulation *simulation, const struct log_record *record, int64_t requests,
                  struct course *courses[SIDES])
{
    simulation->evaluated += requests;
    for (int side = 0; side < SIDES; side++) {
        if (!courses[side])
            continue;
        if (courses[side]->requests == 0)
            courses[side]->first_line = record->line;
        courses[side]->requests += requests;
        count_tier(simulation, side, courses[side], record->numbers[LOG_FACT_INSTANT], requests);
        if (simulation->options.policies[side])
            side_count_lacking(&simulation->sides[side], record->line, requests);
    }
    count_latency(simulation, record);
}

enum tw_status simulation_take(void *context, const struct log_record *record)
{
    struct simulation *simulation = context;
    struct course *courses[SIDES];
    int64_t requests = record->numbers[LOG_FACT_REQUESTS];
    requests = requests < 0 ? 1 : requests;
    if (requests == 0)
        return TW_OK;
    simulation->requests += requests;
    see_instant(simulation, record->numbers[LOG_FACT_INSTANT]);
    enum note_kind kind = never_routed(record);
    if (kind != NOTE_KIND_COUNT)
        return note(simulation, record, requests, kind, TEXT(""), NULL);
    enum tw_status status = decide(simulation, record, requests, courses);
    if (status)
        return status == TW_INVALID ? TW_OK : status;
    count(simulation, record, requests, courses);
    return money_take(simulation, record, requests, courses);
}

/* Attributes that both policies lack are one note. */
static enum tw_status note_lacking(struct simulation *simulation, const struct side *side)
{
    const struct side *old = &simulation->sides[SIDE_OLD];
    for (size_t i = 0; i < side->wanted_count; i++) {
        const struct wanted *wanted = &side->wanted[i];
        bool noted = false;
        for (size_t j = 0; side != old && j < old->wanted_count; j++)
            noted |= old->wanted[j].lacking && text_equal(old->wanted[j].name, wanted->name);
        const struct note_source source = {.kind = NOTE_LACKING,
                                           .subject = wanted->name,
                                           .line = wanted->first_line,
                                           .requests = wanted->lacking};
        if (wanted->lacking && !noted && notes_add(&simulation->notes, &source) != TW_OK)
            return TW_NO_MEMORY;
    }
    return TW_OK;
}

enum tw_status simulation_finish(struct simulation *simulation, struct tw_error *error)
{
    for (int side = 0; side < SIDES; side++)
        if (note_lacking(simulation, &simulation->sides[side]) != TW_OK)
            return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    notes_sort(&simulation->notes);
    return money_finish(simulation, error);
}
