/* front/check_value.c: what the values of a test are, for the attribute that is tested.
 *
 * A word means what its place makes it: `low` before `==` is looked up among attributes, behind it
 * among the words of the attribute's type, then among the `let`s. Results are items, in the scale
 * of the attribute. Each mistake is one finding at the value's own span. */
#include "front/check_report.h"

#include "base/clock.h"

/* Items that are being collected for one test. */
struct collector {
    struct policy_tree *policy;
    const struct attribute *attribute;
    struct item *items;
    size_t count, capacity;
    unsigned depth; /* of `let`s inside one another */
    size_t visited; /* values looked at: sets of sets of sets are few to write and many to visit */
    bool full;      /* more than may be collected; said so already */
};

struct value *let_value(struct policy_tree *policy, struct statement *let)
{
    let->used = true;
    if (let->value)
        return let->value;
    const struct condition *condition = let->condition;
    if (!let_is_alias(let))
        return NULL;
    /* `let a = b` reads as a condition; here it stands for a value. */
    struct value *word = ARENA_NEW(policy->arena, struct value);
    if (word)
        *word = (struct value){
            .kind = VALUE_WORD, .span = condition->operand->span, .text = condition->operand->text};
    return word;
}

static bool report_items(struct collector *collector, struct span span)
{
    collector->full = true;
    finding_add(collector->policy->findings, FINDING_TOO_LARGE, span,
                "a test has at most %d values, and all tests together %d", MAX_ITEMS,
                MAX_POLICY_ITEMS);
    return false;
}

static bool add_item(struct collector *collector, struct item item, struct span span)
{
    if (collector->count == MAX_ITEMS || collector->policy->item_count == MAX_POLICY_ITEMS)
        return report_items(collector, span);
    struct item *items = arena_grow(collector->policy->arena, collector->items, collector->count,
                                    &collector->capacity, sizeof *items);
    if (!items)
        return false;
    collector->items = items;
    collector->policy->item_count++;
    items[collector->count++] = item;
    return true;
}

static bool check_domain(struct collector *collector, const struct value *value, int64_t number)
{
    const struct attribute *attribute = collector->attribute;
    int64_t low, high;
    type_domain(attribute->type, attribute->projection, attribute->word_count, &low, &high);
    if (attribute->projection == PROJECT_WHOLE) {
        low = collector->policy->variables[attribute->variable].low;
        high = collector->policy->variables[attribute->variable].high;
    }
    if (number >= low && number <= high)
        return true;
    struct text written = span_text(collector->policy->sources, value->span);
    struct buffer range;
    buffer_init(&range, 200);
    value_print(&range, attribute->type, low);
    if (high < INT64_MAX) {
        buffer_string(&range, " to ");
        value_print(&range, attribute->type, high);
    } else {
        buffer_string(&range, " or more");
    }
    finding_add(collector->policy->findings, FINDING_OUT_OF_DOMAIN, value->span,
                "`%.*s` can never be %.*s: it is %.*s", TEXT_ARGUMENTS(attribute->name),
                TEXT_ARGUMENTS(written), (int)range.length, range.data ? range.data : "");
    buffer_free(&range);
    return false;
}

/* A literal as a number of the attribute's scale. end_of_range admits 24:00. */
static bool literal_number(struct collector *collector, const struct value *value,
                           bool end_of_range, int64_t *number)
{
    enum tw_type wanted = collector->attribute->type;
    if (wanted == TW_TYPE_NOW || value->type != wanted)
        return report_type(collector->policy, collector->attribute, value);
    *number = value->number;
    if (wanted == TW_TYPE_TIME && end_of_range && *number == SECONDS_PER_DAY)
        return true;
    return check_domain(collector, value, *number);
}

static int find_word(const struct collector *collector, struct text text)
{
    const struct attribute *attribute = collector->attribute;
    if (attribute->type == TW_TYPE_TIER)
        return policy_tier_find(collector->policy, text);
    if (attribute->type == TW_TYPE_WEEKDAY) {
        for (int i = 0; i < 7; i++)
            if (text_is(text, weekday_words[i]))
                return i;
        return -1;
    }
    for (size_t i = 0; i < attribute->word_count; i++)
        if (text_equal(attribute->words[i], text))
            return (int)i;
    return -1;
}

/* Follows a word through `let`s to what it stands for, or reports it. The `let`s on the way are
 * marked, so that one that leads back to itself is found. */
static struct value *follow_let(struct collector *collector, const struct value *word)
{
    struct policy_tree *policy = collector->policy;
    struct statement *let = map_get(&policy->let_names, word->text);
    if (!let) {
        report_word(policy, collector->attribute, word);
        return NULL;
    }
    if (collector->depth == MAX_LET_DEPTH) {
        finding_add(policy->findings, FINDING_TOO_LARGE, let->name->span,
                    "`let`s stand for one another more than %d deep here", MAX_LET_DEPTH);
        return NULL;
    }
    if (let->checking) {
        finding_add(policy->findings, FINDING_NAME_CYCLE, let->name->span,
                    "`%.*s` is defined by itself", TEXT_ARGUMENTS(let->name->text));
        return NULL;
    }
    struct value *value = let_value(policy, let);
    if (!value && !policy->arena->failed)
        finding_help(policy->findings,
                     finding_add(policy->findings, FINDING_NOT_A_VALUE, word->span,
                                 "`%.*s` names a condition, and a value is needed here",
                                 TEXT_ARGUMENTS(word->text)),
                     "a condition stands alone: `%.*s` or `not %.*s`", TEXT_ARGUMENTS(word->text),
                     TEXT_ARGUMENTS(word->text));
    return value;
}

