/* runtime/attributes_json.c: see attributes_json.h.
 *
 * Allocates only in the caller's scratch buffer, and there only for strings with escapes. */
#include "runtime/attributes_json.h"

struct setting_json {
    tw_request *request;
    bool ignore_unknown;
    struct buffer *scratch;
};

const char *json_kind_words(enum json_kind kind)
{
    static const char *const words[] = {
        [JSON_NULL] = "null",       [JSON_FALSE] = "a bool",    [JSON_TRUE] = "a bool",
        [JSON_NUMBER] = "a number", [JSON_STRING] = "a string", [JSON_ARRAY] = "an array",
        [JSON_OBJECT] = "an object"};
    return words[kind];
}

/* A member's value as the text that the language would have; false for arrays and objects. */
static bool value_text(struct setting_json *setting, struct json_value value, struct text *text)
{
    switch (value.kind) {
    case JSON_STRING:
        if (json_string_plain(value, text))
            return true;
        buffer_clear(setting->scratch);
        if (json_string_decode(value, setting->scratch) != TW_OK)
            return false;
        *text = buffer_view(setting->scratch);
        return true;
    case JSON_NUMBER:
    case JSON_TRUE:
    case JSON_FALSE:
        *text = value.raw;
        return true;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        return false;
    }
    return false;
}

/* Numbers stand for ints, dollars and percent only; bools for bools; strings for anything but
 * bools, in the language's own form. */
static bool kind_fits(enum tw_type type, enum json_kind kind)
{
    if (kind == JSON_NUMBER)
        return type == TW_TYPE_INT || type == TW_TYPE_MONEY || type == TW_TYPE_PERCENT;
    if (kind == JSON_TRUE || kind == JSON_FALSE)
        return type == TW_TYPE_BOOL;
    return kind == JSON_STRING && type != TW_TYPE_BOOL;
}

/* A bare number of dollars or of percent, in the scale of its type. */
static enum tw_status set_scaled(struct setting_json *setting, int attribute, enum tw_type type,
                                 struct text text, struct tw_error *error)
{
    int64_t number;
    enum tw_status status = decimal_parse(text, type == TW_TYPE_MONEY ? 12 : 4, &number);
    if (status)
        return fail(error, status, "`%s`: %.*s does not fit the type's scale",
                    setting->request->policy->attributes[attribute].name, (int)text.length,
                    text.data);
    return request_set_number(setting->request, attribute, number, error);
}

static enum tw_status set_integer(struct setting_json *setting, int attribute,
                                  struct json_value value, struct tw_error *error)
{
    int64_t number;
    enum tw_status status = json_integer(value, &number);
    if (status)
        return fail(error, status,
                    status == TW_LIMIT ? "`%s` cannot hold %.*s"
                                       : "`%s` is a whole number, not %.*s",
                    setting->request->policy->attributes[attribute].name, (int)value.raw.length,
                    value.raw.data);
    return request_set_number(setting->request, attribute, number, error);
}

static enum tw_status set_member(struct setting_json *setting, int attribute,
                                 struct json_value value, struct tw_error *error)
{
    const struct tw_attribute *known = &setting->request->policy->attributes[attribute];
    struct text text;
    if (value.kind == JSON_NULL)
        return TW_OK; /* as if it were not there */
    if (!kind_fits(known->type, value.kind) || !value_text(setting, value, &text))
        return fail(error, TW_INVALID, "`%s` is of type %s and cannot be %s", known->name,
                    type_word(known->type), json_kind_words(value.kind));
    if (value.kind == JSON_NUMBER && known->type == TW_TYPE_INT)
        return set_integer(setting, attribute, value, error);
    if (value.kind == JSON_NUMBER)
        return set_scaled(setting, attribute, known->type, text, error);
    return request_set(setting->request, attribute, text, error);
}

enum tw_status attribute_set_json(tw_request *request, int attribute, struct json_value value,
                                  struct buffer *scratch, struct tw_error *error)
{
    struct setting_json setting = {.request = request, .scratch = scratch};
    return set_member(&setting, attribute, value, error);
}

static struct text member_name(struct setting_json *setting, const struct json_member *member)
{
    if (!member->escaped)
        return member->name;
    struct json_value quoted = {JSON_STRING, {member->name.data - 1, member->name.length + 2}};
    buffer_clear(setting->scratch);
    return json_string_decode(quoted, setting->scratch) == TW_OK ? buffer_view(setting->scratch)
                                                                 : TEXT("");
}

static enum tw_status set_members(struct setting_json *setting, struct json_value root,
                                  struct tw_error *error)
{
    struct json_iterator members = json_members_begin(root);
    struct json_member member;
    uint64_t seen[16] = {0}; /* a bit for each attribute: MAX_ATTRIBUTES is 1000 */
    while (json_next_member(&members, &member)) {
        struct text name = member_name(setting, &member);
        int attribute = attribute_find(setting->request->policy, name);
        if (attribute < 0 && setting->ignore_unknown)
            continue;
        if (attribute < 0)
            return attribute_unknown(setting->request->policy, name, error);
        uint64_t bit = (uint64_t)1 << (attribute % 64), *word = &seen[attribute / 64 % 16];
        if (*word & bit)
            return fail(error, TW_INVALID, "`%s` stands there twice",
                        setting->request->policy->attributes[attribute].name);
        *word |= bit;
        enum tw_status status = set_member(setting, attribute, member.value, error);
        if (status)
            return status;
    }
    return TW_OK;
}

enum tw_status attributes_set_json(tw_request *request, struct json_value object,
                                   bool ignore_unknown, struct buffer *scratch,
                                   struct tw_error *error)
{
    struct setting_json setting = {request, ignore_unknown, scratch};
    return set_members(&setting, object, error);
}
