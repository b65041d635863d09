/* tests/property/policy_values.c: the constants of random policies: literals, words, names, ranges,
 * sets and schedules, each one valid for what it is compared with. */
#include "policy_draft.h"

#include <string.h>

/* Constants that meet again and again, in the scale of each type. */
static const int64_t favourites[][6] = {
    [TW_TYPE_BOOL] = {0, 1, 0, 1, 0, 1},
    [TW_TYPE_INT] = {0, 1, 5, 6, 5000, 1500000},
    [TW_TYPE_PERCENT] = {0, 1, 125000, 500000, 900000, 1000000},
    [TW_TYPE_MONEY] = {0, 1, 50000000000, MONEY_DOLLAR, 3 * MONEY_DOLLAR, 100 * MONEY_DOLLAR},
    [TW_TYPE_DURATION] = {0, 1, 500, 30000, 900000, 86400000},
    [TW_TYPE_TIME] = {0, 1, 6 * 3600, 22 * 3600, 22 * 3600 + 1800, 86399},
    [TW_TYPE_WEEKDAY] = {0, 1, 4, 5, 6, 3},
    [TW_TYPE_DATE] = {0, 19723, 19724, 20454, 11016, 2932896},
    [TW_TYPE_STRING] = {0},
    [TW_TYPE_TIER] = {0, 1, 2, 3, 4, 5},
    [TW_TYPE_ENUM] = {0, 1, 2, 3, 4, 5},
    [TW_TYPE_NOW] = {0},
};

int64_t draw_number(struct draft *draft, const struct subject *subject)
{
    struct random *random = &draft->random;
    int64_t low = subject->low, high = subject->high, number;
    size_t way = random_below(random, 10);
    if (way < 2) {
        const int64_t ends[] = {low, low + (low < high), high - (low < high), high};
        return ends[random_below(random, 4)];
    }
    number = favourites[subject->type][random_below(random, 6)];
    if (way > 7 || number < low || number > high)
        number = random_between(random, low, high < low + 40 ? high : low + 40);
    return number;
}

/* 5000 as "5_000" or "5k" where that is the same. */
static void write_int(struct draft *draft, int64_t number)
{
    bool thousands = number % 1000 == 0 && number != 0;
    if (thousands && random_chance(&draft->random, 50))
        buffer_format(draft->out, "%lldk", (long long)(number / 1000));
    else if (number >= 1000 && number < 1000000 && random_chance(&draft->random, 30))
        buffer_format(draft->out, "%lld_%03lld", (long long)(number / 1000),
                      (long long)(number % 1000));
    else
        buffer_number(draft->out, number);
}

static void write_tier(struct draft *draft, int64_t number)
{
    buffer_string(draft->out, draft->tiers[number]);
}

void write_number(struct draft *draft, const struct subject *subject, int64_t number)
{
    if (subject->type == TW_TYPE_INT)
        write_int(draft, number);
    else if (subject->type == TW_TYPE_TIER)
        write_tier(draft, number);
    else if (subject->type == TW_TYPE_ENUM)
        buffer_string(draft->out, subject->words[number]);
    else
        value_print(draft->out, subject->type, number);
    if (subject->type == TW_TYPE_TIME && number == SECONDS_PER_DAY)
        count(draft, FEATURE_END_OF_DAY);
}

void write_string(struct draft *draft, bool pattern)
{
    static const char *const pieces[] = {"a",    "b",    "ab",  "gpt-4", "o",  "-mini",
                                         "\\\"", "\\\\", "\\n", "naïve", "日", "é"};
    static const char *const wild[] = {"*", "?", "**", "?*", "*a"};
    size_t parts = random_below(&draft->random, 4);
    buffer_byte(draft->out, '"');
    for (size_t i = 0; i < parts; i++) {
        if (pattern && random_chance(&draft->random, 50)) {
            const char *piece = wild[random_below(&draft->random, sizeof wild / sizeof wild[0])];
            buffer_string(draft->out, piece);
            count(draft, strchr(piece, '*') ? FEATURE_PATTERN_STAR : FEATURE_PATTERN_ONE);
            continue;
        }
        const char *piece = pieces[random_below(&draft->random, sizeof pieces / sizeof pieces[0])];
        buffer_string(draft->out, piece);
        if (piece[0] == '\\')
            count(draft, FEATURE_ESCAPE);
        if ((unsigned char)piece[strlen(piece) - 1] > 0x7f)
            count(draft, FEATURE_UNICODE);
    }
    buffer_byte(draft->out, '"');
}

const struct let *draw_let(struct draft *draft, enum let_kind kind)
{
    const struct let *found = NULL;
    size_t seen = 0;
    for (size_t i = 0; i < draft->let_count; i++)
        if (draft->lets[i].kind == kind && random_below(&draft->random, ++seen) == 0)
            found = &draft->lets[i];
    return found;
}

