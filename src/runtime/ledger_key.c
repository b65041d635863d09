/* runtime/ledger_key.c: see ledger_key.h. Owns nothing. */
#include "runtime/ledger_key.h"

static struct text tier_value(const struct ledger_key *key, const struct ledger_row *row,
                              struct buffer *scratch)
{
    (void)key, (void)scratch;
    return row->served_tier.length ? row->served_tier : row->attempted_tier;
}

static struct text rule_value(const struct ledger_key *key, const struct ledger_row *row,
                              struct buffer *scratch)
{
    (void)key, (void)scratch;
    return row->rule;
}

static struct text model_value(const struct ledger_key *key, const struct ledger_row *row,
                               struct buffer *scratch)
{
    (void)key, (void)scratch;
    return row->model;
}

static struct text policy_value(const struct ledger_key *key, const struct ledger_row *row,
                                struct buffer *scratch)
{
    (void)key, (void)scratch;
    return row->policy_hash;
}

static struct text outcome_value(const struct ledger_key *key, const struct ledger_row *row,
                                 struct buffer *scratch)
{
    (void)key, (void)scratch;
    return text_of(ledger_outcome_name((enum ledger_outcome)row->outcome));
}

/* A policy may have an attribute of this name, too. */
static struct text caller_value(const struct ledger_key *key, const struct ledger_row *row,
                                struct buffer *scratch)
{
    (void)scratch;
    return row->caller.length ? row->caller : ledger_attribute(row, key->name);
}

static struct text hour_value(const struct ledger_key *key, const struct ledger_row *row,
                              struct buffer *scratch)
{
    (void)key;
    if (row->hour != LEDGER_UNKNOWN)
        buffer_format(scratch, "%02d", (int)row->hour);
    return buffer_view(scratch);
}

static struct text day_value(const struct ledger_key *key, const struct ledger_row *row,
                             struct buffer *scratch)
{
    int64_t instant = row->instant < INSTANT_LAST ? row->instant : INSTANT_LAST;
    value_print(scratch, TW_TYPE_DATE, zone_local(key->zone, instant).date);
    return buffer_view(scratch);
}

static struct text attribute_value(const struct ledger_key *key, const struct ledger_row *row,
                                   struct buffer *scratch)
{
    (void)scratch;
    return ledger_attribute(row, key->name);
}

struct ledger_key ledger_key_of(struct text name, const struct zone *zone)
{
    static const struct {
        const char *name;
        struct text (*value)(const struct ledger_key *key, const struct ledger_row *row,
                             struct buffer *scratch);
        bool in_order;
    } known[] = {{"tier", tier_value, false},       {"rule", rule_value, false},
                 {"model", model_value, false},     {"hour", hour_value, true},
                 {"day", day_value, true},          {"policy", policy_value, false},
                 {"outcome", outcome_value, false}, {"caller", caller_value, false}};
    struct ledger_key key = {.name = name, .value = attribute_value, .zone = zone};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!text_is(name, known[i].name))
            continue;
        key.value = known[i].value;
        key.in_order = known[i].in_order;
    }
    return key;
}

bool ledger_key_is_attribute(const struct ledger_key *key)
{
    return key->value == attribute_value && !text_is(key->name, "user");
}

struct text ledger_key_value(const struct ledger_key *key, const struct ledger_row *row,
                             struct buffer *scratch)
{
    buffer_clear(scratch);
    return key->value(key, row, scratch);
}

bool ledger_filters_hold(const struct ledger_filter *filters, size_t count,
                         const struct ledger_row *row, struct buffer *scratch)
{
    for (size_t i = 0; i < count; i++)
        if (!text_equal(ledger_key_value(&filters[i].key, row, scratch), filters[i].value))
            return false;
    return true;
}
