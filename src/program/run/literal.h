/* program/run/literal.h: finding a text among those that a policy names.
 *
 * A short text is told by two numbers, its ends, so that a look is one line of memory and no
 * comparison of bytes. The hash is a part of the format. */
#ifndef TIERWAY_PROGRAM_LITERAL_H
#define TIERWAY_PROGRAM_LITERAL_H

#include "program/run/mix.h"
#include "program/run/program.h"

enum { SHORT_TEXT = 16 }; /* bytes that two numbers hold */

struct literal_key {
    uint64_t ends[2]; /* of a longer text: its whole hash, and 0 */
    uint32_t hash;    /* the search begins at its low bits */
};

/* text: at most SHORT_TEXT bytes */
static inline struct literal_key short_key(struct text text)
{
    struct literal_key key = {{0, 0}, 0};
    if (text.length)
        read_ends(text.data, text.length, &key.ends[0], &key.ends[1]);
    key.hash = (uint32_t)mix_last(key.ends[0], key.ends[1], mix_begin(text, 0));
    return key;
}

static inline struct literal_key literal_key(struct text text)
{
    if (text.length <= SHORT_TEXT)
        return short_key(text);
    uint64_t hash = mix_hash(text, 0);
    return (struct literal_key){{hash, 0}, (uint32_t)hash};
}

/* For a short text that is all there is to compare. */
static inline bool ends_are(const struct image_literal *literal, const struct literal_key *key,
                            struct text text)
{
    return ((literal->ends[0] ^ key->ends[0]) | (literal->ends[1] ^ key->ends[1]) |
            (literal->text.length ^ text.length)) == 0;
}

static inline bool literal_is(const struct tw_policy *policy, const struct image_literal *literal,
                              const struct literal_key *key, struct text text)
{
    return ends_are(literal, key, text) &&
           (text.length <= SHORT_TEXT ||
            memcmp(image_text(policy, literal->text), text.data, text.length) == 0);
}

/* The literal, or NULL. variable: of strings. */
static inline const struct image_literal *literal_find(const struct tw_policy *policy,
                                                       const struct image_variable *variable,
                                                       struct text text)
{
    if (variable->literal_capacity == 0)
        return NULL;
    const struct image_literal *table = policy->section_LITERALS + variable->literal_first;
    struct literal_key key = literal_key(text);
    uint32_t mask = variable->literal_capacity - 1;
    for (uint32_t at = key.hash & mask; table[at].text.offset != UINT32_MAX; at = (at + 1) & mask)
        if (literal_is(policy, &table[at], &key, text))
            return &table[at];
    return NULL;
}

#endif
