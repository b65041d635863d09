/* base/provider.c: looking up providers and their tier names. Allocates nothing. */
#include "base/provider.h"

#include <string.h>

const struct provider providers[] = {
#define TW_PROVIDER(name, tiers, aliases) {name, tiers, aliases},
#include "base/providers.def"
#undef TW_PROVIDER
};

const size_t provider_count = sizeof providers / sizeof providers[0];

const struct provider *provider_find(struct text name)
{
    for (size_t i = 0; i < provider_count; i++)
        if (text_is(name, providers[i].name))
            return &providers[i];
    return NULL;
}

struct text list_next(const char **list)
{
    *list += strspn(*list, " ");
    struct text word = {*list, strcspn(*list, " ")};
    *list += word.length;
    return word;
}

struct text provider_tier_name(const struct provider *provider, struct text name)
{
    const char *rest = provider ? provider->aliases : "";
    for (struct text pair = list_next(&rest); pair.length; pair = list_next(&rest)) {
        const char *sign = memchr(pair.data, '=', pair.length);
        size_t length = (size_t)(sign - pair.data);
        if (text_equal(name, (struct text){pair.data, length}))
            return (struct text){sign + 1, pair.length - length - 1};
    }
    return name;
}
