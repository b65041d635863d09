/* runtime/budget_value.c: a request's attributes as buckets of budgets and the ledger have them, so
 * that both agree on which value is which. See budget.h. */
#include "base/json.h"
#include "runtime/budget.h"

enum { LONGEST_VALUE = 64 /* bytes */, LONGEST_PRINTED = 1 << 20 };

/* The same inside a JSON string as outside, and readable in a report. */
static bool is_plain(struct text text)
{
    if (text.length > LONGEST_VALUE || utf8_valid_prefix(text) != text.length)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte < ' ' || byte == '"' || byte == '\\' || byte == 0x7f)
            return false;
    }
    return true;
}

struct text budget_value(const tw_request *request, int attribute, struct arena *arena)
{
    struct buffer printed;
    struct text value = TEXT("");
    buffer_init(&printed, LONGEST_PRINTED);
    if (request_print(request, attribute, &printed)) {
        struct text text = buffer_view(&printed);
        value = printed.status == TW_OK && is_plain(text)
                    ? arena_text(arena, text)
                    : arena_format(arena, "#%016llx", (unsigned long long)text_hash(text, 0));
    }
    buffer_free(&printed);
    return value;
}

static bool keeps_a_budget(const tw_policy *policy, uint32_t attribute)
{
    for (uint32_t i = 0; i < policy->count_BUDGETS; i++)
        if (policy->section_BUDGETS[i].by_and_one == attribute + 1)
            return true;
    return false;
}

static bool is_own(const struct image_attribute *row)
{
    return !row->builtin && row->needed &&
           (row->from == TW_FROM_CALLER || row->from == TW_FROM_HEADER ||
            row->from == TW_FROM_BODY);
}

/* What a policy reads of the built-in ones, and no other member of a row tells. */
static bool is_told_nowhere_else(const tw_policy *policy, const struct image_attribute *row)
{
    static const char *const names[] = {"priority",          "request_type", "batch_mode",
                                        "deadline",          "endpoint",     "messages",
                                        "max_output_tokens", "stream",       "tools"};
    struct text name = image_slice(policy, row->name);
    for (size_t i = 0; row->builtin && row->needed && i < sizeof names / sizeof names[0]; i++)
        if (text_is(name, names[i]))
            return true;
    return false;
}

/* Adds one member, if there is room; false where there is none. */
static bool add_member(struct buffer *json, const tw_request *request, uint32_t attribute,
                       struct arena *arena)
{
    const tw_policy *policy = request->policy;
    const struct image_attribute *row = &policy->section_ATTRIBUTES[attribute];
    struct text name = image_slice(policy, row->name);
    struct text value = budget_value(request, (int)attribute, arena);
    static const char marks[] = ",\"\":\"\"}";
    if (value.length == 0)
        return true;
    if (json->length + name.length + value.length + sizeof marks > LEDGER_TEXT_MAX)
        return false;
    buffer_byte(json, json->length ? ',' : '{');
    json_write_string(json, name);
    buffer_byte(json, ':');
    json_write_string(json, value);
    return true;
}

enum tw_status budget_attributes(const tw_request *request, struct arena *arena, struct text *json,
                                 struct tw_error *error)
{
    const tw_policy *policy = request->policy;
    struct buffer buffer;
    bool fits = true;
    buffer_init(&buffer, LEDGER_TEXT_MAX + 1);
    for (uint32_t i = 0; policy->count_BUDGETS && i < policy->count_ATTRIBUTES; i++)
        if (keeps_a_budget(policy, i))
            fits = fits && add_member(&buffer, request, i, arena);
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        if (is_own(&policy->section_ATTRIBUTES[i]) && !keeps_a_budget(policy, i))
            add_member(&buffer, request, i, arena);
    for (uint32_t i = 0; i < policy->count_ATTRIBUTES; i++)
        if (is_told_nowhere_else(policy, &policy->section_ATTRIBUTES[i]) &&
            !keeps_a_budget(policy, i))
            add_member(&buffer, request, i, arena);
    if (buffer.length)
        buffer_byte(&buffer, '}');
    *json = buffer.length ? arena_text(arena, buffer_view(&buffer)) : TEXT("");
    bool failed = buffer.status != TW_OK || arena->failed;
    buffer_free(&buffer);
    if (failed)
        return fail(error, TW_NO_MEMORY, "out of memory");
    return fits ? TW_OK
                : fail(error, TW_LIMIT, "the attributes that budgets are kept by are too long");
}
