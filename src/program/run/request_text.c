/* program/run/request_text.c: a request's values from and to the language's own text. */
#include "program/run/program.h"

#include "base/provider.h"

static struct text tier_name(const struct tw_policy *policy, struct text name)
{
    struct text provider = image_slice(policy, policy->section_INFO->provider);
    return provider_tier_name(provider_find(provider), name);
}

/* The index of a word of the attribute's type, -1 where it has no such word. */
static int64_t find_word(const struct tw_policy *policy, int attribute, struct text word)
{
    const struct image_attribute *row = &policy->section_ATTRIBUTES[attribute];
    if (row->type == TW_TYPE_TIER)
        word = tier_name(policy, word);
    for (uint32_t i = 0; i < row->word_count; i++)
        if (text_equal(image_slice(policy, policy->section_WORDS[row->word_first + i]), word))
            return i;
    return -1;
}

static enum tw_status fail_word(const struct tw_policy *policy, int attribute, struct text word,
                                struct tw_error *error)
{
    const struct tw_attribute *known = &policy->attributes[attribute];
    struct nearest nearest;
    nearest_init(&nearest, word);
    for (size_t i = 0; i < known->word_count; i++)
        nearest_offer(&nearest, text_of(known->words[i]));
    if (nearest.best.length)
        return fail(error, TW_INVALID, "`%s` is never \"%.*s\"; did you mean `%.*s`?", known->name,
                    (int)word.length, word.data, (int)nearest.best.length, nearest.best.data);
    struct buffer list;
    buffer_init(&list, 150);
    for (size_t i = 0; i < known->word_count; i++)
        buffer_format(&list, "%s%s", i ? ", " : "", known->words[i]);
    enum tw_status status =
        fail(error, TW_INVALID, "`%s` is never \"%.*s\"; it is one of %s", known->name,
             (int)(word.length < 40 ? word.length : 40), word.data, list.data ? list.data : "");
    buffer_free(&list);
    return status;
}

static enum tw_status set_now(tw_request *request, int attribute, struct text value,
                              struct tw_error *error)
{
    int64_t instant;
    enum tw_status status = instant_parse(value, &instant, error);
    if (status)
        return status;
    for (uint32_t i = 0; i < request->policy->count_ATTRIBUTES; i++)
        if (request->given[i] && request->policy->attributes[i].from == TW_FROM_CLOCK &&
            (int)i != attribute)
            return fail(error, TW_INVALID, "`now` sets the whole clock, and `%s` is given too",
                        request->policy->attributes[i].name);
    request->given[attribute] = 1;
    return request_set_instant(request, instant);
}

/* After `now`, a part of the clock is a contradiction as well. */
static bool now_given(const tw_request *request, int attribute)
{
    if (request->policy->attributes[attribute].from != TW_FROM_CLOCK)
        return false;
    int now = attribute_find(request->policy, TEXT("now"));
    return now >= 0 && request->given[now];
}

enum tw_status request_set(tw_request *request, int attribute, struct text value,
                           struct tw_error *error)
{
    const struct tw_policy *policy = request->policy;
    enum tw_type type = policy->attributes[attribute].type;
    int64_t number;
    if (type == TW_TYPE_NOW)
        return set_now(request, attribute, value, error);
    if (now_given(request, attribute))
        return fail(error, TW_INVALID, "`now` sets the whole clock, and `%s` is given too",
                    policy->attributes[attribute].name);
    if (type == TW_TYPE_STRING) {
        enum tw_status status = request_set_text(request, attribute, value, true);
        return status ? fail(error, status, "`%s` cannot be kept: %s",
                             policy->attributes[attribute].name, tw_status_text(status))
                      : TW_OK;
    }
    if (type == TW_TYPE_ENUM || type == TW_TYPE_TIER) {
        number = find_word(policy, attribute, value);
        if (number < 0)
            return fail_word(policy, attribute, value, error);
        return request_set_number(request, attribute, number, error);
    }
    struct tw_error reason;
    enum tw_status status = value_parse(type, value, &number, &reason);
    if (status)
        return fail(error, status, "`%s`: %s", policy->attributes[attribute].name, reason.message);
    return request_set_number(request, attribute, number, error);
}

enum tw_status attribute_unknown(const struct tw_policy *policy, struct text name,
                                 struct tw_error *error)
{
    struct nearest nearest;
    nearest_init(&nearest, name);
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        nearest_offer(&nearest, image_slice(policy, policy->section_ATTRIBUTES[i].name));
    int shown = (int)(name.length < 60 ? name.length : 60);
    if (nearest.best.length)
        return fail(error, TW_NOT_FOUND, "there is no attribute `%.*s`; did you mean `%.*s`?",
                    shown, name.data, (int)nearest.best.length, nearest.best.data);
    return fail(error, TW_NOT_FOUND, "there is no attribute `%.*s`", shown, name.data);
}

enum tw_status tw_request_set(tw_request *request, const char *name, const char *value,
                              struct tw_error *error)
{
    int attribute = attribute_find(request->policy, text_of(name));
    if (attribute < 0)
        return attribute_unknown(request->policy, text_of(name), error);
    return request_set(request, attribute, text_of(value), error);
}

bool request_print(const tw_request *request, int attribute, struct buffer *out)
{
    const struct tw_policy *policy = request->policy;
    const struct image_attribute *row = &policy->section_ATTRIBUTES[attribute];
    int64_t value = request->values[row->variable];
    if (value == VALUE_UNSET)
        return false;
    int64_t shown =
        projection_view((enum projection)row->projection, value, budget_limit(policy, row));
    if (row->type == TW_TYPE_STRING)
        buffer_text(out, request->texts[row->variable]);
    else if (row->type == TW_TYPE_ENUM || row->type == TW_TYPE_TIER)
        buffer_string(out, policy->words[row->word_first + shown]);
    else if (row->type == TW_TYPE_NOW)
        buffer_number(out, shown);
    else
        value_print(out, (enum tw_type)row->type, shown);
    return true;
}
