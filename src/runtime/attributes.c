/* runtime/attributes.c: see attributes.h. Reads untrusted bodies and headers; owns nothing that
 * outlives a call. */
#include "runtime/attributes.h"

#include "base/attribute.h"
#include "base/quotation.h"
#include "program/run/program.h"

#include <string.h>
#include <strings.h>

#define HEADER_PREFIX "x-tierway-"

enum { LONGEST_NAME = 256, LONGEST_STRING = 1 << 20 };

/* One call of attributes_fill. */
struct filling {
    tw_request *request;
    const tw_policy *policy;
    const struct attribute_source *source;
    struct tw_error *error;
};

static enum tw_status set_named(const struct filling *filling, struct text name, struct text value,
                                bool ignore_unknown)
{
    int attribute = attribute_find(filling->policy, name);
    if (attribute >= 0)
        return request_set(filling->request, attribute, value, filling->error);
    if (ignore_unknown)
        return TW_OK;
    return attribute_unknown(filling->policy, name, filling->error);
}

/* The attribute's name in a header x-tierway-NAME; false for other headers. */
static bool header_attribute(struct text header, char name[LONGEST_NAME], struct text *result)
{
    size_t prefix = sizeof HEADER_PREFIX - 1;
    if (header.length <= prefix || header.length - prefix > LONGEST_NAME ||
        strncasecmp(header.data, HEADER_PREFIX, prefix) != 0)
        return false;
    *result = (struct text){name, header.length - prefix};
    for (size_t i = 0; i < result->length; i++) {
        char byte = header.data[prefix + i];
        bool upper = byte >= 'A' && byte <= 'Z';
        name[i] = byte == '-' ? '_' : upper ? (char)(byte - 'A' + 'a') : byte;
    }
    return true;
}

static bool is_given(const struct filling *filling, struct text name)
{
    for (size_t i = 0; i < filling->source->given_count; i++)
        if (text_equal(filling->source->given[i].name, name))
            return true;
    return false;
}

static enum tw_status set_explicit(const struct filling *filling)
{
    const struct attribute_source *source = filling->source;
    char name[LONGEST_NAME];
    struct text attribute;
    enum tw_status status = TW_OK;
    for (size_t i = 0; status == TW_OK && i < source->given_count; i++)
        status = set_named(filling, source->given[i].name, source->given[i].value, false);
    for (size_t i = 0; status == TW_OK && i < source->header_count; i++) {
        const struct attribute_pair *header = &source->headers[i];
        if (header_attribute(header->name, name, &attribute) && !is_given(filling, attribute))
            status = set_named(filling, attribute, header->value, source->ignore_unknown);
    }
    return status;
}

static const struct attribute_pair *find_header(const struct attribute_source *source,
                                                struct text name)
{
    for (size_t i = 0; i < source->header_count; i++) {
        struct text header = source->headers[i].name;
        if (header.length == name.length && strncasecmp(header.data, name.data, name.length) == 0)
            return &source->headers[i];
    }
    return NULL;
}

static enum tw_status fail_kind(const struct filling *filling, int attribute,
                                struct json_value value)
{
    const struct tw_attribute *known = &filling->policy->attributes[attribute];
    struct quotation shown = quote(value.raw);
    return fail(filling->error, TW_INVALID, "`%s` is of type %s; the body has %s for it",
                known->name, type_word(known->type), shown.text);
}

static enum tw_status set_string(const struct filling *filling, int attribute,
                                 struct json_value value)
{
    struct text text;
    bool is_text = filling->policy->attributes[attribute].type == TW_TYPE_STRING;
    if (json_string_plain(value, &text))
        return is_text ? request_set_text(filling->request, attribute, text, false)
                       : request_set(filling->request, attribute, text, filling->error);
    struct buffer decoded;
    buffer_init(&decoded, LONGEST_STRING);
    enum tw_status status = json_string_decode(value, &decoded);
    if (status == TW_OK)
        status = request_set(filling->request, attribute, buffer_view(&decoded), filling->error);
    else
        fail(filling->error, status, "`%s` in the body: %s",
             filling->policy->attributes[attribute].name, tw_status_text(status));
    buffer_free(&decoded);
    return status;
}

/* A number of dollars, of percent, or a whole number. */
static enum tw_status set_numeric(const struct filling *filling, int attribute,
                                  struct json_value value)
{
    enum tw_type type = filling->policy->attributes[attribute].type;
    int64_t number = 0;
    enum tw_status status = TW_INVALID;
    if (type == TW_TYPE_INT)
        status = json_integer(value, &number);
    else if (type == TW_TYPE_MONEY)
        status = decimal_parse(value.raw, MONEY_PLACES, &number);
    else if (type == TW_TYPE_PERCENT)
        status = decimal_parse(value.raw, 4, &number);
    if (status != TW_OK)
        return fail_kind(filling, attribute, value);
    return request_set_number(filling->request, attribute, number, filling->error);
}

/* A value of the body, as the attribute's type takes it; null leaves the attribute as it is. A
 * string may stand for any type: OpenAI's `metadata` has nothing else. */
