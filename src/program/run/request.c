/* program/run/request.c: the values of one request.
 *
 * A request owns its arrays and the texts that it copied. Values arrive by attribute and are kept
 * by variable. What the policy does not read is stored but never worked on: such a variable has no
 * literals to look a text up in. */
#include "program/run/literal.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_TEXT = 1 << 20 }; /* bytes of one string attribute that is copied */

static const struct image_attribute *attribute_row(const tw_request *request, int attribute)
{
    return &request->policy->section_ATTRIBUTES[attribute];
}

enum tw_status tw_request_new(const tw_policy *policy, tw_request **result)
{
    *result = NULL;
    tw_request *request = calloc(1, sizeof *request);
    if (!request)
        return TW_NO_MEMORY;
    uint32_t variables = policy->count_VARIABLES;
    request->policy = policy;
    request->values = calloc(variables, sizeof *request->values);
    request->texts = calloc(variables, sizeof *request->texts);
    request->copies = calloc(variables, sizeof *request->copies);
    request->given = calloc(policy->count_ATTRIBUTES, sizeof *request->given);
    if (!request->values || !request->texts || !request->copies || !request->given) {
        tw_request_free(request);
        return TW_NO_MEMORY;
    }
    for (uint32_t i = 0; i < variables; i++)
        buffer_init(&request->copies[i], LONGEST_TEXT);
    tw_request_clear(request);
    *result = request;
    return TW_OK;
}

void tw_request_clear(tw_request *request)
{
    const struct tw_policy *policy = request->policy;
    memset(request->given, 0, policy->count_ATTRIBUTES);
    memcpy(request->values, policy->initial_values,
           policy->count_VARIABLES * sizeof *request->values);
    for (uint32_t i = 0; i < policy->initial_text_count; i++)
        request->texts[policy->initial_texts[i].variable] = policy->initial_texts[i].text;
}

void tw_request_free(tw_request *request)
{
    if (!request)
        return;
    for (uint32_t i = 0; request->copies && i < request->policy->count_VARIABLES; i++)
        buffer_free(&request->copies[i]);
    free(request->copies);
    free(request->texts);
    free(request->values);
    free(request->given);
    free(request);
}

/* The attribute's value as it is now, in its own scale. */
static int64_t current_view(const tw_request *request, int attribute)
{
    const struct image_attribute *row = attribute_row(request, attribute);
    return projection_view((enum projection)row->projection, request->values[row->variable],
                           budget_limit(request->policy, row));
}

/* The variable's value once the attribute shows `value`. False where that cannot be. */
static bool variable_value(const tw_request *request, int attribute, int64_t value, int64_t *result)
{
    const struct image_attribute *row = attribute_row(request, attribute);
    int64_t low, high;
    type_domain((enum tw_type)row->type, (enum projection)row->projection, row->word_count, &low,
                &high);
    if (value < low || value > high)
        return false;
    int64_t before = request->values[row->variable], limit = budget_limit(request->policy, row);
    switch ((enum projection)row->projection) {
    case PROJECT_WHOLE:
        *result = value;
        return true;
    case PROJECT_INTERACTIVE:
        *result = value                                ? REQUEST_TYPE_INTERACTIVE
                  : before != REQUEST_TYPE_INTERACTIVE ? before
                                                       : REQUEST_TYPE_BACKGROUND;
        return value == 0 || value == 1;
    case PROJECT_TIME:
        *result = before - before % SECONDS_PER_DAY + value;
        return value >= 0 && value < SECONDS_PER_DAY;
    case PROJECT_HOUR:
        *result = before - before % SECONDS_PER_DAY + value * 3600;
        return value >= 0 && value < 24;
    case PROJECT_WEEKDAY:
        *result = value * SECONDS_PER_DAY + before % SECONDS_PER_DAY;
        return value >= 0 && value < 7;
    case PROJECT_NOW:
        return false;
    case PROJECT_LEFT:
        return !__builtin_sub_overflow(limit, value, result);
    case PROJECT_USED: {
        __int128 spent = (__int128)limit * value / PERCENT_ALL;
        *result = (int64_t)spent;
        return spent <= INT64_MAX && value >= 0;
    }
    }
    return false;
}

/* Two attributes of one variable that were both given have to agree: the first one that was given
 * and no longer shows what it did, or -1. */
