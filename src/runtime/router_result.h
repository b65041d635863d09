/* runtime/router_result.h: the result of a request, as the caller gets it. */
#ifndef TIERWAY_RUNTIME_ROUTER_RESULT_H
#define TIERWAY_RUNTIME_ROUTER_RESULT_H

#include "runtime/dispatch.h"
#include "tierway/router.h"

struct result {
    struct tw_result result; /* the first member: tw_result_free gets back to the rest */
    struct dispatch dispatch;
    struct tw_rule rule;
};

struct result *result_new(void); /* NULL when memory is out; freed by tw_result_free */
/* Appends the request's rows to the store (NULL: there is none), lets go of its reservation (0: it
 * has none), and notes what became of it. */
void result_account(struct result *result, struct store *store, int64_t reservation);
/* Fills in the public part. Texts point to the dispatch and to its arena. TW_NO_MEMORY. */
enum tw_status result_describe(struct result *result, const struct account *account,
                               const struct tw_action *action, bool cancelled,
                               struct tw_error *error);

#endif
