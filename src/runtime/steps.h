/* runtime/steps.h: where a request stands in its action: attempts, retries and the steps of `else`,
 * and what each attempt leaves for the ledger.
 *
 * Neither waits nor sends: whoever does asks here what comes next, be it the blocking dispatch or
 * the gateway, so that both agree. Times are milliseconds of a clock that only goes forward. */
#ifndef TIERWAY_RUNTIME_STEPS_H
#define TIERWAY_RUNTIME_STEPS_H

#include "runtime/account.h"
#include "runtime/retry.h"

/* Milliseconds of one attempt where the rule sets none: the official clients' own limit, and what
 * OpenAI's guide advises for flex. */
#define STEP_TIMEOUT 600000
#define STEP_TIMEOUT_FLEX 900000

struct steps {
    const struct tw_action *action;
    const struct account *account;
    struct random *random;
    struct arena *arena;     /* owns the rows and their texts */
    int64_t instant;         /* of the request, milliseconds since 1970 UTC */
    int64_t start;           /* of the request */
    int64_t begun;           /* of the attempt that runs */
    struct ledger_row *rows; /* one an attempt; one for a request that was rejected at once */
    size_t row_count, row_capacity;
    size_t step;    /* of the action */
    uint32_t retry; /* of the step */
    bool rejected;  /* by the policy, at once or after its steps */
};

/* What is pointed to has to stay as long as the steps are used. */
void steps_begin(struct steps *steps, const struct tw_action *action, const struct account *account,
                 struct random *random, struct arena *arena, int64_t instant, int64_t now);
/* The step that is to be tried. Not for an action without steps. */
const struct tw_step *steps_current(const struct steps *steps);
int64_t steps_timeout(const struct steps *steps); /* of one attempt, milliseconds */
/* An attempt begins: makes `attempt` ready for its answer, see attempt_begin. */
void steps_attempt(struct steps *steps, struct attempt *attempt, bool drop_usage,
                   piece_visitor visit, void *context, int64_t now);
/* The attempt is over, and becomes a row. TW_NO_MEMORY. */
enum tw_status steps_record(struct steps *steps, const struct attempt *attempt,
                            enum meaning meaning, bool sent, int64_t now, struct tw_error *error);
/* Whether another attempt is to follow, and after how many milliseconds. False: it is over. */
bool steps_next(struct steps *steps, const struct attempt *attempt, enum meaning meaning,
                int64_t *wait);
/* The action has no steps: nothing is sent, and a row says so. TW_NO_MEMORY. */
enum tw_status steps_reject(struct steps *steps, struct tw_error *error);

#endif
