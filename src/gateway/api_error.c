/* gateway/api_error.c: prints errors in OpenAI's shape. Takes texts, appends to the caller's
 * buffer, owns nothing; a failed append shows in the buffer. */
#include "gateway/api_error.h"

#include "base/json.h"

static void print_member(struct buffer *buffer, const char *name, const char *value)
{
    buffer_format(buffer, "\"%s\":", name);
    if (value)
        json_write_string(buffer, text_of(value));
    else
        buffer_string(buffer, "null");
}

void api_error_print_inner(struct buffer *buffer, const struct api_error *error)
{
    buffer_byte(buffer, '{');
    print_member(buffer, "message", error->message);
    buffer_byte(buffer, ',');
    print_member(buffer, "type", error->type);
    buffer_byte(buffer, ',');
    print_member(buffer, "param", error->param);
    buffer_byte(buffer, ',');
    print_member(buffer, "code", error->code);
    buffer_byte(buffer, '}');
}

void api_error_print(struct buffer *buffer, const struct api_error *error)
{
    buffer_string(buffer, "{\"error\":");
    api_error_print_inner(buffer, error);
    buffer_byte(buffer, '}');
}
