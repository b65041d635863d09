/* gateway/stand_in_capacity.c: when flex has no room. Takes the text that stand_in.h describes,
 * gives a rule that is asked once a flex request. Fails where the text cannot be read. */
#include "gateway/stand_in_internal.h"

#include <string.h>

bool text_split(struct text text, char mark, struct text *before, struct text *behind)
{
    const char *at = text.length ? memchr(text.data, mark, text.length) : NULL;
    if (!at)
        return false;
    size_t length = (size_t)(at - text.data);
    *before = (struct text){text.data, length};
    *behind = (struct text){at + 1, text.length - length - 1};
    return true;
}

bool whole_number_parse(struct text text, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned digit = (unsigned)text.data[i] - '0';
        if (digit > 9 || value > (most - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return text.length > 0;
}

bool stand_in_share_read(struct text text, uint32_t *share)
{
    static const uint64_t scales[] = {10000, 1000, 100, 10};
    struct text whole = text, decimals = TEXT("");
    uint64_t units, parts = 0;
    if (text.length < 2 || text.data[text.length - 1] != '%')
        return false;
    whole.length--;
    bool pointed = text_split(whole, '.', &whole, &decimals);
    if (decimals.length > 3 || !whole_number_parse(whole, 100, &units))
        return false;
    if (pointed && !whole_number_parse(decimals, 999, &parts))
        return false;
    uint64_t value = units * scales[0] + parts * scales[decimals.length];
    *share = (uint32_t)value;
    return value <= SHARE_ALL;
}

/* Takes the next word off the front of the text; empty at its end. */
static struct text next_word(struct text *text)
{
    struct text word = text_trim(*text), rest = TEXT("");
    text_split(word, ' ', &word, &rest);
    *text = rest;
    return word;
}

static bool seconds_parse(struct text text, int64_t *milliseconds)
{
    uint64_t seconds;
    if (text.length < 2 || text.data[text.length - 1] != 's')
        return false;
    text.length--;
    if (!whole_number_parse(text, 1000000000, &seconds))
        return false;
    *milliseconds = (int64_t)seconds * 1000;
    return true;
}

static bool windows_parse(struct text word, struct text rest, struct capacity *capacity)
{
    capacity->kind = CAPACITY_WINDOWS;
    for (; word.length > 0; word = next_word(&rest)) {
        struct text from, to;
        size_t at = capacity->window_count;
        if (at == WINDOW_COUNT || !text_split(word, '-', &from, &to) ||
            !seconds_parse(from, &capacity->windows[at].from) ||
            !seconds_parse(to, &capacity->windows[at].to))
            return false;
        capacity->window_count++;
    }
    return capacity->window_count > 0;
}

static bool pattern_parse(struct text rest, struct capacity *capacity)
{
    struct text letters = text_trim(rest);
    capacity->kind = CAPACITY_PATTERN;
    if (letters.length == 0 || letters.length > PATTERN_LENGTH)
        return false;
    memcpy(capacity->pattern, letters.data, letters.length);
    capacity->pattern[letters.length] = '\0';
    return strspn(capacity->pattern, "RO") == letters.length;
}

static bool refuse_parse(struct text rest, struct capacity *capacity)
{
    struct text word = next_word(&rest);
    if (text_is(word, "first")) {
        capacity->kind = CAPACITY_FIRST;
        return whole_number_parse(text_trim(rest), UINT32_MAX, &capacity->first);
    }
    if (word.length > 0 && word.data[word.length - 1] == 's')
        return windows_parse(word, rest, capacity);
    capacity->kind = CAPACITY_SHARE;
    if (rest.length > 0)
        return false;
    if (text_is(word, "none") || text_is(word, "all")) {
        capacity->share = text_is(word, "all") ? SHARE_ALL : 0;
        return true;
    }
    return stand_in_share_read(word, &capacity->share);
}

enum tw_status capacity_parse(struct text text, struct capacity *capacity, struct tw_error *error)
{
    struct capacity read = {.kind = CAPACITY_SHARE};
    struct text rest = text;
    struct text verb = next_word(&rest);
    bool good = text_is(verb, "refuse")    ? refuse_parse(rest, &read)
                : text_is(verb, "pattern") ? pattern_parse(rest, &read)
                                           : false;
    if (!good)
        return fail(error, TW_INVALID,
                    "'%.*s' is no capacity; 'refuse 30%%', 'refuse first 3', 'refuse 0s-10s' and "
                    "'pattern RRO' are",
                    (int)text.length, text.data);
    *capacity = read;
    return TW_OK;
}

static bool in_window(const struct capacity *capacity, int64_t elapsed_ms)
{
    for (size_t i = 0; i < capacity->window_count; i++)
        if (elapsed_ms >= capacity->windows[i].from && elapsed_ms < capacity->windows[i].to)
            return true;
    return false;
}

bool capacity_refuses(const struct capacity *capacity, uint64_t seed, uint64_t ordinal,
                      int64_t elapsed_ms)
{
    switch (capacity->kind) {
    case CAPACITY_SHARE:
        return numbers_draw(seed, ordinal, 'f', capacity->share);
    case CAPACITY_FIRST:
        return ordinal < capacity->first;
    case CAPACITY_PATTERN:
        return capacity->pattern[ordinal % strlen(capacity->pattern)] == 'R';
    case CAPACITY_WINDOWS:
        return in_window(capacity, elapsed_ms);
    }
    return false;
}
