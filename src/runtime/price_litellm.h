/* runtime/price_litellm.h: LiteLLM's model_prices_and_context_window.json as one of our files.
 *
 * The feed (BerriAI/litellm, MIT licence) is one object: model names, each with an object of
 * members such as "input_cost_per_token_above_272k_tokens_priority", in USD per token. Only what
 * can be said exactly in our file is taken; the rest is left out and named. */
#ifndef TIERWAY_RUNTIME_PRICE_LITELLM_H
#define TIERWAY_RUNTIME_PRICE_LITELLM_H

#include "runtime/price.h"

struct price_import {
    struct text provider; /* only its models, by our name for it; empty: of all */
    struct text date;     /* of the feed, as the file will say it */
};

/* Appends a price file to `out` and what was taken and left out, and why, to `summary` (text for
 * people). *taken: the rows written. TW_INVALID: not JSON, or not of this shape. TW_LIMIT: too many
 * models, or a buffer is full. TW_NO_MEMORY. */
enum tw_status price_import_litellm(struct text json, const struct price_import *import,
                                    struct buffer *out, struct buffer *summary, size_t *taken,
                                    struct tw_error *error);

/* A JSON number of USD per token as picodollars: "1.25e-06" is 1,250,000. TW_LIMIT where it would
 * have to be rounded or does not fit, TW_INVALID where it is no number. *rate may be negative. */
enum tw_status price_per_token_parse(struct text number, int64_t *rate);

#endif
