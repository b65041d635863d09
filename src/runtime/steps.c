/* runtime/steps.c: see steps.h.
 *
 * An attempt may be followed by another one only while nothing of its answer has gone to the
 * caller. Each attempt leaves one row, whatever came of it. */
#include "runtime/steps.h"

#include <string.h>

enum { FIRST_ROWS = 2 };

void steps_begin(struct steps *steps, const struct tw_action *action, const struct account *account,
                 struct random *random, struct arena *arena, int64_t instant, int64_t now)
{
    *steps = (struct steps){.action = action,
                            .account = account,
                            .random = random,
                            .arena = arena,
                            .instant = instant,
                            .start = now,
                            .begun = now};
}

const struct tw_step *steps_current(const struct steps *steps)
{
    return &steps->action->steps[steps->step];
}

int64_t steps_timeout(const struct steps *steps)
{
    const struct tw_step *step = steps_current(steps);
    if (step->timeout > 0)
        return step->timeout;
    return strcmp(step->name, "flex") == 0 ? STEP_TIMEOUT_FLEX : STEP_TIMEOUT;
}

void steps_attempt(struct steps *steps, struct attempt *attempt, bool drop_usage,
                   piece_visitor visit, void *context, int64_t now)
{
    steps->begun = now;
    attempt_begin(attempt, steps->instant + (now - steps->start), drop_usage, visit, context);
}

/* Tells how the tier does. What was broken off, or not sent, says nothing of it. */
static void note_health(const struct steps *steps, enum meaning meaning, bool sent, int64_t now)
{
    if (steps->account->health && sent && meaning != MEANING_CANCELLED)
        health_note(steps->account->health, text_of(steps_current(steps)->name),
                    meaning == MEANING_REFUSED, steps->instant + (now - steps->start));
}

/* Most requests need one attempt: the array starts small. */
static struct ledger_row *add_row(struct steps *steps, struct tw_error *error)
{
    if (steps->row_capacity == 0) {
        steps->rows = ARENA_ARRAY(steps->arena, struct ledger_row, FIRST_ROWS);
        steps->row_capacity = steps->rows ? FIRST_ROWS : 0;
    }
    struct ledger_row *rows =
        arena_grow(steps->arena, steps->rows, steps->row_count, &steps->row_capacity, sizeof *rows);
    if (!rows) {
        fail(error, TW_NO_MEMORY, "out of memory");
        return NULL;
    }
    steps->rows = rows;
    return &rows[steps->row_count++];
}

enum tw_status steps_record(struct steps *steps, const struct attempt *attempt,
                            enum meaning meaning, bool sent, int64_t now, struct tw_error *error)
{
    struct ledger_row *row = add_row(steps, error);
    if (!row)
        return TW_NO_MEMORY;
    account_row(steps->account, attempt->instant, row);
    account_answer(steps->account, attempt, meaning, sent, steps->arena, row);
    row->attempt = (int64_t)steps->row_count;
    row->attempted_tier = text_of(steps_current(steps)->name);
    row->delay_added = steps->begun - steps->start;
    row->latency = now - steps->begun;
    note_health(steps, meaning, sent, now);
    return steps->arena->failed ? fail(error, TW_NO_MEMORY, "out of memory") : TW_OK;
}

/* Whether another attempt at the same tier is worth it, and the wait that it needs. */
static bool may_retry(struct steps *steps, const struct attempt *attempt,
                      const struct meaning_row *meaning, int64_t *wait)
{
    if (steps->retry >= steps_current(steps)->retry || !meaning->retry)
        return false;
    *wait = retry_backoff(steps->random, steps->retry);
    if (meaning->wait && attempt->wait >= 0)
        *wait = attempt->wait;
    return *wait <= RETRY_AFTER_CAP;
}

bool steps_next(struct steps *steps, const struct attempt *attempt, enum meaning meaning,
                int64_t *wait)
{
    const struct meaning_row *row = meaning_row(meaning);
    if (attempt->passed_on)
        return false;
    if (may_retry(steps, attempt, row, wait)) {
        steps->retry++;
        return true;
    }
    *wait = 0;
    if (!row->step_down)
        return false;
    if (steps->step + 1 == steps->action->step_count) {
        steps->rejected = steps->action->reject;
        return false;
    }
    steps->step++;
    steps->retry = 0;
    return true;
}

enum tw_status steps_reject(struct steps *steps, struct tw_error *error)
{
    struct ledger_row *row = add_row(steps, error);
    if (!row)
        return TW_NO_MEMORY;
    account_row(steps->account, steps->instant, row);
    row->attempt = 1;
    row->outcome = LEDGER_REJECTED;
    row->cost = row->default_cost = 0;
    steps->rejected = true;
    return TW_OK;
}
