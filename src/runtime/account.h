/* runtime/account.h: an attempt as a row of the ledger: tokens, and money at the served tier. */
#ifndef TIERWAY_RUNTIME_ACCOUNT_H
#define TIERWAY_RUNTIME_ACCOUNT_H

#include "base/clock.h"
#include "base/provider.h"
#include "runtime/attempt.h"
#include "runtime/body.h"
#include "runtime/health.h"

/* What all rows of one request share. */
struct account {
    const tw_policy *policy;
    const struct provider *provider;  /* NULL where the policy has tiers of its own */
    const struct price_table *prices; /* NULL: no cost is known */
    const struct zone *zone;          /* of the policy */
    struct text model, requested_tier, user, request_id, rule;
    struct text chosen_tier; /* empty where the action rejects at once */
    struct text price_table; /* name and date; made where it is empty */
    struct text attributes;  /* budget_attributes */
    int64_t estimate;        /* reserved of budgets, picodollars; 0: nothing */
    struct text caller;      /* whose request it is; empty where nobody needs a key */
    struct health *health;   /* is told of each attempt; NULL allowed */
};

/* Fills in the texts; the decoded ones go to the arena. The rest points to the body and to the
 * policy. TW_NO_MEMORY. */
enum tw_status account_open(struct account *account, const struct body *body, struct arena *arena,
                            struct tw_error *error);
/* A row for an attempt that starts at `instant`, with what is known before it. */
void account_row(const struct account *account, int64_t instant, struct ledger_row *row);
/* What is known after it. The served tier goes to the arena. A tier's alias is written as the tier
 * ("fast" as "priority"). Where the request names no model, the row has the answer's.
 *
 * Cost: of an answer, at the tier that it says served it; nothing where nothing was sent, and where
 * the provider refused the request; otherwise not known: a lost answer may be billed. */
void account_answer(const struct account *account, const struct attempt *attempt,
                    enum meaning meaning, bool sent, struct arena *arena, struct ledger_row *row);

#endif
