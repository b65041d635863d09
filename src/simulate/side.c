/* simulate/side.c: see side.h.
 *
 * Owns a request, which is used again for every record. What no rule reads is not looked at. A fact
 * of the log stands for its attribute where the log does not give that one for itself. */
#include "simulate/side.h"

#include "runtime/attributes_json.h"
#include "simulate/log_columns.h"

#include <stdlib.h>
#include <string.h>

enum {
    BUCKET_MAX = 3600000, /* milliseconds of a bucket that stands for its first and last one */
    DAY = 86400000        /* milliseconds */
};

static int wanted_attribute(const tw_policy *policy, struct text name)
{
    int attribute = attribute_find(policy, name);
    return attribute >= 0 && log_attribute_wanted(policy, attribute) ? attribute : -1;
}

static bool is_clock(const tw_policy *policy, int attribute)
{
    return policy->attributes[attribute].from == TW_FROM_CLOCK;
}

static enum tw_status set_settings(struct side *side, struct tw_error *error)
{
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < side->setting_count && status == TW_OK; i++)
        status =
            request_set(side->request, side->settings[i].attribute, side->settings[i].value, error);
    return status;
}

/* A setting that is no ATTR=VALUE is known to nobody. */
static void take_setting(struct side *side, const char *setting, bool *known)
{
    const char *sign = strchr(setting, '=');
    if (!sign)
        return;
    struct text name = {setting, (size_t)(sign - setting)};
    int attribute = attribute_find(side->policy, name);
    if (attribute < 0)
        return;
    *known = true;
    side->sets_clock |= is_clock(side->policy, attribute);
    side->settings[side->setting_count++] = (struct setting){attribute, text_of(sign + 1)};
}

/* What every first attempt has, and what the record's facts and clock give, is not missed. */
static bool may_lack(const tw_policy *policy, int attribute)
{
    uint32_t variable = policy->section_ATTRIBUTES[attribute].variable;
    return policy->attributes[attribute].needed && !is_clock(policy, attribute) &&
           variable != VARIABLE_ATTEMPT && variable != VARIABLE_WAITED;
}

static bool is_alone(const tw_policy *policy, int attribute)
{
    uint32_t variable = policy->section_ATTRIBUTES[attribute].variable, count = 0;
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        count += policy->section_ATTRIBUTES[i].variable == variable;
    return count == 1;
}

static bool list_wanted(struct side *side, struct arena *arena)
{
    const tw_policy *policy = side->policy;
    side->wanted = ARENA_ARRAY(arena, struct wanted, policy->count_ATTRIBUTES);
    if (!side->wanted)
        return false;
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        if (may_lack(policy, (int)i))
            side->wanted[side->wanted_count++] =
                (struct wanted){.attribute = (int)i,
                                .name = text_of(policy->attributes[i].name),
                                .alone = is_alone(policy, (int)i)};
    side->model = wanted_attribute(policy, TEXT("model"));
    side->user = wanted_attribute(policy, TEXT("user"));
    side->tokens = wanted_attribute(policy, TEXT("tokens"));
    side->force_tier = wanted_attribute(policy, TEXT("force_tier"));
    side->sample = wanted_attribute(policy, TEXT("sample"));
    side->reads_clock = policy->section_INFO->reads_clock;
    return true;
}

enum tw_status side_open(struct side *side, const tw_policy *policy, int number,
                         const char *const *settings, size_t setting_count, bool *known,
                         struct arena *arena, struct tw_error *error)
{
    *side = (struct side){.policy = policy, .number = number, .last = &side->first};
    buffer_init(&side->scratch, LOG_LINE_MAX);
    side->settings = ARENA_ARRAY(arena, struct setting, setting_count + 1);
    side->by_rule = ARENA_ARRAY(arena, struct course *, tw_policy_rule_count(policy) + 1);
    if (!side->settings || !side->by_rule || !list_wanted(side, arena) ||
        tw_request_new(policy, &side->request) != TW_OK)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    for (size_t i = 0; i < setting_count; i++)
        take_setting(side, settings[i], &known[i]);
    return set_settings(side, error);
}

void side_close(struct side *side)
{
    tw_request_free(side->request);
    buffer_free(&side->scratch);
}

