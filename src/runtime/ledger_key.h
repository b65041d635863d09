/* runtime/ledger_key.h: what rows of the ledger are grouped and selected by. */
#ifndef TIERWAY_RUNTIME_LEDGER_KEY_H
#define TIERWAY_RUNTIME_LEDGER_KEY_H

#include "base/clock.h"
#include "store/store.h"

struct ledger_key {
    struct text name; /* see ledger_key_of */
    struct text (*value)(const struct ledger_key *key, const struct ledger_row *row,
                         struct buffer *scratch);
    bool in_order;           /* groups are shown in the order of their values */
    const struct zone *zone; /* of days */
};

/* The key of a name: tier, rule, model, hour, day, user, caller, outcome or policy, else the
 * attribute of that name. The zone has to stay, as has the name. */
struct ledger_key ledger_key_of(struct text name, const struct zone *zone);
/* Whether it is none of the names that every row has. */
bool ledger_key_is_attribute(const struct ledger_key *key);
/* The row's value; empty where it has none. Points into the row, or to the scratch, whose content
 * it replaces. */
struct text ledger_key_value(const struct ledger_key *key, const struct ledger_row *row,
                             struct buffer *scratch);

/* Rows whose value of the key is this one. */
struct ledger_filter {
    struct ledger_key key;
    struct text value;
};
bool ledger_filters_hold(const struct ledger_filter *filters, size_t count,
                         const struct ledger_row *row, struct buffer *scratch);

#endif
