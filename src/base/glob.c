/* base/glob.c: the `like` operator's patterns. Allocates nothing, and works without backtracking
 * into more than the last `*`, so that no pattern takes more than the product of the lengths. */
#include "base/text.h"

/* Bytes of the character at `at`; one for a byte that is not UTF-8. */
static size_t step(struct text text, size_t at)
{
    size_t size = utf8_character(text.data + at, text.length - at);
    return size ? size : 1;
}

bool glob_matches(struct text pattern, struct text text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;
    while (t < text.length) {
        if (p < pattern.length && pattern.data[p] == '*') {
            star = ++p;
            resume = t;
        } else if (p < pattern.length && pattern.data[p] == '?') {
            p++;
            t += step(text, t);
        } else if (p < pattern.length && pattern.data[p] == text.data[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star;
            resume += step(text, resume);
            t = resume;
        } else {
            return false;
        }
    }
    while (p < pattern.length && pattern.data[p] == '*')
        p++;
    return p == pattern.length;
}
