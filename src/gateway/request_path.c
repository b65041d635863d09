/* gateway/request_path.c: see request_path.h. Takes texts, owns nothing, cannot fail. */
#include "gateway/request_path.h"

#include <string.h>

enum { PLAIN_BYTES = 64 };

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Takes the first byte of a path that is not empty, its escape undone. What is no escape stands for
 * itself; an escaped slash that is none is given as a zero. */
static char take_byte(struct text *path, bool slashes)
{
    char byte = path->data[0];
    size_t used = 1;
    if (byte == '%' && path->length >= 3) {
        int high = digit_value(path->data[1]), low = digit_value(path->data[2]);
        if (high >= 0 && low >= 0) {
            byte = (char)(high << 4 | low);
            byte = byte == '/' && !slashes ? '\0' : byte;
            used = 3;
        }
    }
    *path = (struct text){path->data + used, path->length - used};
    return byte;
}

/* How a segment changes the depth: it is empty or ".", it is "..", or any other. */
static int depth_of(size_t length, size_t dots)
{
    if (length == dots && length < 3)
        return length == 2 ? -1 : 0;
    return 1;
}

static bool climbs(struct text path, bool slashes)
{
    size_t length = 0, dots = 0; /* of the segment */
    int64_t depth = 0;
    while (path.length > 0 && depth >= 0) {
        char byte = take_byte(&path, slashes);
        if (byte == '/') {
            depth += depth_of(length, dots);
            length = dots = 0;
        } else {
            length++;
            dots += byte == '.';
        }
    }
    return depth < 0 || depth + depth_of(length, dots) < 0;
}

bool path_climbs(struct text path)
{
    return climbs(path, true) || climbs(path, false);
}

/* At the end of a segment: the length without it where it counts for nothing, and without the one
 * before it, too, where it is "..". */
static size_t end_segment(const char *plain, size_t length)
{
    size_t start = length;
    while (start > 0 && plain[start - 1] != '/')
        start--;
    struct text segment = {plain + start, length - start};
    if (segment.length > 0 && !text_is(segment, ".") && !text_is(segment, ".."))
        return length;
    size_t kept = start > 0 ? start - 1 : 0;
    if (text_is(segment, ".."))
        while (kept > 0 && plain[--kept] != '/')
            continue;
    return kept;
}

static bool leads_to(struct text path, const char *wanted, bool slashes)
{
    char plain[PLAIN_BYTES];
    size_t length = 0;
    while (path.length > 0) {
        char byte = take_byte(&path, slashes);
        if (byte == '/')
            length = end_segment(plain, length);
        if (length == sizeof plain)
            return false;
        plain[length++] = byte;
    }
    length = end_segment(plain, length);
    return text_is((struct text){plain, length}, wanted);
}

bool path_leads_to(struct text path, const char *wanted)
{
    return text_is(path, wanted) || leads_to(path, wanted, true) || leads_to(path, wanted, false);
}
