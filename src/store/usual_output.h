/* store/usual_output.h: how long a model's answers usually are, learnt from the ledger.
 *
 * Kept for each model: the longest answer of late. An answer that is longer takes its place; each
 * one that is shorter makes it a sixteenth smaller. So it is over nearly all answers, and forgets
 * an odd one after some tens. Learning starts from the last USUAL_OUTPUT_ROWS rows. */
#ifndef TIERWAY_STORE_USUAL_OUTPUT_H
#define TIERWAY_STORE_USUAL_OUTPUT_H

#include "base/map.h"

#define USUAL_OUTPUT_ROWS 2000    /* of the ledger's end that are read at first */
#define USUAL_OUTPUT_UNKNOWN 4096 /* tokens, of a model without an answer */

struct usual_output {
    struct arena arena; /* owns names and figures */
    struct map models;  /* to int64_t */
};

void usual_output_init(struct usual_output *usual);
void usual_output_free(struct usual_output *usual);
/* An answer of so many tokens; fewer than 0 are passed over. Models beyond the memory set aside are
 * not learnt. */
void usual_output_learn(struct usual_output *usual, struct text model, int64_t tokens);
int64_t usual_output_of(const struct usual_output *usual, struct text model);

#endif
