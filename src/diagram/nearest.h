/* diagram/nearest.h: the request of a region that is nearest to another request.
 *
 * Near is what takes few words: the distance is the number of attributes that have to be given
 * another value. A weekday and a time of day are two, although both are of the clock; so are a date
 * and a time, and a date brings its weekday. Of requests equally near, the one that changes fewer
 * variables (the clock with its date being one) is taken. */
#ifndef TIERWAY_DIAGRAM_NEAREST_H
#define TIERWAY_DIAGRAM_NEAREST_H

#include "diagram/build.h"
#include "front/reference.h"

/* A request as the class of each variable. */
struct assignment {
    uint32_t *classes; /* of each variable of the policy; of the arena */
    uint32_t distance; /* from the base: less for a nearer one of the same base and form */
};

/* How another moment is said. */
enum moment_form {
    MOMENT_IN_PARTS,   /* as weekday or date, and time */
    MOMENT_AS_INSTANT, /* as `now`, which has to be said anyway */
};

/* The request nearest to `base` among those for which `region` is TRUE; NULL: to that with every
 * attribute at its default. region must not be NONE, and without requests that cannot be. False
 * when memory is out. */
bool diagram_nearest(struct policy_diagram *built, diagram_ref region, const struct valuation *base,
                     enum moment_form form, struct assignment *assignment);

#endif