/* The name of a constant that may stand here, or NULL. */
static const struct let *draw_constant(struct draft *draft, const struct subject *subject)
{
    const struct let *let = draw_let(draft, LET_CONSTANT);
    bool fits = let && let->type == subject->type && subject->type != TW_TYPE_ENUM &&
                (subject->type == TW_TYPE_STRING ||
                 (let->value >= subject->low && let->value <= subject->high));
    return fits ? let : NULL;
}

void write_value(struct draft *draft, const struct subject *subject)
{
    const struct let *let =
        random_chance(&draft->random, 30) ? draw_constant(draft, subject) : NULL;
    if (let) {
        buffer_string(draft->out, let->name);
        count(draft, FEATURE_USE_CONSTANT);
    } else if (subject->type == TW_TYPE_STRING) {
        write_string(draft, false);
    } else {
        write_number(draft, subject, draw_number(draft, subject));
    }
}

static void order(int64_t *low, int64_t *high)
{
    if (*low <= *high)
        return;
    int64_t kept = *low;
    *low = *high;
    *high = kept;
}

static bool has_ranges(const struct subject *subject)
{
    return type_ordered(subject->type) || subject->type == TW_TYPE_WEEKDAY;
}

static void count_wrap(struct draft *draft, const struct subject *subject)
{
    count(draft, subject->type == TW_TYPE_TIME      ? FEATURE_WRAP_TIME
                 : subject->type == TW_TYPE_WEEKDAY ? FEATURE_WRAP_WEEKDAY
                                                    : FEATURE_WRAP_HOUR);
}

static void write_range(struct draft *draft, const struct subject *subject)
{
    int64_t low = draw_number(draft, subject), high = draw_number(draft, subject);
    bool wraps = subject->type == TW_TYPE_TIME || subject->type == TW_TYPE_WEEKDAY ||
                 subject->projection == PROJECT_HOUR;
    if (!wraps)
        order(&low, &high);
    if (subject->type == TW_TYPE_TIME && (low == high || random_chance(&draft->random, 10)))
        high = SECONDS_PER_DAY;
    if (low > high)
        count_wrap(draft, subject);
    write_number(draft, subject, low);
    buffer_string(draft->out, "..");
    write_number(draft, subject, high);
}

static void write_days(struct draft *draft)
{
    const struct subject days = {.type = TW_TYPE_WEEKDAY, .high = 6};
    if (random_chance(&draft->random, 60))
        write_range(draft, &days);
    else
        write_number(draft, &days, draw_number(draft, &days));
}

static void write_times(struct draft *draft)
{
    const struct subject times = {.type = TW_TYPE_TIME, .high = SECONDS_PER_DAY - 1};
    uint64_t before = draft->counts->of_feature[FEATURE_WRAP_TIME];
    write_range(draft, &times);
    if (draft->counts->of_feature[FEATURE_WRAP_TIME] > before)
        count(draft, FEATURE_SCHEDULE_OVERNIGHT);
}

static void write_schedule(struct draft *draft)
{
    size_t way = random_below(&draft->random, 3);
    count(draft, way == 0   ? FEATURE_SCHEDULE_DAYS
                 : way == 1 ? FEATURE_SCHEDULE_TIMES
                            : FEATURE_SCHEDULE_BOTH);
    if (way != 1)
        write_days(draft);
    if (way == 2)
        buffer_byte(draft->out, ' ');
    if (way != 0)
        write_times(draft);
}

static void write_item(struct draft *draft, const struct subject *subject, bool in_set)
{
    if (subject->type == TW_TYPE_NOW) {
        write_schedule(draft);
    } else if (has_ranges(subject) && random_chance(&draft->random, 50)) {
        count(draft, in_set ? FEATURE_RANGE_IN_SET : FEATURE_IN_RANGE);
        write_range(draft, subject);
    } else {
        write_value(draft, subject);
        if (!in_set)
            count(draft, FEATURE_IN_VALUE);
    }
}

void write_set(struct draft *draft, const struct subject *subject)
{
    size_t items = 1 + random_below(&draft->random, 4);
    count(draft, subject->type == TW_TYPE_NOW ? FEATURE_SCHEDULE_SET : FEATURE_IN_SET);
    buffer_byte(draft->out, '{');
    for (size_t i = 0; i < items; i++) {
        buffer_string(draft->out, i ? ", " : "");
        write_item(draft, subject, true);
    }
    buffer_byte(draft->out, '}');
}

void write_in_values(struct draft *draft, size_t subject)
{
    const struct let *let = draw_let(draft, LET_SET);
    if (let && let->subject == subject) {
        buffer_string(draft->out, let->name);
        count(draft, FEATURE_USE_SET);
    } else if (random_chance(&draft->random, 50)) {
        write_set(draft, &draft->subjects[subject]);
    } else {
        write_item(draft, &draft->subjects[subject], false);
    }
}
