/* tests/property/glob.c: `like` against the plainest matcher that there is.
 *
 *     glob [PAIRS [SEED]]
 *
 * The one below follows the definition, code point by code point, and tries every length for each
 * `*`. The evaluators share glob_matches, so that agree cannot find its mistakes. The last line is
 * "N passed, N failed". */
#include "random.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

/* The length of the first code point; one for a byte that is not UTF-8. */
static size_t first(struct text text)
{
    size_t length = utf8_character(text.data, text.length);
    return length ? length : 1;
}

static struct text rest(struct text text, size_t length)
{
    return (struct text){text.data + length, text.length - length};
}

static bool matches(struct text pattern, struct text text)
{
    if (pattern.length == 0)
        return text.length == 0;
    if (pattern.data[0] == '*')
        return matches(rest(pattern, 1), text) ||
               (text.length > 0 && matches(pattern, rest(text, first(text))));
    if (text.length == 0)
        return false;
    size_t length = first(pattern);
    if (pattern.data[0] == '?')
        return matches(rest(pattern, 1), rest(text, first(text)));
    return text.length >= length &&
           text_equal((struct text){pattern.data, length}, (struct text){text.data, length}) &&
           matches(rest(pattern, length), rest(text, length));
}

static void write_random(struct random *random, bool pattern, struct buffer *out)
{
    static const char *const pieces[] = {"a", "b", "é", "日", "è", "😀", "*", "?", "*", "?"};
    buffer_clear(out);
    for (size_t i = random_below(random, 9); i > 0; i--)
        buffer_string(out, pieces[random_below(random, pattern ? 10 : 7)]);
}

int main(int argc, char **argv)
{
    uint64_t pairs = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000, failed = 0, held = 0;
    struct random random = {argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    struct buffer pattern, text;
    buffer_init(&pattern, 100);
    buffer_init(&text, 100);
    for (uint64_t i = 0; i < pairs && failed < 10; i++) {
        write_random(&random, true, &pattern);
        write_random(&random, false, &text);
        bool expected = matches(buffer_view(&pattern), buffer_view(&text));
        held += expected;
        if (glob_matches(buffer_view(&pattern), buffer_view(&text)) == expected)
            continue;
        failed++;
        printf("\"%.*s\" like \"%.*s\": expected %d\n", (int)text.length, buffer_view(&text).data,
               (int)pattern.length, buffer_view(&pattern).data, expected);
    }
    buffer_free(&pattern);
    buffer_free(&text);
    failed += held < pairs / 20;
    printf("%llu pairs matched\n%llu passed, %llu failed\n", (unsigned long long)held,
           (unsigned long long)(pairs - failed), (unsigned long long)failed);
    return failed > 0;
}
