/* Bytes to the parts of a form. The first line is the Content-Type, the rest is the body: parts lie
 * in it, in order and apart, and none holds the boundary. Then the same bytes as the content of a
 * part that is well formed: it comes out as it went in. */
#include "gateway/multipart.h"

#include <stdlib.h>
#include <string.h>

#define TYPE "multipart/form-data; boundary=\"0a-B\""
#define HEAD "--0a-B\r\nContent-Disposition: form-data; name=\"n\"; filename=\"f\\\"\"\r\n\r\n"
#define TAIL "\r\n--0a-B--\r\n"

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static bool lies_in(struct text inner, const char *from, const char *end)
{
    return inner.length == 0 || (inner.data >= from && inner.data + inner.length <= end);
}

static void decode(struct text written)
{
    struct buffer out;
    buffer_init(&out, 1 << 20);
    multipart_decode(written, &out);
    expect(out.status == TW_OK && out.length <= written.length);
    buffer_free(&out);
}

/* Bytes that nobody has made for this. */
static void read_any(struct text type, struct text body)
{
    struct multipart form;
    struct multipart_part part;
    struct tw_error error;
    bool found = true;
    const char *at = body.data, *end = body.data + body.length;
    multipart_is_form(type);
    if (multipart_begin(&form, type, body, &error) != TW_OK)
        return;
    while (multipart_next(&form, &part, &found, &error) == TW_OK && found) {
        expect(lies_in(part.name, at, end) && lies_in(part.filename, at, end) &&
               lies_in(part.content, at, end));
        expect(
            !memmem(part.content.data, part.content.length, form.delimiter, form.delimiter_length));
        expect(form.parts <= MULTIPART_PARTS_MAX);
        at = part.content.data + part.content.length;
        decode(part.name);
        decode(part.filename);
    }
    expect(found || form.closed);
}

static void read_own(struct text content)
{
    struct multipart form;
    struct multipart_part part;
    struct tw_error error;
    struct buffer body;
    bool found;
    if (memmem(content.data, content.length, "\r\n--0a-B", 8))
        return;
    buffer_init(&body, 1 << 22);
    buffer_string(&body, HEAD);
    buffer_text(&body, content);
    buffer_string(&body, TAIL);
    expect(multipart_begin(&form, TEXT(TYPE), buffer_view(&body), &error) == TW_OK);
    expect(multipart_next(&form, &part, &found, &error) == TW_OK && found);
    expect(text_equal(part.content, content) && text_is(part.name, "n") && part.has_filename);
    expect(multipart_next(&form, &part, &found, &error) == TW_OK && !found);
    buffer_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text all = {(const char *)data, size};
    const char *line = size ? memchr(data, '\n', size) : NULL;
    size_t length = line ? (size_t)(line - all.data) : size, rest = line ? length + 1 : size;
    if (size > 1 << 20)
        return 0;
    read_any((struct text){all.data, length}, (struct text){all.data + rest, size - rest});
    read_own(all);
    return 0;
}