static enum tw_status set_value(const struct filling *filling, int attribute,
                                struct json_value value)
{
    enum tw_type type = filling->policy->attributes[attribute].type;
    switch (value.kind) {
    case JSON_NULL:
        return TW_OK;
    case JSON_STRING:
        return set_string(filling, attribute, value);
    case JSON_NUMBER:
        return set_numeric(filling, attribute, value);
    case JSON_TRUE:
    case JSON_FALSE:
        if (type != TW_TYPE_BOOL)
            break;
        return request_set_number(filling->request, attribute, value.kind == JSON_TRUE,
                                  filling->error);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return fail_kind(filling, attribute, value);
}

static enum tw_status set_from_body(const struct filling *filling, int attribute)
{
    const struct tw_attribute *known = &filling->policy->attributes[attribute];
    struct json_value value;
    enum tw_status status =
        json_pointer(filling->source->body->root, text_of(known->source), &value);
    if (status == TW_NOT_FOUND)
        return TW_OK;
    if (status != TW_OK)
        return fail(filling->error, status, "`%s`: the body has %s more than once", known->name,
                    known->source);
    return set_value(filling, attribute, value);
}

/* Built-in attributes that are more than a member of the body. */
static enum tw_status set_computed(const struct filling *filling, int attribute,
                                   enum builtin_variable variable)
{
    const struct body *body = filling->source->body;
    tw_request *request = filling->request;
    switch (variable) {
    case VARIABLE_ENDPOINT:
        return request_set_text(request, attribute, filling->source->endpoint, false);
    case VARIABLE_TOKENS:
        return request_set_number(request, attribute, body->tokens, filling->error);
    case VARIABLE_MESSAGES:
        return request_set_number(request, attribute, body->messages, filling->error);
    case VARIABLE_TOOLS:
        return request_set_number(request, attribute, body->tools, filling->error);
    case VARIABLE_MAX_OUTPUT_TOKENS:
        if (body->max_output_tokens < 0)
            return TW_OK;
        return request_set_number(request, attribute, body->max_output_tokens, filling->error);
    case VARIABLE_MODEL:
    case VARIABLE_USER:
    case VARIABLE_FORCE_TIER:
    case VARIABLE_STREAM:
        return set_from_body(filling, attribute);
    case VARIABLE_PRIORITY:
    case VARIABLE_REQUEST_TYPE:
    case VARIABLE_BATCH_MODE:
    case VARIABLE_DEADLINE:
    case VARIABLE_CLOCK:
    case VARIABLE_DATE:
    case VARIABLE_ATTEMPT:
    case VARIABLE_WAITED:
    case VARIABLE_SAMPLE:
    case VARIABLE_BUILTIN_COUNT:
        return TW_OK;
    }
    return TW_OK;
}

static enum tw_status set_health(const struct filling *filling, int attribute)
{
    const struct attribute_source *source = filling->source;
    struct text tier = text_of(filling->policy->attributes[attribute].source);
    if (!source->health)
        return TW_OK;
    return request_set_number(
        filling->request, attribute,
        health_refused(source->health, source->health_count, tier, source->instant),
        filling->error);
}

static enum tw_status set_declared(const struct filling *filling, int attribute)
{
    const struct tw_attribute *known = &filling->policy->attributes[attribute];
    const struct attribute_pair *header;
    if (known->from == TW_FROM_HEALTH)
        return set_health(filling, attribute);
    if (known->builtin)
        return set_computed(
            filling, attribute,
            (enum builtin_variable)filling->policy->section_ATTRIBUTES[attribute].variable);
    if (known->from == TW_FROM_BODY)
        return set_from_body(filling, attribute);
    if (known->from != TW_FROM_HEADER)
        return TW_OK;
    header = find_header(filling->source, text_of(known->source));
    return header ? request_set(filling->request, attribute, header->value, filling->error) : TW_OK;
}

/* Whether some rule reads the attribute, be it through `sample`, which follows the user. */
static bool is_wanted(const tw_policy *policy, int attribute)
{
    uint32_t variable = policy->section_ATTRIBUTES[attribute].variable;
    return policy->attributes[attribute].needed ||
           (variable == VARIABLE_USER && policy->section_VARIABLES[VARIABLE_SAMPLE].needed);
}

/* `sample` of a request without a user, where it was not given for itself. */
static enum tw_status set_sample(const struct filling *filling)
{
    int sample = attribute_find(filling->policy, TEXT("sample"));
    int user = attribute_find(filling->policy, TEXT("user"));
    if (sample < 0 || !filling->policy->section_VARIABLES[VARIABLE_SAMPLE].needed ||
        filling->request->given[sample] || (user >= 0 && filling->request->given[user]))
        return TW_OK;
    uint64_t hash = text_hash(filling->source->request_id, 0);
    return request_set_number(filling->request, sample, (int64_t)(hash % PERCENT_ALL),
                              filling->error);
}

enum tw_status attributes_fill(tw_request *request, const struct attribute_source *source,
                               struct tw_error *error)
{
    const struct filling filling = {request, request->policy, source, error};
    if (request->policy->zone && request_set_instant(request, source->instant) != TW_OK)
        return fail(error, TW_INVALID, "the clock is not between 1970 and 9999");
    enum tw_status status = set_explicit(&filling);
    for (uint32_t i = 0; status == TW_OK && i < request->policy->count_ATTRIBUTES; i++)
        if (!request->given[i] && is_wanted(request->policy, (int)i))
            status = set_declared(&filling, (int)i);
    return status == TW_OK ? set_sample(&filling) : status;
}
