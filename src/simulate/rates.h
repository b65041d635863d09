/* simulate/rates.h: what is known of the models of a log, looked up once and then remembered: the
 * rates at each tier, and the line of the report.
 *
 * A log has few models and many requests. The table has a fixed size, whatever a log names. */
#ifndef TIERWAY_SIMULATE_RATES_H
#define TIERWAY_SIMULATE_RATES_H

#include "runtime/price.h"

enum {
    RATES_PLACES = 256,
    RATES_TIERS = 8,
    RATES_MODEL_MAX = 64 /* bytes of a model's name; longer: not kept */
};

struct model_line;

struct rates_model {
    char name[RATES_MODEL_MAX];
    size_t length;
    bool kept;               /* the name is this model's */
    struct model_line *line; /* the caller's; NULL until it is set */
    struct rates_tier {
        bool known;
        int tier; /* the caller's number for the question's tier */
        struct price_terms terms;
    } tiers[RATES_TIERS];
};

struct rates {
    struct rates_model places[RATES_PLACES];
};

/* What is known of a model: nothing yet for a new one. Holds until the next call. */
struct rates_model *rates_model(struct rates *rates, struct text name);

/* price_terms_find through the memory. model is the question's. All questions have the same table,
 * provider and purpose, and one number for each word of a tier. *terms is what was found, until the
 * next call; the result is price_terms_find's, without messages. */
enum tw_status rates_find(struct rates_model *model, const struct price_table *table,
                          const struct price_question *question, int tier,
                          const struct price_terms **terms);

#endif
