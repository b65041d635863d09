/* front/front.h: the whole front end: text in, checked policy and findings out.
 *
 *     struct front front;
 *     if (front_read(&front, name, text, &read_from_disk) == TW_OK && !front.findings.error_count)
 *         ... front.policy ...
 *     front_free(&front);
 *
 * Everything that front hands out lives in its arena, until front_free. */
#ifndef TIERWAY_FRONT_FRONT_H
#define TIERWAY_FRONT_FRONT_H

#include "front/check.h"
#include "front/parse.h"

#define FRONT_MEMORY_LIMIT (1024u << 20) /* bytes for the tree and all that hangs on it */

struct front {
    struct arena arena;
    struct sources sources;
    struct findings findings;
    struct statement *statements;
    struct policy_tree policy; /* filled in even where there are errors, as far as it goes */
    bool checked;              /* there was no syntax error so bad that checking made no sense */
};

/* Parses and checks. TW_OK, whatever the findings; TW_NO_MEMORY; TW_LIMIT where FRONT_MEMORY_LIMIT
 * is not enough. front_free either way. */
enum tw_status front_read(struct front *front, struct text name, struct text content,
                          const struct file_reader *reader);
void front_free(struct front *front);

#endif
