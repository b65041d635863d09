/* gateway/multipart.c: see multipart.h. Takes bytes that nobody has checked, and owns nothing. */
#include "gateway/multipart.h"

#include <string.h>
#include <strings.h>

static enum tw_status refuse(struct tw_error *error, const char *what)
{
    return fail(error, TW_INVALID, "The multipart body is malformed: %s.", what);
}

static bool begins(struct text text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length >= length && memcmp(text.data, prefix, length) == 0;
}

static bool begins_in_any_case(struct text text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length >= length && strncasecmp(text.data, prefix, length) == 0;
}

static struct text behind(struct text text, size_t length)
{
    return (struct text){text.data + length, text.length - length};
}

static struct text skip_blanks(struct text text)
{
    while (text.length && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = behind(text, 1);
    return text;
}

/* --- parameters of a header: name=token; name="quoted \" text" --- */

struct parameter {
    struct text name, value;
};

/* The length of a quoted text up to its closing quote; SIZE_MAX where there is none. */
static size_t quoted_length(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"')
            return i;
        if (text.data[i] == '\\' && i + 1 < text.length &&
            (text.data[i + 1] == '"' || text.data[i + 1] == '\\'))
            i++;
    }
    return SIZE_MAX;
}

static size_t length_before(struct text text, const char *ends)
{
    size_t length = 0;
    while (length < text.length && text.data[length] && !strchr(ends, text.data[length]))
        length++;
    return length;
}

/* Takes `; name=value` from the front; false where that is not what stands there. */
static bool take_parameter(struct text *rest, struct parameter *parameter)
{
    struct text at = skip_blanks(*rest);
    if (!begins(at, ";"))
        return false;
    at = skip_blanks(behind(at, 1));
    size_t length = length_before(at, "= \t;\"");
    parameter->name = (struct text){at.data, length};
    at = behind(at, length);
    if (length == 0 || !begins(at, "="))
        return false;
    at = behind(at, 1);
    bool quoted = begins(at, "\"");
    at = behind(at, quoted);
    length = quoted ? quoted_length(at) : length_before(at, "; \t\"");
    if (length == SIZE_MAX || (length == 0 && !quoted))
        return false;
    parameter->value = (struct text){at.data, length};
    *rest = skip_blanks(behind(at, length + quoted));
    return true;
}

/* --- the boundary --- */

#define FORM_TYPE "multipart/form-data"

bool multipart_is_form(struct text content_type)
{
    const size_t length = strlen(FORM_TYPE);
    return begins_in_any_case(content_type, FORM_TYPE) &&
           (content_type.length == length || strchr("; \t", content_type.data[length]));
}

static bool is_boundary(struct text boundary)
{
    static const char others[] = "'()+_,-./:=? ";
    for (size_t i = 0; i < boundary.length; i++) {
        char byte = boundary.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && (byte == '\0' || !strchr(others, byte)))
            return false;
    }
    return boundary.length > 0 && boundary.length <= MULTIPART_BOUNDARY_MAX &&
           boundary.data[boundary.length - 1] != ' ';
}

static enum tw_status find_boundary(struct text content_type, struct text *boundary,
                                    struct tw_error *error)
{
    struct parameter parameter;
    *boundary = TEXT("");
    if (!multipart_is_form(content_type))
        return refuse(error, "its type is not " FORM_TYPE);
    struct text rest = skip_blanks(behind(content_type, strlen(FORM_TYPE)));
    while (rest.length) {
        if (!take_parameter(&rest, &parameter))
            return refuse(error, "the parameters of its type cannot be read");
        if (parameter.name.length != 8 || !begins_in_any_case(parameter.name, "boundary"))
            continue;
        if (boundary->length)
            return refuse(error, "it has two boundaries");
        *boundary = parameter.value;
        if (!is_boundary(*boundary))
            return refuse(error, "its boundary is not of the letters that one may have");
    }
    return boundary->length ? TW_OK : refuse(error, "its type names no boundary");
}

/* What stands behind a boundary: the rest of its line, or the sign that it was the last. */
static enum tw_status read_boundary_end(struct multipart *multipart, struct tw_error *error)
{
    struct text rest = multipart->rest;
    multipart->closed = begins(rest, "--");
    rest = skip_blanks(behind(rest, multipart->closed ? 2 : 0));
    if (multipart->closed && rest.length == 0)
        return TW_OK;
    if (!begins(rest, "\r\n"))
        return refuse(error, "something stands behind a boundary");
    multipart->rest = behind(rest, 2);
    if (multipart->closed && multipart->rest.length)
        return refuse(error, "something stands behind the last boundary");
    return TW_OK;
}

enum tw_status multipart_begin(struct multipart *multipart, struct text content_type,
                               struct text body, struct tw_error *error)
{
    struct text boundary;
    enum tw_status status = find_boundary(content_type, &boundary, error);
    if (status != TW_OK)
        return status;
    *multipart = (struct multipart){.delimiter_length = 4 + boundary.length};
    memcpy(multipart->delimiter, "\r\n--", 4);
    memcpy(multipart->delimiter + 4, boundary.data, boundary.length);
    size_t first = multipart->delimiter_length - 2; /* without the line end */
    if (body.length < first || memcmp(body.data, multipart->delimiter + 2, first) != 0)
        return refuse(error, "it does not begin with its boundary");
    multipart->rest = behind(body, first);
    return read_boundary_end(multipart, error);
}