/* Looking a zone up takes most of the time of setting a clock, so what holds for a whole day is
 * kept. No zone was shifted twice within two days (base/clock.c): where the offset is the same at
 * both ends of a day it is so all day. */
static void set_clock(struct side *side, int64_t instant)
{
    const struct zone *zone = side->policy->zone;
    struct steady_day *day = &side->day;
    if (instant < day->from || instant >= day->until) {
        int64_t from = instant - instant % DAY;
        struct local_time first = zone_local(zone, from);
        bool steady =
            from + DAY <= INSTANT_LAST && first.offset == zone_local(zone, from + DAY).offset;
        *day = (struct steady_day){from, steady ? from + DAY : from, first.offset};
        request_set_local(side->request, zone_local(zone, instant));
        return;
    }
    int64_t second = instant / 1000 + day->offset, date = second / SECONDS_PER_DAY;
    date -= second % SECONDS_PER_DAY < 0;
    request_set_local(side->request,
                      (struct local_time){.date = date,
                                          .second = (int32_t)(second - date * SECONDS_PER_DAY),
                                          .weekday = (int32_t)weekday_of_days(date),
                                          .offset = day->offset});
}

static enum tw_status stop(struct obstacle *obstacle, enum note_kind kind, struct text subject)
{
    obstacle->kind = kind;
    obstacle->subject = subject;
    return TW_INVALID;
}

/* The values that the log gives under an attribute's own name. */
static enum tw_status set_values(struct side *side, const struct log_record *record,
                                 bool *gives_clock, struct obstacle *obstacle)
{
    for (size_t i = 0; i < record->value_count; i++) {
        const struct log_value *value = &record->values[i];
        int attribute = value->attribute[side->number];
        if (attribute < 0)
            continue;
        enum tw_status status =
            record->cells ? request_set(side->request, attribute, value->json.raw, &obstacle->error)
                          : attribute_set_json(side->request, attribute, value->json,
                                               &side->scratch, &obstacle->error);
        if (status)
            return stop(obstacle, NOTE_BAD_VALUE,
                        text_of(side->policy->attributes[attribute].name));
        *gives_clock |= is_clock(side->policy, attribute);
    }
    return TW_OK;
}

static bool is_open(const struct side *side, int attribute)
{
    return attribute >= 0 && !side->request->given[attribute];
}

/* As the gateway does, see attributes.h: without a user, `sample` follows the request's id. */
static void set_sample(struct side *side, struct text id)
{
    bool has_user = side->user >= 0 && side->request->given[side->user];
    if (id.length && !has_user && is_open(side, side->sample))
        request_set_number(side->request, side->sample, (int64_t)(text_hash(id, 0) % PERCENT_ALL),
                           NULL);
}

