/* runtime/retry.c: see retry.h. Allocates nothing; the only failure is a header that says
 * nothing. */
#include "runtime/retry.h"

#include "base/value.h"

#include <string.h>
#include <strings.h>

enum { SECOND = 1000, DAY = SECONDS_PER_DAY * SECOND };

uint64_t random_next(struct random *random)
{
    uint64_t mixed = random->state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

int64_t retry_backoff(struct random *random, uint32_t retry)
{
    int64_t most = RETRY_BASE;
    for (uint32_t i = 0; i < retry && most < RETRY_CAP; i++)
        most *= 2;
    most = most < RETRY_CAP ? most : RETRY_CAP;
    return (int64_t)(random_next(random) % ((uint64_t)most + 1));
}

static bool is_name(struct text name, const char *wanted)
{
    return name.length == strlen(wanted) && strncasecmp(name.data, wanted, name.length) == 0;
}

static bool read_digits(struct text text, int64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || *number > DAY)
            return false;
        *number = *number * 10 + (text.data[i] - '0');
    }
    return text.length > 0;
}

/* "20", "1.5": a number of `unit` milliseconds. */
static bool read_number(struct text value, int64_t unit, int64_t *wait)
{
    int64_t thousandths;
    const char *point = memchr(value.data, '.', value.length);
    size_t most = point ? (size_t)(point - value.data) + 4 : value.length;
    struct text cut = {value.data, value.length < most ? value.length : most};
    if (decimal_parse(cut, 3, &thousandths) != TW_OK || thousandths < 0)
        return false;
    *wait = thousandths / 1000 < DAY ? thousandths * unit / 1000 : DAY;
    return true;
}

static bool read_month(const char *name, int64_t *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (*month = 1; *month <= 12; (*month)++)
        if (memcmp(names + (*month - 1) * 3, name, 3) == 0)
            return true;
    return false;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the form that senders have to use (RFC 9110). */
static bool read_date(struct text value, int64_t *instant)
{
    static const struct {
        size_t at, length;
    } parts[] = {{5, 2}, {12, 4}, {17, 2}, {20, 2}, {23, 2}};
    enum { MONTH_AT = 8, LENGTH = sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1 };
    int64_t number[5], month;
    if (value.length != LENGTH || !read_month(value.data + MONTH_AT, &month) ||
        memcmp(value.data + LENGTH - 4, " GMT", 4) != 0)
        return false;
    for (size_t i = 0; i < 5; i++)
        if (!read_digits((struct text){value.data + parts[i].at, parts[i].length}, &number[i]))
            return false;
    int64_t days = days_from_civil(number[1], (unsigned)month, (unsigned)number[0]);
    int64_t second = number[2] * 3600 + number[3] * 60 + number[4];
    *instant = (days * SECONDS_PER_DAY + second) * SECOND;
    return true;
}

bool retry_after_read(struct text name, struct text value, int64_t instant, int64_t *wait)
{
    int64_t until;
    if (is_name(name, "retry-after-ms"))
        return read_number(value, 1, wait);
    if (!is_name(name, "retry-after"))
        return false;
    if (read_number(value, SECOND, wait)) {
        *wait = *wait < DAY ? *wait : DAY;
        return true;
    }
    if (!read_date(value, &until))
        return false;
    *wait = until <= instant ? 0 : until - instant < DAY ? until - instant : DAY;
    return true;
}
