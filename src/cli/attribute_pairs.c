/* cli/attribute_pairs.c: see attribute_pairs.h. Whether a policy has such an attribute is not asked
 * here. */
#include "cli/attribute_pairs.h"

#include <stdlib.h>
#include <string.h>

int attribute_pairs_read(const struct command *command, const struct text_list *list,
                         struct attribute_pairs *pairs)
{
    size_t length = 1;
    for (size_t i = 0; i < list->count; i++)
        length += strlen(list->items[i]) + 1;
    *pairs = (struct attribute_pairs){.names = calloc(1, length),
                                      .items = calloc(list->count + 1, sizeof *pairs->items)};
    if (!pairs->names || !pairs->items)
        return trouble(command, "out of memory");
    char *name = pairs->names;
    for (size_t i = 0; i < list->count; i++) {
        const char *argument = list->items[i], *sign = strchr(argument, '=');
        if (!sign || sign == argument)
            return trouble(command, "\"%s\" is not of the form ATTR=VALUE", argument);
        memcpy(name, argument, (size_t)(sign - argument));
        pairs->items[pairs->count++] = (struct tw_pair){name, sign + 1};
        name += sign - argument + 1;
    }
    return EXIT_DONE;
}

void attribute_pairs_free(struct attribute_pairs *pairs)
{
    free(pairs->items);
    free(pairs->names);
}
