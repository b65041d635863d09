/* runtime/sse.c: see sse.h. Takes bytes from the network; owns four buffers with a limit each. */
#include "runtime/sse.h"

#include <string.h>

void sse_init(struct sse *sse, size_t event_max)
{
    *sse = (struct sse){.begun = false};
    buffer_init(&sse->line, event_max);
    buffer_init(&sse->name, event_max);
    buffer_init(&sse->data, event_max);
    buffer_init(&sse->raw, event_max);
}

void sse_free(struct sse *sse)
{
    buffer_free(&sse->line);
    buffer_free(&sse->name);
    buffer_free(&sse->data);
    buffer_free(&sse->raw);
}

/* The bytes up to `end` are the event's. Only what came with earlier pieces has to be copied. */
static struct text claim_raw(struct sse *sse, const char *end)
{
    struct text bytes = {sse->unclaimed, (size_t)(end - sse->unclaimed)};
    sse->unclaimed = end;
    if (sse->raw.length == 0)
        return bytes;
    buffer_text(&sse->raw, bytes);
    return buffer_view(&sse->raw);
}

static enum tw_status end_event(struct sse *sse, const char *end, sse_visitor visit, void *context)
{
    struct sse_event event = {.name = buffer_view(&sse->name),
                              .data = buffer_view(&sse->data),
                              .raw = TEXT(""),
                              .has_data = sse->has_data};
    if (sse->keep_raw)
        event.raw = claim_raw(sse, end);
    enum tw_status status = sse->raw.status;
    if (status == TW_OK && (sse->has_data || sse->keep_raw))
        status = visit(context, &event);
    buffer_clear(&sse->name);
    buffer_clear(&sse->data);
    buffer_clear(&sse->raw);
    sse->has_data = false;
    return status;
}

static enum tw_status take_field(struct sse *sse, struct text field, struct text value)
{
    if (text_is(field, "data")) {
        if (sse->has_data)
            buffer_byte(&sse->data, '\n');
        buffer_text(&sse->data, value);
        sse->has_data = true;
        return sse->data.status;
    }
    if (text_is(field, "event")) {
        buffer_clear(&sse->name);
        buffer_text(&sse->name, value);
        return sse->name.status;
    }
    return TW_OK;
}

static struct text without_mark(struct text line)
{
    static const char mark[] = "\xEF\xBB\xBF";
    bool marked = line.length >= 3 && memcmp(line.data, mark, 3) == 0;
    return marked ? (struct text){line.data + 3, line.length - 3} : line;
}

/* `end`: of the line in the bytes that are fed. */
static enum tw_status end_line(struct sse *sse, const char *end, sse_visitor visit, void *context)
{
    struct text line = buffer_view(&sse->line);
    if (!sse->begun)
        line = without_mark(line);
    sse->begun = true;
    sse->line.length = 0;
    if (line.length == 0)
        return end_event(sse, end, visit, context);
    const char *colon = memchr(line.data, ':', line.length);
    if (colon == line.data)
        return TW_OK;
    struct text field = {line.data, colon ? (size_t)(colon - line.data) : line.length};
    struct text value = TEXT("");
    if (colon)
        value = (struct text){colon + 1, line.length - field.length - 1};
    if (value.length && value.data[0] == ' ')
        value = (struct text){value.data + 1, value.length - 1};
    return take_field(sse, field, value);
}

/* How many bytes stand before the next line end. */
static size_t line_part(struct text bytes)
{
    const char *feed = memchr(bytes.data, '\n', bytes.length);
    size_t length = feed ? (size_t)(feed - bytes.data) : bytes.length;
    const char *carriage = memchr(bytes.data, '\r', length);
    return carriage ? (size_t)(carriage - bytes.data) : length;
}

/* CR, LF or CRLF; a CR may be all that has come of a CRLF. */
static size_t line_end(struct text bytes, size_t at)
{
    if (at == bytes.length)
        return 0;
    return bytes.data[at] == '\r' && at + 1 < bytes.length && bytes.data[at + 1] == '\n' ? 2 : 1;
}

/* One line, or what has come of it; how many bytes were used. */
static size_t take_line(struct sse *sse, struct text bytes, sse_visitor visit, void *context,
                        enum tw_status *status)
{
    size_t length = line_part(bytes), end = line_end(bytes, length);
    buffer_append(&sse->line, bytes.data, length);
    *status = sse->line.status;
    if (*status != TW_OK || end == 0)
        return length;
    length += end;
    sse->after_return = bytes.data[length - 1] == '\r';
    *status = end_line(sse, bytes.data + length, visit, context);
    return length;
}

enum tw_status sse_feed(struct sse *sse, struct text bytes, sse_visitor visit, void *context)
{
    enum tw_status status = TW_OK;
    sse->unclaimed = bytes.data;
    while (status == TW_OK && bytes.length > 0) {
        bool line_goes_on = sse->after_return && bytes.data[0] == '\n';
        sse->after_return = false;
        size_t used = line_goes_on ? 1 : take_line(sse, bytes, visit, context, &status);
        bytes = (struct text){bytes.data + used, bytes.length - used};
    }
    if (status == TW_OK && sse->keep_raw) {
        buffer_append(&sse->raw, sse->unclaimed, (size_t)(bytes.data - sse->unclaimed));
        status = sse->raw.status;
    }
    return status;
}

struct text sse_rest(const struct sse *sse)
{
    return buffer_view(&sse->raw);
}