/* --- parts --- */

static enum tw_status read_disposition(struct text value, struct multipart_part *part,
                                       struct tw_error *error)
{
    struct parameter parameter;
    bool named = false;
    if (!begins_in_any_case(value, "form-data"))
        return refuse(error, "a part is not form-data");
    struct text rest = skip_blanks(behind(value, strlen("form-data")));
    while (rest.length) {
        if (!take_parameter(&rest, &parameter))
            return refuse(error, "a Content-Disposition cannot be read");
        bool name = parameter.name.length == 4 && begins_in_any_case(parameter.name, "name");
        bool file = parameter.name.length == 8 && begins_in_any_case(parameter.name, "filename");
        if ((name && named) || (file && part->has_filename))
            return refuse(error, "a part has two names");
        named |= name;
        part->has_filename |= file;
        if (name)
            part->name = parameter.value;
        else if (file)
            part->filename = parameter.value;
    }
    return named ? TW_OK : refuse(error, "a part has no name");
}

static bool is_plain_encoding(struct text value)
{
    static const char *const words[] = {"7bit", "8bit", "binary"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (value.length == strlen(words[i]) && begins_in_any_case(value, words[i]))
            return true;
    return false;
}

static enum tw_status read_header(struct text line, struct multipart_part *part, bool *disposed,
                                  struct tw_error *error)
{
    size_t length = length_before(line, ": \t");
    struct text name = {line.data, length};
    if (length == 0 || length == line.length || line.data[length] != ':')
        return refuse(error, "a part has a line that is no header");
    struct text value = text_trim(behind(line, length + 1));
    if (name.length == strlen("content-transfer-encoding") &&
        begins_in_any_case(name, "content-transfer-encoding"))
        return is_plain_encoding(value) ? TW_OK : refuse(error, "a part is encoded");
    if (name.length != strlen("content-disposition") ||
        !begins_in_any_case(name, "content-disposition"))
        return TW_OK;
    if (*disposed)
        return refuse(error, "a part has two Content-Dispositions");
    *disposed = true;
    return read_disposition(value, part, error);
}

/* The headers of a part, up to the line that is blank. */
static enum tw_status read_head(struct multipart *multipart, struct multipart_part *part,
                                struct tw_error *error)
{
    const char *start = multipart->rest.data;
    bool disposed = false;
    for (;;) {
        struct text rest = multipart->rest;
        const char *end = memmem(rest.data, rest.length, "\r\n", 2);
        size_t length = end ? (size_t)(end - rest.data) : rest.length;
        if ((size_t)(rest.data - start) + length > MULTIPART_HEAD_MAX)
            return fail(error, TW_LIMIT, "The headers of a part are too long.");
        if (!end)
            return refuse(error, "it ends within the headers of a part");
        multipart->rest = behind(rest, length + 2);
        if (length == 0)
            return disposed ? TW_OK : refuse(error, "a part has no Content-Disposition");
        struct text line = {rest.data, length};
        if (memchr(line.data, '\n', length) || memchr(line.data, '\r', length))
            return refuse(error, "a header holds half of a line end");
        enum tw_status status = read_header(line, part, &disposed, error);
        if (status != TW_OK)
            return status;
    }
}

enum tw_status multipart_next(struct multipart *multipart, struct multipart_part *part, bool *found,
                              struct tw_error *error)
{
    *part = (struct multipart_part){.has_filename = false};
    *found = !multipart->closed;
    if (multipart->closed)
        return TW_OK;
    if (multipart->parts++ == MULTIPART_PARTS_MAX)
        return fail(error, TW_LIMIT, "The multipart body has more than %d parts.",
                    MULTIPART_PARTS_MAX);
    enum tw_status status = read_head(multipart, part, error);
    if (status != TW_OK)
        return status;
    /* The content may be empty: then the line end of the blank line belongs to the boundary. */
    struct text rest = {multipart->rest.data - 2, multipart->rest.length + 2};
    const char *end =
        memmem(rest.data, rest.length, multipart->delimiter, multipart->delimiter_length);
    if (!end)
        return refuse(error, "its last boundary is missing");
    bool empty = end < multipart->rest.data;
    part->content =
        (struct text){multipart->rest.data, empty ? 0 : (size_t)(end - multipart->rest.data)};
    multipart->rest = behind(rest, (size_t)(end - rest.data) + multipart->delimiter_length);
    return read_boundary_end(multipart, error);
}

void multipart_decode(struct text written, struct buffer *out)
{
    static const struct {
        const char *escape;
        char byte;
    } rows[] = {{"\\\"", '"'}, {"\\\\", '\\'}, {"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}};
    while (written.length) {
        size_t used = 1, row = 0;
        while (row < sizeof rows / sizeof rows[0] && !begins_in_any_case(written, rows[row].escape))
            row++;
        bool escaped = row < sizeof rows / sizeof rows[0];
        if (escaped)
            used = strlen(rows[row].escape);
        buffer_byte(out, escaped ? rows[row].byte : written.data[0]);
        written = behind(written, used);
    }
}
