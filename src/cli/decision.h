/* cli/decision.h: a decision as people and as programs read it. */
#ifndef TIERWAY_CLI_DECISION_H
#define TIERWAY_CLI_DECISION_H

#include "base/text.h"

/* The members of one decision, without the braces, in the order that docs/formats.md promises:
 * tier, rule, line, and where there are any timeout_ms, retry, else, reject. */
void decision_json(const tw_policy *policy, const tw_request *request, uint32_t rule,
                   struct buffer *out);
/* The same in one or two lines for people. */
void decision_text(const tw_policy *policy, const tw_request *request, uint32_t rule,
                   struct buffer *out);

/* The decisions of a policy as JSON, made once: decide --jsonl prints hundreds of thousands of them
 * a second. */
struct decision_texts {
    struct buffer text;
    struct decision_part *parts; /* of each rule */
};

struct decision_part {
    size_t start, length; /* its whole object with a line end */
    bool whole;           /* no step takes its tier from the request */
};

enum tw_status decision_texts_make(struct decision_texts *texts, const tw_policy *policy);
void decision_texts_free(struct decision_texts *texts);
/* Appends the decision's object and a line end. */
void decision_texts_write(const struct decision_texts *texts, const tw_policy *policy,
                          const tw_request *request, uint32_t rule, struct buffer *out);

#endif
