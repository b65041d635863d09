/* base/quotation.h: any bytes, made fit to stand in a message to a person. */
#ifndef TIERWAY_BASE_QUOTATION_H
#define TIERWAY_BASE_QUOTATION_H

#include "base/text.h"

struct quotation {
    char text[64]; /* ends in a NUL */
};

/* The text in double quotes: valid UTF-8, cut with "..." where it is long, '?' for each control
 * character and for each byte that is not UTF-8. Cannot fail. */
struct quotation quote(struct text text);

#endif
