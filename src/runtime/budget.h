/* runtime/budget.h: deciding a request by what was spent, and reserving what it may cost.
 *
 * A budget's window is the day, the week from Monday or the month of the request's instant, in the
 * policy's zone, as long as the wall clock makes it. What is spent in it is the cost of all
 * attempts in the ledger whose request came in the window, and what is reserved for those on their
 * way.
 *
 * A request is decided and its reservation made in one step, see budget_reserve in store/store.h.
 * It reserves what it is expected to cost at the dearest tier of its action. Where a budget has no
 * room for that, it is decided once more, with that budget shown as spent: whether it is then
 * rejected, sent at another tier or sent all the same is for the policy to say. */
#ifndef TIERWAY_RUNTIME_BUDGET_H
#define TIERWAY_RUNTIME_BUDGET_H

#include "base/arena.h"
#include "program/run/program.h"
#include "runtime/price.h"
#include "store/store.h"
#include "store/usual_output.h"

/* A budget that the policy reads. */
struct budget_view {
    int attribute; /* NAME.spent */
    bool given;    /* the caller said what was spent, and is believed */
    size_t bucket; /* of the question's order */
    int64_t limit; /* picodollars */
    int64_t shown; /* what the policy sees as spent */
};

struct budget_question {
    /* To be set. All of it has to stay until the question is answered. */
    tw_request *request; /* with all attributes but those of budgets */
    const struct zone *zone;
    const struct price_table *prices; /* NULL: nothing can be estimated */
    struct text model;
    int64_t input_tokens;
    int64_t output_tokens; /* at most; -1: what is usual for the model */
    int64_t instant;       /* of the request, milliseconds since 1970 UTC */
    bool believe;          /* attributes of budgets that were given stand */
    /* NULL, or what may change the action that the policy gave, and says whether it did. It is left
     * out where a budget has room for that action, but not for what becomes of it. */
    bool (*adjust)(void *context, struct text model, struct tw_action *action);
    void *adjust_context;

    /* Made by budget_question_open, in its arena. */
    struct budget_view *views;
    size_t view_count;
    struct budget_order order;

    /* The answer. */
    uint32_t rule;
    struct tw_action action;
    const char *chosen; /* the tier of the rule's first step; NULL where it rejects at once */
    bool adjusted;
    int64_t amount; /* reserved, picodollars; 0: nothing */
    bool no_room;   /* it was decided as if a budget were spent */
};

/* Whether some rule reads a budget: only then does a question need the store. */
bool budget_is_read(const tw_policy *policy);
/* Finds the budgets that the policy reads, and the request's buckets in them. The order can then be
 * given to budget_reserve, also on another thread. TW_NO_MEMORY. */
enum tw_status budget_question_open(struct budget_question *question, struct arena *arena,
                                    struct tw_error *error);
/* Answers it: with the store where the policy reads a budget, else without. store NULL: nothing was
 * spent, and nothing is kept. Errors as for budget_reserve. */
enum tw_status budget_decide(struct budget_question *question, struct store *store,
                             struct tw_error *error);

/* The window ("day", "week", "month") that holds `instant`: its first instant, and the next one's.
 */
struct budget_window {
    int64_t from, until;
};
struct budget_window budget_window(const struct zone *zone, struct text window, int64_t instant);

/* The value of an attribute as buckets and the ledger have it: as text; "#" and a hash where that
 * is long, or no plain JSON string; empty where it is not set. In the arena, whose failure it is
 * that it may be empty for lack of memory. */
struct text budget_value(const tw_request *request, int attribute, struct arena *arena);
/* Values of the policy's own attributes that are set, and of those that a budget is kept by, as a
 * JSON object for the ledger; empty where there are none. TW_LIMIT: the latter are too many for a
 * row; others are left out then. TW_NO_MEMORY. */
enum tw_status budget_attributes(const tw_request *request, struct arena *arena, struct text *json,
                                 struct tw_error *error);

#endif
