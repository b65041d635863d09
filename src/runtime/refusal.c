/* runtime/refusal.c: looks answers up in refusals.def. Allocates nothing, cannot fail. */
#include "runtime/refusal.h"

#include <strings.h>

static const struct meaning_row meanings[] = {
#define MEANING(name, word, retry, step_down, wait, outcome)                                       \
    {word, retry, step_down, wait, LEDGER_##outcome},
#include "runtime/refusals.def"
};

static const struct refusal_row {
    const char *provider, *tier;
    int status;
    const char *type, *code, *message;
    enum meaning meaning;
} refusals[] = {
#define REFUSAL(provider, tier, status, type, code, message, meaning)                              \
    {provider, tier, status, type, code, message, MEANING_##meaning},
#include "runtime/refusals.def"
};

const struct meaning_row *meaning_row(enum meaning meaning)
{
    return &meanings[meaning];
}

static bool same_letter(char a, char b)
{
    return strncasecmp(&a, &b, 1) == 0;
}

/* `*` in the pattern is any run of bytes. Works back to the last star only, so that no text makes
 * it slow. */
static bool fits(const char *pattern, struct text text)
{
    const char *star = NULL;
    size_t at = 0, tried = 0;
    if (!*pattern)
        return true;
    while (at < text.length) {
        if (*pattern == '*') {
            star = ++pattern;
            tried = at;
        } else if (*pattern && same_letter(*pattern, text.data[at])) {
            pattern++;
            at++;
        } else if (star) {
            pattern = star;
            at = ++tried;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

/* "502" as a status; 0 for other texts. */
static int code_status(struct text code)
{
    if (code.length != 3 || code.data[0] < '4' || code.data[0] > '5')
        return 0;
    int status = 0;
    for (size_t i = 0; i < 3; i++) {
        if (code.data[i] < '0' || code.data[i] > '9')
            return 0;
        status = status * 10 + (code.data[i] - '0');
    }
    return status;
}

static bool row_fits(const struct refusal_row *row, const struct refusal_facts *facts, int status)
{
    return (row->status == 0 || row->status == status) && fits(row->provider, facts->provider) &&
           fits(row->tier, facts->tier) && fits(row->type, facts->type) &&
           fits(row->code, facts->code) && fits(row->message, facts->message);
}

/* Of an error that no row has. One inside a 200 is the server's trouble: a request that it cannot
 * serve at all gets its 4xx before the answer begins. */
static enum meaning meaning_by_status(int status)
{
    if (status >= 300 && status < 500)
        return MEANING_PERMANENT;
    return MEANING_PASSING;
}

enum meaning refusal_meaning(const struct refusal_facts *facts)
{
    bool good = facts->status >= 200 && facts->status < 300;
    if (good && !facts->error)
        return MEANING_SERVED;
    int status = good ? code_status(facts->code) : facts->status;
    if (status == 400 && text_is(facts->param, "service_tier"))
        return MEANING_TIER_NOT_ALLOWED;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (row_fits(&refusals[i], facts, status))
            return refusals[i].meaning;
    return meaning_by_status(status);
}
