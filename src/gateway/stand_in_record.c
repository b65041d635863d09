/* gateway/stand_in_record.c: API requests as they came, one JSON line each. The record stops
 * growing at its limit; what came after that is counted. */
#include "gateway/stand_in_internal.h"

void base64_print(struct buffer *out, struct text bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < bytes.length; at += 3) {
        size_t left = bytes.length - at;
        uint32_t group = (uint32_t)(unsigned char)bytes.data[at] << 16;
        if (left > 1)
            group |= (uint32_t)(unsigned char)bytes.data[at + 1] << 8;
        if (left > 2)
            group |= (uint32_t)(unsigned char)bytes.data[at + 2];
        const char quartet[] = {digits[group >> 18], digits[group >> 12 & 63],
                                left > 1 ? digits[group >> 6 & 63] : '=',
                                left > 2 ? digits[group & 63] : '='};
        buffer_append(out, quartet, sizeof quartet);
    }
}

void record_request(struct stand_in *stand_in, const struct http_request *request)
{
    struct buffer *record = &stand_in->record;
    size_t before = record->length;
    if (!stand_in->options.record)
        return;
    buffer_format(record, "{\"number\":%llu,\"method\":", (unsigned long long)stand_in->calls);
    json_write_string(record, request->method);
    buffer_string(record, ",\"path\":");
    json_write_string(record, request->target);
    buffer_string(record, ",\"head\":\"");
    base64_print(record, request->head);
    buffer_string(record, "\",\"body\":\"");
    base64_print(record, request->body);
    buffer_string(record, "\"}\n");
    if (record->status) {
        record->length = before; /* without the line that did not fit */
        stand_in->unrecorded++;
    }
}