/* One number: the end of a range, or the right side of a comparison. */
static bool single_number(struct collector *collector, struct value *value, bool end_of_range,
                          int64_t *number)
{
    if (value->kind == VALUE_LITERAL)
        return literal_number(collector, value, end_of_range, number);
    if (value->kind != VALUE_WORD)
        return false;
    int index = find_word(collector, value->text);
    if (index >= 0) {
        *number = index;
        return true;
    }
    struct statement *let = map_get(&collector->policy->let_names, value->text);
    struct value *target = follow_let(collector, value);
    if (!target)
        return false;
    if (target->kind != VALUE_LITERAL && target->kind != VALUE_WORD) {
        return target->kind != VALUE_BAD && report_several(collector->policy, value);
    }
    let->checking = true;
    collector->depth++;
    bool good = single_number(collector, target, end_of_range, number);
    collector->depth--;
    let->checking = false;
    return good;
}

static bool add_text(struct collector *collector, const struct value *value)
{
    if (value->type != TW_TYPE_STRING)
        return report_type(collector->policy, collector->attribute, value);
    return add_item(collector, (struct item){.text = value->text}, value->span);
}

static bool report_range(struct collector *collector, const struct value *value, bool same)
{
    struct finding *finding =
        finding_add(collector->policy->findings, FINDING_EMPTY_RANGE, value->span,
                    same ? "this range covers nothing: it ends where it starts"
                         : "this range covers nothing: it ends before it starts");
    if (same)
        finding_help(collector->policy->findings, finding, "the whole day is `00:00..24:00`");
    else
        finding_help(collector->policy->findings, finding, "write the smaller value first");
    return false;
}

/* Said once for both ends. */
static bool both_of_wrong_type(struct collector *collector, const struct value *range)
{
    const struct value *low = range->low, *high = range->high;
    if (low->kind != VALUE_LITERAL || high->kind != VALUE_LITERAL || low->type != high->type ||
        low->type == collector->attribute->type)
        return false;
    struct value both = *low;
    both.span = range->span;
    report_type(collector->policy, collector->attribute, &both);
    return true;
}

static bool add_range(struct collector *collector, const struct value *value)
{
    const struct attribute *attribute = collector->attribute;
    struct item item = {.range = true};
    if (!type_ordered(attribute->type) && attribute->type != TW_TYPE_WEEKDAY) {
        finding_help(collector->policy->findings,
                     finding_add(collector->policy->findings, FINDING_WRONG_OPERATOR, value->span,
                                 "`%.*s` has no order, so it has no ranges",
                                 TEXT_ARGUMENTS(attribute->name)),
                     "list the values: `in {a, b}`");
        return false;
    }
    if (both_of_wrong_type(collector, value))
        return false;
    bool good = single_number(collector, value->low, false, &item.low);
    good = single_number(collector, value->high, true, &item.high) && good;
    if (!good)
        return false;
    if (attribute->type == TW_TYPE_TIME && item.low == item.high)
        return report_range(collector, value, true);
    if (item.low > item.high && !attribute_wraps(attribute))
        return report_range(collector, value, false);
    return add_item(collector, item, value->span);
}

/* Part of a schedule, days or times, through an attribute of that type. */
static bool schedule_part(struct collector *collector, enum tw_type type, struct value *value,
                          struct item *part)
{
    struct attribute view = {.name = collector->attribute->name,
                             .type = type,
                             .projection = type == TW_TYPE_TIME ? PROJECT_TIME : PROJECT_WEEKDAY};
    struct collector inner = {
        .policy = collector->policy, .attribute = &view, .depth = collector->depth};
    bool good = value->kind == VALUE_RANGE ? add_range(&inner, value)
                                           : single_number(&inner, value, false, &part->low);
    if (!good)
        return false;
    if (value->kind == VALUE_RANGE)
        *part = inner.items[0];
    else
        part->high = part->low;
    return true;
}

static bool is_time_range(const struct value *value)
{
    return value->kind == VALUE_RANGE && value->low->kind == VALUE_LITERAL &&
           value->low->type == TW_TYPE_TIME;
}

static bool is_date_range(const struct value *value)
{
    return value->kind == VALUE_RANGE && value->low->kind == VALUE_LITERAL &&
           value->low->type == TW_TYPE_DATE;
}

