/* gateway/background_query.c: what a request says beside its body: parameters of the query, and
 * attributes for the policy. Takes bytes that nobody has checked. */
#include "gateway/background_internal.h"

#include "base/json.h"
#include "base/value.h"

#include <string.h>

enum { ATTRIBUTES_MAX = 256, VALUE_MAX = 4096 };

#define ATTRIBUTE_PREFIX "x-tierway-"

static int digit_of(char byte)
{
    static const char digits[] = "0123456789abcdef";
    char small = byte >= 'A' && byte <= 'F' ? (char)(byte | 0x20) : byte;
    const char *found = small ? strchr(digits, small) : NULL;
    return found ? (int)(found - digits) : -1;
}

struct text decode_percent(struct task *task, struct text text, bool plus_is_blank)
{
    char *decoded = arena_alloc(&task->arena, text.length + 1, 1);
    size_t length = 0;
    for (size_t i = 0; i < text.length && decoded; i++) {
        char byte = text.data[i];
        if (byte == '%') {
            int high = i + 2 < text.length ? digit_of(text.data[i + 1]) : -1;
            int low = high >= 0 ? digit_of(text.data[i + 2]) : -1;
            if (low < 0)
                return TEXT("");
            byte = (char)(high << 4 | low);
            i += 2;
        } else if (byte == '+' && plus_is_blank) {
            byte = ' ';
        }
        decoded[length++] = byte;
    }
    return decoded ? (struct text){decoded, length} : TEXT("");
}

bool query_text(struct task *task, const char *name, struct text *value)
{
    struct text rest = task->query;
    size_t name_length = strlen(name);
    while (rest.length) {
        const char *end = memchr(rest.data, '&', rest.length);
        size_t length = end ? (size_t)(end - rest.data) : rest.length;
        if (length > name_length && memcmp(rest.data, name, name_length) == 0 &&
            rest.data[name_length] == '=') {
            *value = decode_percent(
                task, (struct text){rest.data + name_length + 1, length - name_length - 1}, true);
            return true;
        }
        length += end != NULL;
        rest = (struct text){rest.data + length, rest.length - length};
    }
    return false;
}

static bool refuse(struct task *task, const char *param, const struct tw_error *error)
{
    task_error(task, 400, "invalid_value", param, error->message);
    return false;
}

bool query_number(struct task *task, const char *name, int64_t low, int64_t high, int64_t *number)
{
    struct text value;
    struct tw_error error;
    if (!query_text(task, name, &value))
        return true;
    if (decimal_parse(value, 0, number) == TW_OK && *number >= low && *number <= high)
        return true;
    fail(&error, TW_INVALID, "'%s' is a whole number from %lld to %lld.", name, (long long)low,
         (long long)high);
    return refuse(task, name, &error);
}

bool task_may_see(const struct task *task, struct text owner)
{
    return task->everything || text_equal(task->owner, owner);
}

/* --- attributes --- */

/* What only the queue knows, or the request itself. */
static bool is_queues_own(struct text name)
{
    static const char *const names[] = {"attempt", "waited", "deadline", "batch_mode"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (text_is(name, names[i]))
            return true;
    return false;
}

/* "x-tierway-Request-Type" as the policy writes it; empty for another header. */
static struct text attribute_name(struct task *task, struct text header)
{
    const size_t prefix = strlen(ATTRIBUTE_PREFIX);
    if (header.length <= prefix ||
        !http_name_is((struct text){header.data, prefix}, ATTRIBUTE_PREFIX))
        return TEXT("");
    struct text name =
        arena_text(&task->arena, (struct text){header.data + prefix, header.length - prefix});
    for (size_t i = 0; i < name.length; i++) {
        char *byte = (char *)name.data + i;
        *byte = *byte == '-' ? '_' : *byte >= 'A' && *byte <= 'Z' ? (char)(*byte | 0x20) : *byte;
    }
    return name;
}

struct reading {
    struct task *task;
    tw_request *request; /* that values are tried on */
    const tw_policy *policy;
    struct tw_pair *pairs;
    size_t count;
};

static bool is_given(const struct reading *reading, struct text name)
{
    for (size_t i = 0; i < reading->count; i++)
        if (text_is(name, reading->pairs[i].name))
            return true;
    return false;
}

/* Passes over what may not be set, is not known, or was given already. */
static bool take_attribute(struct reading *reading, struct text header, struct text value)
{
    struct task *task = reading->task;
    struct text name = attribute_name(task, header);
    struct tw_error error = {.message = "The gateway is out of memory."};
    const struct callers *callers = task->snapshot->callers;
    if (name.length == 0 || is_queues_own(name) || reading->count == ATTRIBUTES_MAX ||
        (callers && !caller_may_set(callers, task->caller, header)) ||
        tw_policy_find_attribute(reading->policy, name.data) < 0 || is_given(reading, name))
        return true;
    struct text kept = arena_text(&task->arena, value);
    if (!kept.data || tw_request_set(reading->request, name.data, kept.data, &error) != TW_OK)
        return refuse(task, NULL, &error);
    reading->pairs[reading->count++] = (struct tw_pair){name.data, kept.data};
    return true;
}

static bool take_metadata(struct reading *reading, struct json_value metadata)
{
    struct json_iterator all = json_members_begin(metadata);
    struct json_member member;
    bool good = true;
    while (good && json_next_member(&all, &member)) {
        struct buffer value;
        buffer_init(&value, VALUE_MAX);
        if (json_string_decode(member.value, &value) == TW_OK)
            good = take_attribute(reading, member.name, buffer_view(&value));
        buffer_free(&value);
    }
    return good;
}

static bool take_all(struct reading *reading, const struct json_value *metadata)
{
    const struct task *task = reading->task;
    bool good = true;
    for (size_t i = 0; i < task->header_count && good; i++)
        good = take_attribute(reading, task->headers[i].name, task->headers[i].value);
    return good && (!metadata || take_metadata(reading, *metadata));
}

bool read_attributes(struct task *task, const struct json_value *metadata, struct tw_pair **pairs,
                     size_t *count)
{
    const tw_policy *policy = task->snapshot->policy;
    struct reading reading = {.task = task, .policy = policy};
    reading.pairs = ARENA_ARRAY(&task->arena, struct tw_pair, ATTRIBUTES_MAX + 2);
    bool good = reading.pairs && tw_request_new(policy, &reading.request) == TW_OK;
    if (!good)
        task_error(task, 503, "out_of_memory", NULL, "The gateway is out of memory.");
    good = good && take_all(&reading, metadata);
    if (good && !is_given(&reading, TEXT("request_type")) &&
        !is_given(&reading, TEXT("interactive")))
        reading.pairs[reading.count++] = (struct tw_pair){"request_type", "background"};
    if (good)
        reading.pairs[reading.count++] = (struct tw_pair){"batch_mode", "true"};
    tw_request_free(reading.request);
    *pairs = reading.pairs;
    *count = reading.count;
    return good;
}
