/* base/provider.h: the tier names of each provider (providers.def). Constant data. */
#ifndef TIERWAY_BASE_PROVIDER_H
#define TIERWAY_BASE_PROVIDER_H

#include "base/text.h"

#define MAX_TIERS 32

struct provider {
    const char *name;
    const char *tiers;   /* separated by blanks; the first is the implicit default */
    const char *aliases; /* "other=tier", separated by blanks */
};

extern const struct provider providers[];
extern const size_t provider_count;

const struct provider *provider_find(struct text name); /* NULL where there is none */
/* Takes the next word off a list separated by blanks; an empty text at its end. */
struct text list_next(const char **list);
/* The name that an alias stands for; the name itself where it is no alias. */
struct text provider_tier_name(const struct provider *provider, struct text name);

#endif
