/* store/ledger.c: what holds for ledger rows in every kind of store.
 *
 * The members are walked as data (ledger_members), so that ledger.def is the one list of them. */
#include "store/store_internal.h"

#include "base/json.h"

#include <stddef.h>

#define MEMBER(name, text, required) {#name, offsetof(struct ledger_row, name), text, required},
const struct ledger_member ledger_members[LEDGER_MEMBER_COUNT] = {
#define LEDGER_TEXT(name, required) MEMBER(name, true, required)
#define LEDGER_NUMBER(name, required) MEMBER(name, false, required)
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
};
#undef MEMBER

static const char *const outcome_names[] = {
#define LEDGER_OUTCOME(name, word, meaning) word,
#include "store/outcomes.def"
#undef LEDGER_OUTCOME
};

const char *ledger_outcome_name(enum ledger_outcome outcome)
{
    return outcome_names[outcome];
}

struct text *ledger_text(const struct ledger_member *member, struct ledger_row *row)
{
    return (struct text *)(void *)((char *)row + member->offset);
}

int64_t *ledger_number(const struct ledger_member *member, struct ledger_row *row)
{
    return (int64_t *)(void *)((char *)row + member->offset);
}

void ledger_row_init(struct ledger_row *row)
{
    for (size_t i = 0; i < LEDGER_MEMBER_COUNT; i++) {
        const struct ledger_member *member = &ledger_members[i];
        if (member->text)
            *ledger_text(member, row) = TEXT("");
        else
            *ledger_number(member, row) = member->required ? 0 : LEDGER_UNKNOWN;
    }
}

static enum tw_status check_text(const struct ledger_member *member, struct text text,
                                 struct tw_error *error)
{
    if (text.length == 0 && member->required)
        return fail(error, TW_INVALID, "a ledger row without %s", member->name);
    if (text.length > LEDGER_TEXT_MAX)
        return fail(error, TW_LIMIT, "the ledger row's %s is over %d bytes", member->name,
                    LEDGER_TEXT_MAX);
    if (utf8_valid_prefix(text) != text.length)
        return fail(error, TW_INVALID, "the ledger row's %s is not UTF-8", member->name);
    return TW_OK;
}

enum tw_status ledger_row_check(const struct ledger_row *row, struct tw_error *error)
{
    struct ledger_row copy = *row;
    for (size_t i = 0; i < LEDGER_MEMBER_COUNT; i++) {
        const struct ledger_member *member = &ledger_members[i];
        if (member->text) {
            enum tw_status status = check_text(member, *ledger_text(member, &copy), error);
            if (status != TW_OK)
                return status;
        } else if (*ledger_number(member, &copy) < (member->required ? 0 : LEDGER_UNKNOWN)) {
            return fail(error, TW_INVALID, "the ledger row's %s is negative", member->name);
        }
    }
    if (row->outcome >= LEDGER_OUTCOME_COUNT)
        return fail(error, TW_INVALID, "the ledger row's outcome is none that is known");
    if (row->hour > 23)
        return fail(error, TW_INVALID, "the ledger row's hour is over 23");
    return TW_OK;
}

bool ledger_in_range(const struct ledger_row *row, struct ledger_range range)
{
    return row->instant >= range.from && row->instant < range.until;
}

int64_t sum_of(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

void ledger_group_add(struct ledger_group *group, const struct ledger_row *row)
{
    group->attempts++;
    group->stepped_down +=
        row->attempted_tier.length > 0 && !text_equal(row->attempted_tier, row->chosen_tier);
    if (row->delay_added > 0) {
        group->delayed++;
        group->delay = sum_of(group->delay, row->delay_added);
    }
    if (row->cost == LEDGER_UNKNOWN) {
        group->unpriced++;
    } else if (row->default_cost == LEDGER_UNKNOWN) {
        group->uncompared++;
        group->uncompared_cost += row->cost;
    } else {
        group->cost += row->cost;
        group->default_cost += row->default_cost;
    }
}

/* The texts of attributes are plain JSON strings, as the runtime writes them. */
struct text ledger_attribute(const struct ledger_row *row, struct text attribute)
{
    struct json_value root, found;
    struct text value;
    if (row->attributes.length && json_parse(row->attributes, &root, NULL) == TW_OK &&
        root.kind == JSON_OBJECT && json_find(root, attribute, &found) == TW_OK &&
        found.kind == JSON_STRING && json_string_plain(found, &value))
        return value;
    return text_is(attribute, "user")    ? row->user
           : text_is(attribute, "model") ? row->model
                                         : TEXT("");
}
