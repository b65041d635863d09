/* cli/attribute_pairs.h: the arguments of --set ATTR=VALUE as pairs of names and values. */
#ifndef TIERWAY_CLI_ATTRIBUTE_PAIRS_H
#define TIERWAY_CLI_ATTRIBUTE_PAIRS_H

#include "cli/cli.h"
#include "tierway/router.h"

struct attribute_pairs {
    struct tw_pair *items; /* values are the arguments' */
    size_t count;
    char *names; /* "a\0b\0" */
};

/* Reads all of a list, and leaves room for one pair more. EXIT_DONE, or EXIT_TROUBLE after a
 * message; to be freed either way. */
int attribute_pairs_read(const struct command *command, const struct text_list *list,
                         struct attribute_pairs *pairs);
void attribute_pairs_free(struct attribute_pairs *pairs);

#endif
