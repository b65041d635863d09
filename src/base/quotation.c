/* base/quotation.c: see quotation.h. Owns nothing and allocates nothing. */
#include "base/quotation.h"

#include <string.h>

struct quotation quote(struct text text)
{
    struct quotation quotation = {"\""};
    const size_t room = sizeof quotation.text - sizeof "...\"";
    size_t at = 0, length = 1;
    while (at < text.length) {
        size_t size = utf8_character(text.data + at, text.length - at);
        if (length + (size ? size : 1) > room)
            break;
        bool plain = size > 1 || (size == 1 && text.data[at] >= ' ' && text.data[at] != 0x7F);
        memcpy(quotation.text + length, plain ? text.data + at : "?", plain ? size : 1);
        length += plain ? size : 1;
        at += size ? size : 1;
    }
    const char *end = at < text.length ? "...\"" : "\"";
    memcpy(quotation.text + length, end, strlen(end) + 1);
    return quotation;
}
