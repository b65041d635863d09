/* gateway/api_error.c: prints errors in OpenAI's shape. Takes texts, appends to the caller's
 * buffer, owns nothing; a failed append shows in the buffer. */
#include "gateway/api_error.h"

static void print_escaped(struct buffer *buffer, char byte)
{
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                   ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    unsigned char at = (unsigned char)byte;
    char letter = at < sizeof letters ? letters[at] : '\0';
    if (letter) {
        buffer_byte(buffer, '\\');
        buffer_byte(buffer, letter);
    } else {
        buffer_format(buffer, "\\u%04x", at);
    }
}

void json_string_print(struct buffer *buffer, struct text text)
{
    buffer_byte(buffer, '"');
    for (size_t at = 0; at < text.length;) {
        size_t width = utf8_character(text.data + at, text.length - at);
        char byte = text.data[at];
        bool special = width == 1 && ((unsigned char)byte < 0x20 || byte == '"' || byte == '\\');
        if (width == 0)
            buffer_string(buffer, "\\ufffd");
        else if (special)
            print_escaped(buffer, byte);
        else
            buffer_append(buffer, text.data + at, width);
        at += width ? width : 1;
    }
    buffer_byte(buffer, '"');
}

static void print_member(struct buffer *buffer, const char *name, const char *value)
{
    buffer_format(buffer, "\"%s\":", name);
    if (value)
        json_string_print(buffer, text_of(value));
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
