/* queue/batch_details.c: see batch_details.h. Reads what a store holds, so it believes none of it.
 */
#include "queue/batch_details.h"

#include "base/clock.h"
#include "base/json.h"

static const struct {
    struct text name;
    size_t offset;
} instants[] =
    {
#define INSTANT(name) {TEXT(#name), offsetof(struct batch_details, name)},
        BATCH_INSTANTS(INSTANT)
#undef INSTANT
},
  values[] = {
#define VALUE(name) {TEXT(#name), offsetof(struct batch_details, name)},
      BATCH_VALUES(VALUE)
#undef VALUE
};

enum {
    INSTANT_COUNT = sizeof instants / sizeof instants[0],
    VALUE_COUNT = sizeof values / sizeof values[0]
};

void batch_details_write(struct buffer *out, const struct batch_details *details)
{
    const char *base = (const char *)details, *between = "{";
    for (size_t i = 0; i < INSTANT_COUNT; i++) {
        int64_t instant = *(const int64_t *)(const void *)(base + instants[i].offset);
        if (instant == 0)
            continue;
        buffer_format(out, "%s\"%s\":%lld", between, instants[i].name.data, (long long)instant);
        between = ",";
    }
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        const struct text *value = (const void *)(base + values[i].offset);
        if (value->length == 0)
            continue;
        buffer_format(out, "%s\"%s\":", between, values[i].name.data);
        buffer_text(out, *value);
        between = ",";
    }
    buffer_string(out, between[0] == '{' ? "{}" : "}");
}

enum tw_status batch_details_read(struct text stored, struct batch_details *details,
                                  struct tw_error *error)
{
    char *base = (char *)details;
    struct json_value root, value;
    *details = (struct batch_details){0};
    enum tw_status status = json_parse(stored, &root, NULL);
    for (size_t i = 0; i < INSTANT_COUNT && status == TW_OK; i++) {
        int64_t *instant = (void *)(base + instants[i].offset);
        if (json_find(root, instants[i].name, &value) != TW_OK)
            continue;
        status = json_integer(value, instant);
        if (status == TW_OK && (*instant < 0 || *instant > INSTANT_LAST))
            status = TW_INVALID;
    }
    for (size_t i = 0; i < VALUE_COUNT && status == TW_OK; i++)
        if (json_find(root, values[i].name, &value) == TW_OK && value.kind != JSON_NULL)
            *(struct text *)(void *)(base + values[i].offset) = value.raw;
    return status == TW_OK ? TW_OK
                           : fail(error, TW_INVALID, "what the store has of the batch is damaged");
}
