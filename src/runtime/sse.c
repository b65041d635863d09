/* runtime/sse.c: see sse.h. Takes bytes from the network; owns three buffers with a limit each. */
#include "runtime/sse.h"

#include <string.h>

void sse_init(struct sse *sse, size_t event_max)
{
    *sse = (struct sse){.begun = false};
    buffer_init(&sse->line, event_max);
    buffer_init(&sse->name, event_max);
    buffer_init(&sse->data, event_max);
}

void sse_free(struct sse *sse)
{
    buffer_free(&sse->line);
    buffer_free(&sse->name);
    buffer_free(&sse->data);
}

static enum tw_status end_event(struct sse *sse, sse_visitor visit, void *context)
{
    struct sse_event event = {buffer_view(&sse->name), buffer_view(&sse->data)};
    enum tw_status status = sse->has_data ? visit(context, &event) : TW_OK;
    buffer_clear(&sse->name);
    buffer_clear(&sse->data);
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

static enum tw_status end_line(struct sse *sse, sse_visitor visit, void *context)
{
    struct text line = buffer_view(&sse->line);
    if (!sse->begun)
        line = without_mark(line);
    sse->begun = true;
    sse->line.length = 0;
    if (line.length == 0)
        return end_event(sse, visit, context);
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

enum tw_status sse_feed(struct sse *sse, struct text bytes, sse_visitor visit, void *context)
{
    enum tw_status status = TW_OK;
    while (status == TW_OK && bytes.length > 0) {
        bool line_goes_on = sse->after_return && bytes.data[0] == '\n';
        sse->after_return = false;
        size_t length = line_goes_on ? 0 : line_part(bytes);
        buffer_append(&sse->line, bytes.data, length);
        status = sse->line.status;
        if (status == TW_OK && !line_goes_on && length < bytes.length) {
            sse->after_return = bytes.data[length] == '\r';
            status = end_line(sse, visit, context);
        }
        length += length < bytes.length;
        bytes = (struct text){bytes.data + length, bytes.length - length};
    }
    return status;
}