static enum tw_status set_facts(struct side *side, const struct log_record *record,
                                struct obstacle *obstacle)
{
    const struct {
        int attribute;
        enum log_fact fact;
    } texts[] = {{side->model, LOG_FACT_MODEL}, {side->user, LOG_FACT_USER}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (is_open(side, texts[i].attribute) && record->texts[texts[i].fact].length)
            request_set_text(side->request, texts[i].attribute, record->texts[texts[i].fact],
                             false);
    struct text requested = record->texts[LOG_FACT_REQUESTED];
    if (is_open(side, side->force_tier) && requested.length &&
        request_set(side->request, side->force_tier, requested, &obstacle->error) != TW_OK)
        return stop(obstacle, NOTE_BAD_VALUE, TEXT("force_tier"));
    int64_t input = record->numbers[LOG_FACT_INPUT];
    if (is_open(side, side->tokens) && input >= 0 &&
        request_set_number(side->request, side->tokens, input, &obstacle->error) != TW_OK)
        return stop(obstacle, NOTE_BAD_VALUE, TEXT("tokens"));
    set_sample(side, record->texts[LOG_FACT_REQUEST_ID]);
    return TW_OK;
}

static enum tw_status set_attributes(struct side *side, const struct log_record *record,
                                     struct obstacle *obstacle)
{
    int64_t instant = record->numbers[LOG_FACT_INSTANT];
    bool gives_clock = side->sets_clock;
    tw_request_clear(side->request);
    enum tw_status status = set_settings(side, &obstacle->error);
    if (status == TW_OK && side->reads_clock && instant >= 0)
        set_clock(side, instant);
    if (status == TW_OK)
        status = set_values(side, record, &gives_clock, obstacle);
    if (status == TW_OK)
        status = set_facts(side, record, obstacle);
    if (status == TW_OK && side->reads_clock && instant < 0 && !gives_clock)
        status = stop(obstacle, NOTE_NO_INSTANT, TEXT(""));
    return status;
}

/* A bucket is decided only where each of its requests is decided alike: nothing reads what differs
 * among them, and the clock says the same at its first and last moment, which are near. */
static enum tw_status decide_bucket(struct side *side, const struct log_record *record,
                                    uint32_t *rule, struct obstacle *obstacle)
{
    int64_t start = record->numbers[LOG_FACT_INSTANT], end = record->numbers[LOG_FACT_UNTIL];
    if (side->tokens >= 0)
        return stop(obstacle, NOTE_BUCKET_TOKENS, TEXT(""));
    if (!side->reads_clock)
        return TW_OK;
    if (end <= start || end - start > BUCKET_MAX)
        return stop(obstacle, NOTE_BUCKET_CLOCK, TEXT(""));
    set_clock(side, end - 1);
    if (tw_decide(side->policy, side->request) != *rule)
        return stop(obstacle, NOTE_BUCKET_CLOCK, TEXT(""));
    return TW_OK;
}

static bool goes_to(const struct course *course, const struct tiers *tiers,
                    const struct tw_action *action)
{
    for (size_t i = 0; i < action->step_count; i++)
        if (!text_equal(tiers->lines[course->steps[i].tier].name, text_of(action->steps[i].name)))
            return false;
    return true;
}

/* One course a rule, but where the request names the tier: then one for each such tier. */
static struct course *find_course(struct side *side, uint32_t rule, struct arena *arena,
                                  struct tiers *tiers)
{
    struct course *known = side->by_rule[rule];
    if (known && !known->by_attribute)
        return known;
    struct tw_action action;
    tw_policy_action(side->policy, side->request, rule, &action);
    for (struct course *course = known; course; course = course->other)
        if (goes_to(course, tiers, &action))
            return course;
    struct course *course = course_new(arena, tiers, side->policy, rule, &action);
    if (!course)
        return NULL;
    course->by_attribute = action.reads_attribute;
    course->other = known;
    side->by_rule[rule] = course;
    *side->last = course;
    side->last = &course->next;
    return course;
}

enum tw_status side_decide(struct side *side, const struct log_record *record, int64_t requests,
                           struct arena *arena, struct tiers *tiers, struct course **course,
                           struct obstacle *obstacle)
{
    obstacle->error.message[0] = '\0';
    enum tw_status status = set_attributes(side, record, obstacle);
    if (status)
        return status;
    uint32_t rule = tw_decide(side->policy, side->request);
    if (requests > 1)
        status = decide_bucket(side, record, &rule, obstacle);
    if (status)
        return status;
    *course = find_course(side, rule, arena, tiers);
    return *course ? TW_OK : arena_status(arena);
}

/* Whether some attribute of the same variable was given, or, for `sample`, the user. */
static bool was_given(const struct side *side, const struct wanted *wanted)
{
    const tw_policy *policy = side->policy;
    int attribute = wanted->attribute;
    uint32_t variable = policy->section_ATTRIBUTES[attribute].variable;
    if (side->request->given[attribute] ||
        (attribute == side->sample && side->user >= 0 && side->request->given[side->user]))
        return true;
    for (uint32_t i = 0; !wanted->alone && i < policy->count_ATTRIBUTES; i++)
        if (side->request->given[i] && policy->section_ATTRIBUTES[i].variable == variable)
            return true;
    return false;
}

void side_count_lacking(struct side *side, int64_t line, int64_t requests)
{
    for (size_t i = 0; i < side->wanted_count; i++) {
        struct wanted *wanted = &side->wanted[i];
        if (was_given(side, wanted))
            continue;
        if (wanted->lacking == 0)
            wanted->first_line = line;
        wanted->lacking += requests;
    }
}
