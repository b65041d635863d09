/* runtime/attributes.h: a request's attributes, from where each one is to be had.
 *
 * What counts, the first of: what the caller of the library gives; a header x-tierway-NAME; the
 * source that the policy declares (a header, a place in the body), or for the built-in ones the
 * body; the default. What no rule reads is not computed. */
#ifndef TIERWAY_RUNTIME_ATTRIBUTES_H
#define TIERWAY_RUNTIME_ATTRIBUTES_H

#include "runtime/body.h"
#include "runtime/health.h"

struct attribute_pair {
    struct text name, value;
};

struct attribute_source {
    const struct body *body;
    struct text endpoint;   /* "/chat/completions" */
    struct text request_id; /* `sample` follows it where the body names no user */
    int64_t instant;        /* milliseconds since 1970 UTC */
    const struct attribute_pair
        *given; /* names as in the policy, values as the language has them */
    size_t given_count;
    const struct attribute_pair *headers;
    size_t header_count;
    struct health *const *health; /* of this process; NULL: nothing is known of the tiers */
    size_t health_count;
    bool ignore_unknown; /* headers x-tierway-NAME that the policy does not know are no error */
};

/* Sets everything that the policy needs on a request that is clear. Strings of the body are not
 * copied: it has to stay until the decision is made.
 * TW_INVALID: a value is not of its attribute's type. TW_NOT_FOUND: an attribute is not known.
 * TW_LIMIT, TW_NO_MEMORY. error names the attribute. */
enum tw_status attributes_fill(tw_request *request, const struct attribute_source *source,
                               struct tw_error *error);

#endif
