/* Bytes to requests, in two pieces cut anywhere: nothing is read out of bounds, nothing is taken
 * twice, no limit is passed, and where the cut falls changes no more than the reason for
 * a refusal. */
#include "gateway/request_reader.h"

#include <stdlib.h>

static const struct request_limits limits = {
    .head_bytes = 2048, .header_count = 16, .body_bytes = 512};

static size_t feed(struct request_reader *reader, const char *bytes, size_t length)
{
    size_t used = reader_feed(reader, bytes, length);
    if (used > length || reader->head.length > limits.head_bytes ||
        reader->body.length > limits.body_bytes ||
        (reader->state == READER_REFUSED) != (reader->refusal != REFUSAL_NONE))
        abort();
    if (reader->state != READER_DONE && reader->state != READER_REFUSED && used != length)
        abort();
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data + 1;
    size_t length = size > 0 ? size - 1 : 0;
    size_t cut = length > 0 ? data[0] % length : 0;
    struct request_reader whole, parts;
    reader_init(&whole, &limits);
    reader_init(&parts, &limits);
    size_t used = feed(&whole, bytes, length);
    size_t first = feed(&parts, bytes, cut);
    size_t second = first == cut ? feed(&parts, bytes + cut, length - cut) : 0;
    if (whole.state != parts.state || (whole.state == READER_DONE && used != first + second))
        abort();
    reader_free(&whole);
    reader_free(&parts);
    return 0;
}
