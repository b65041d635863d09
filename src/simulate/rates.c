/* simulate/rates.c: see rates.h. Allocates nothing. What has no price is looked up each time. */
#include "simulate/rates.h"

#include <string.h>

struct rates_model *rates_model(struct rates *rates, struct text name)
{
    struct rates_model *model = &rates->places[text_hash_here(name) % RATES_PLACES];
    if (model->kept && model->length == name.length &&
        memcmp(model->name, name.data, name.length) == 0)
        return model;
    model->kept = name.length <= RATES_MODEL_MAX;
    model->length = model->kept ? name.length : 0;
    memcpy(model->name, name.data, model->length);
    model->line = NULL;
    for (size_t i = 0; i < RATES_TIERS; i++)
        model->tiers[i].known = false;
    return model;
}

enum tw_status rates_find(struct rates_model *model, const struct price_table *table,
                          const struct price_question *question, int tier,
                          const struct price_terms **terms)
{
    struct rates_tier *place = &model->tiers[tier % RATES_TIERS];
    *terms = &place->terms;
    if (place->known && place->tier == tier && question->instant >= place->terms.from &&
        question->instant < place->terms.until)
        return TW_OK;
    enum tw_status status = price_terms_find(table, question, &place->terms, NULL);
    place->known = status == TW_OK;
    place->tier = tier;
    return status;
}
