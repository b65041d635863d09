/* cli/serve_load.h: what the gateway loads and loads again: its policy, its price table and its
 * callers. */
#ifndef TIERWAY_CLI_SERVE_LOAD_H
#define TIERWAY_CLI_SERVE_LOAD_H

#include "cli/serve_config.h"
#include "gateway/admin.h"
#include "gateway/policy_store.h"

/* The context of all loaders. */
struct load_settings {
    struct metrics *metrics; /* gets the policy's labels */
    bool ledger;             /* one is kept, so that budgets can be read */
    const struct serve_options *options;
    const struct config *config; /* as it was at the start */
    struct policy_store *live;   /* NULL: it is being opened */
};

/* A policy_loader. Refused is what has errors, a `never` or `always` that does not hold, an
 * `expect` that fails, and what reads a budget where no ledger is kept; why has each of them as
 * `lint` and `test` would say it. A program image was proved when it was made. */
enum tw_status load_policy(void *context, const char *file, struct loaded *loaded,
                           struct buffer *why);
/* A policy_loader for --prices: a built-in table's name or a file. */
enum tw_status load_prices(void *context, const char *name, struct loaded *loaded,
                           struct buffer *why);
/* A policy_loader for the configuration's callers, and what all of them may set. At first they are
 * those of settings.config; then the file (NULL: there is none) is read again, with the options and
 * the environment over it. Refused is a file that the gateway would not start with, and callers
 * that do not go with the rest of the configuration as it was at the start. */
enum tw_status load_callers(void *context, const char *file, struct loaded *loaded,
                            struct buffer *why);
/* An admin_explain: a decision with its explanation; of a program image, or where an included file
 * has changed since, the decision alone. */
enum tw_status explain_loaded(const struct loaded *loaded, tw_request *request, struct buffer *out,
                              struct tw_error *error);

#endif
