/* cli/serve_load.h: what the gateway loads and loads again: its policy and its price table. */
#ifndef TIERWAY_CLI_SERVE_LOAD_H
#define TIERWAY_CLI_SERVE_LOAD_H

#include "gateway/admin.h"
#include "gateway/policy_store.h"

/* The context of load_policy. */
struct load_settings {
    struct metrics *metrics; /* gets the policy's labels */
    bool ledger;             /* one is kept, so that budgets can be read */
};

/* A policy_loader. Refused is what has errors, a `never` or `always` that does not hold, an
 * `expect` that fails, and what reads a budget where no ledger is kept; why has each of them as
 * `lint` and `test` would say it. A program image was proved when it was made. */
enum tw_status load_policy(void *context, const char *file, struct loaded *loaded,
                           struct buffer *why);
/* A policy_loader for --prices: a built-in table's name or a file. */
enum tw_status load_prices(void *context, const char *name, struct loaded *loaded,
                           struct buffer *why);
/* An admin_explain: a decision with its explanation; of a program image, or where an included file
 * has changed since, the decision alone. */
enum tw_status explain_loaded(const struct loaded *loaded, tw_request *request, struct buffer *out,
                              struct tw_error *error);

#endif