static int contradicted(const tw_request *request, int attribute, int64_t new_value)
{
    const struct tw_policy *policy = request->policy;
    const struct image_attribute *row = attribute_row(request, attribute);
    if (row->projection == PROJECT_WHOLE && row->budget_and_one == 0 &&
        row->variable != VARIABLE_REQUEST_TYPE)
        return -1; /* no other attribute shows this variable */
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++) {
        const struct image_attribute *other = &policy->section_ATTRIBUTES[i];
        if (!request->given[i] || (int)i == attribute || other->variable != row->variable ||
            other->projection == PROJECT_NOW)
            continue;
        if (projection_view((enum projection)other->projection, new_value,
                            budget_limit(policy, other)) != current_view(request, (int)i))
            return (int)i;
    }
    return -1;
}

static enum tw_status fail_contradiction(const tw_request *request, int attribute, int other,
                                         struct tw_error *error)
{
    return fail(error, TW_INVALID, "`%s` contradicts `%s`, which is given too",
                request->policy->attributes[attribute].name,
                request->policy->attributes[other].name);
}

static enum tw_status fail_domain(const tw_request *request, int attribute, struct tw_error *error)
{
    const struct image_attribute *row = attribute_row(request, attribute);
    int64_t low, high;
    type_domain((enum tw_type)row->type, (enum projection)row->projection, row->word_count, &low,
                &high);
    if (row->projection == PROJECT_WHOLE) {
        low = request->policy->section_VARIABLES[row->variable].low;
        high = request->policy->section_VARIABLES[row->variable].high;
    }
    struct buffer range;
    buffer_init(&range, 200);
    value_print(&range, (enum tw_type)row->type, low);
    buffer_string(&range, high < INT64_MAX ? " to " : " or more");
    if (high < INT64_MAX)
        value_print(&range, (enum tw_type)row->type, high);
    enum tw_status status =
        fail(error, TW_INVALID, "`%s` is %s", request->policy->attributes[attribute].name,
             range.data ? range.data : "out of range");
    buffer_free(&range);
    return status;
}

/* A date fixes the day of the week too, unless that was given for itself. */
static enum tw_status follow_date(tw_request *request, int64_t date, struct tw_error *error)
{
    int weekday = attribute_find(request->policy, TEXT("weekday"));
    int64_t day = weekday_of_days(date), *clock = &request->values[VARIABLE_CLOCK];
    if (weekday >= 0 && request->given[weekday] && *clock / SECONDS_PER_DAY != day)
        return fail(error, TW_INVALID, "`date` contradicts `weekday`: that day is a %s",
                    weekday_words[day]);
    *clock = day * SECONDS_PER_DAY + *clock % SECONDS_PER_DAY;
    return TW_OK;
}

/* A weekday that is given has to be the date's, where that was given; else the date becomes that
 * day of its week, so that no request has a Friday on a Monday. */
static enum tw_status follow_weekday(tw_request *request, int64_t weekday, struct tw_error *error)
{
    const struct image_variable *about = &request->policy->section_VARIABLES[VARIABLE_DATE];
    int date = attribute_find(request->policy, TEXT("date"));
    int64_t *value = &request->values[VARIABLE_DATE], own = weekday_of_days(*value);
    if (date >= 0 && request->given[date] && own != weekday)
        return fail(error, TW_INVALID, "`weekday` contradicts `date`: that day is a %s",
                    weekday_words[own]);
    int64_t day = *value + weekday - own;
    *value = day < about->low ? day + 7 : day > about->high ? day - 7 : day;
    return TW_OK;
}

/* Sets what nothing else follows from; false where that is not so, or the value is out of range. */
static inline bool set_plain_number(tw_request *request, size_t attribute, int64_t value)
{
    const struct ready_setter *setter = &request->policy->setters[attribute];
    if (value < setter->low || value > setter->high)
        return false;
    request->values[setter->variable] = value;
    request->given[attribute] = 1;
    return true;
}

static enum tw_status set_following_number(tw_request *request, int attribute, int64_t value,
                                           struct tw_error *error)
{
    const struct image_attribute *row = attribute_row(request, attribute);
    const struct image_variable *variable = &request->policy->section_VARIABLES[row->variable];
    int64_t result;
    if (row->type == TW_TYPE_STRING || row->projection == PROJECT_NOW)
        return fail(error, TW_INVALID, "`%s` is not a number",
                    request->policy->attributes[attribute].name);
    if (!variable_value(request, attribute, value, &result) || result < variable->low ||
        result > variable->high)
        return fail_domain(request, attribute, error);
    int other = contradicted(request, attribute, result);
    if (other >= 0)
        return fail_contradiction(request, attribute, other, error);
    enum tw_status status = row->projection == PROJECT_WEEKDAY
                                ? follow_weekday(request, value, error)
                            : row->variable == VARIABLE_DATE ? follow_date(request, result, error)
                                                             : TW_OK;
    if (status)
        return status;
    request->values[row->variable] = result;
    request->given[attribute] = 1;
    return TW_OK;
}