static bool add_schedule(struct collector *collector, struct value *value)
{
    struct value *days = value->kind == VALUE_SCHEDULE ? value->low : value;
    struct value *times = value->kind == VALUE_SCHEDULE ? value->high : NULL;
    struct item day = {.low = 0, .high = 6}, time = {.low = 0, .high = SECONDS_PER_DAY};
    if (is_date_range(days)) {
        struct value dates = *days->low;
        dates.span = days->span;
        return report_type(collector->policy, collector->attribute, &dates);
    }
    if (is_time_range(days) && !times) {
        times = days;
        days = NULL;
    }
    bool good = !days || schedule_part(collector, TW_TYPE_WEEKDAY, days, &day);
    good = (!times || schedule_part(collector, TW_TYPE_TIME, times, &time)) && good;
    return good && add_item(collector,
                            (struct item){.low = day.low,
                                          .high = day.high,
                                          .range = true,
                                          .from = time.low,
                                          .to = time.high},
                            value->span);
}

static bool collect(struct collector *collector, struct value *value, bool many);

/* A word that is no word of the type stands for a `let`: what that holds is collected. */
static bool collect_let(struct collector *collector, struct value *word, bool many)
{
    struct statement *let = map_get(&collector->policy->let_names, word->text);
    struct value *target = follow_let(collector, word);
    if (!target)
        return false;
    if (!many && target->kind != VALUE_LITERAL && target->kind != VALUE_WORD)
        return target->kind != VALUE_BAD && report_several(collector->policy, word);
    let->checking = true;
    collector->depth++;
    bool good = collect(collector, target, many);
    collector->depth--;
    let->checking = false;
    return good;
}

static bool collect_one(struct collector *collector, struct value *value)
{
    if (collector->attribute->type == TW_TYPE_STRING)
        return add_text(collector, value);
    int64_t number;
    return single_number(collector, value, false, &number) &&
           add_item(collector, (struct item){.low = number, .high = number}, value->span);
}

static bool collect_word(struct collector *collector, struct value *value, bool many)
{
    if (collector->attribute->type == TW_TYPE_NOW) {
        for (int i = 0; i < 7; i++)
            if (text_is(value->text, weekday_words[i]))
                return add_schedule(collector, value);
    } else if (find_word(collector, value->text) >= 0) {
        return collect_one(collector, value);
    }
    return collect_let(collector, value, many);
}

static bool collect_set(struct collector *collector, const struct value *set)
{
    bool good = true;
    for (struct value *item = set->items; item && !collector->full; item = item->next)
        good = collect(collector, item, true) && good;
    return good;
}

static bool collect(struct collector *collector, struct value *value, bool many)
{
    bool schedule = collector->attribute->type == TW_TYPE_NOW;
    if (++collector->visited > 2 * MAX_ITEMS)
        return report_items(collector, value->span);
    if (!many && value->kind != VALUE_LITERAL && value->kind != VALUE_WORD &&
        value->kind != VALUE_BAD)
        return report_several(collector->policy, value);
    switch (value->kind) {
    case VALUE_BAD:
        return false;
    case VALUE_LITERAL:
        return schedule ? report_type(collector->policy, collector->attribute, value)
                        : collect_one(collector, value);
    case VALUE_WORD:
        return collect_word(collector, value, many);
    case VALUE_RANGE:
        return schedule ? add_schedule(collector, value) : add_range(collector, value);
    case VALUE_SET:
        return collect_set(collector, value);
    case VALUE_SCHEDULE:
        if (schedule)
            return add_schedule(collector, value);
        finding_help(collector->policy->findings,
                     finding_add(collector->policy->findings, FINDING_WRONG_OPERATOR, value->span,
                                 "only `now` is tested against a schedule of days and times"),
                     "write `now in ...`");
        return false;
    }
    return false;
}

bool resolve_value(struct policy_tree *policy, const struct attribute *attribute,
                   struct value *value, bool many, struct item **items, uint32_t *count)
{
    struct collector collector = {.policy = policy, .attribute = attribute};
    bool good = collect(&collector, value, many);
    *items = collector.items;
    *count = (uint32_t)collector.count;
    return good && collector.count > 0;
}

static bool constant_number(struct collector *collector, struct value *value, int64_t *number)
{
    if (value->kind == VALUE_LITERAL && value->type != collector->attribute->type)
        return report_type(collector->policy, collector->attribute, value);
    if (value->kind == VALUE_LITERAL) {
        *number = value->number;
        return true;
    }
    if (value->kind == VALUE_BAD)
        return false;
    if (value->kind != VALUE_WORD) {
        finding_add(collector->policy->findings, FINDING_WRONG_OPERATOR, value->span,
                    "several values stand here, and one is needed");
        return false;
    }
    struct statement *let = map_get(&collector->policy->let_names, value->text);
    struct value *target = follow_let(collector, value);
    if (!target)
        return false;
    let->checking = true;
    collector->depth++;
    bool good = constant_number(collector, target, number);
    collector->depth--;
    let->checking = false;
    return good;
}

bool resolve_constant(struct policy_tree *policy, enum tw_type type, struct value *value,
                      int64_t *number)
{
    const struct attribute view = {
        .name = type == TW_TYPE_DURATION ? TEXT("timeout") : TEXT("retry"), .type = type};
    struct collector collector = {.policy = policy, .attribute = &view};
    return constant_number(&collector, value, number);
}
