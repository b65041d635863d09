/* runtime/price_find.h: names of models; shared by the price parts. */
#ifndef TIERWAY_RUNTIME_PRICE_FIND_H
#define TIERWAY_RUNTIME_PRICE_FIND_H

#include "runtime/price.h"

/* The model's name without the date of its snapshot, or an empty text where it carries none. */
struct text price_undated(struct text model);

#endif