enum tw_status request_set_number(tw_request *request, int attribute, int64_t value,
                                  struct tw_error *error)
{
    return set_plain_number(request, (size_t)attribute, value)
               ? TW_OK
               : set_following_number(request, attribute, value, error);
}

/* `sample` follows the user unless it was given for itself. */
static void follow_user(tw_request *request, struct text user)
{
    const struct tw_policy *policy = request->policy;
    if (!policy->section_VARIABLES[VARIABLE_SAMPLE].needed)
        return;
    int sample = attribute_find(policy, TEXT("sample"));
    if (sample < 0 || request->given[sample])
        return;
    request->values[VARIABLE_SAMPLE] = (int64_t)(text_hash(user, 0) % PERCENT_ALL);
}

/* The text's bytes outlive the request, or are its copy. */
static void keep_text(tw_request *request, size_t attribute, uint32_t variable, struct text text)
{
    request->texts[variable] = text;
    request->given[attribute] = 1;
    request->values[variable] = text_class(request->policy, variable, text);
}

enum tw_status request_set_text(tw_request *request, int attribute, struct text text, bool copy)
{
    const struct image_attribute *row = attribute_row(request, attribute);
    if (row->type != TW_TYPE_STRING)
        return TW_INVALID;
    if (copy) {
        struct buffer *kept = &request->copies[row->variable];
        buffer_clear(kept);
        buffer_text(kept, text);
        if (kept->status)
            return kept->status;
        text = buffer_view(kept);
    }
    keep_text(request, (size_t)attribute, row->variable, text);
    if (row->variable == VARIABLE_USER)
        follow_user(request, text);
    return TW_OK;
}

enum tw_status request_keep_texts(tw_request *request)
{
    enum tw_status status = TW_OK;
    for (uint32_t i = 0; i < request->policy->count_VARIABLES && !status; i++) {
        struct buffer *kept = &request->copies[i];
        struct text text = request->texts[i];
        if (request->policy->section_VARIABLES[i].type != TW_TYPE_STRING ||
            request->values[i] == VALUE_UNSET || (kept->data && text.data == kept->data))
            continue;
        buffer_clear(kept);
        buffer_text(kept, text);
        status = kept->status;
        request->texts[i] = buffer_view(kept);
    }
    return status;
}

enum tw_status request_set_instant(tw_request *request, int64_t instant)
{
    if (instant < 0 || instant > INSTANT_LAST)
        return TW_INVALID;
    request_set_local(request, zone_local(request->policy->zone, instant));
    return TW_OK;
}

void request_set_local(tw_request *request, struct local_time local)
{
    request->values[VARIABLE_CLOCK] = (int64_t)local.weekday * SECONDS_PER_DAY + local.second;
    request->values[VARIABLE_DATE] = local.date;
}

enum tw_status tw_request_set_number(tw_request *request, size_t index, int64_t value)
{
    if (index >= request->policy->count_ATTRIBUTES)
        return TW_NOT_FOUND;
    return set_plain_number(request, index, value)
               ? TW_OK
               : set_following_number(request, (int)index, value, NULL);
}

/* The class of a short text where no automaton is needed: all that there is to look at are places
 * of the hash table. */
static inline uint32_t short_class(const struct ready_setter *setter, struct text text)
{
    const struct image_literal *literals = setter->literals;
    struct literal_key key = short_key(text);
    uint32_t mask = setter->mask;
    for (uint32_t at = key.hash & mask; literals[at].text.offset != UINT32_MAX;
         at = (at + 1) & mask)
        if (ends_are(&literals[at], &key, text))
            return literals[at].class;
    return setter->other_class;
}

enum tw_status tw_request_set_text(tw_request *request, size_t index, const char *text,
                                   size_t length)
{
    if (index >= request->policy->count_ATTRIBUTES)
        return TW_NOT_FOUND;
    const struct ready_setter *setter = &request->policy->setters[index];
    if (length > SHORT_TEXT || !setter->literals)
        return request_set_text(request, (int)index, (struct text){text, length}, false);
    request->values[setter->variable] = short_class(setter, (struct text){text, length});
    request->texts[setter->variable] = (struct text){text, length};
    request->given[index] = 1;
    return TW_OK;
}

enum tw_status tw_request_set_instant(tw_request *request, int64_t milliseconds)
{
    return request_set_instant(request, milliseconds);
}
