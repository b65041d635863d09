/* tests/property/policy_draft.h: a policy that is being made; for the generator's own files. */
#ifndef TIERWAY_TESTS_POLICY_DRAFT_H
#define TIERWAY_TESTS_POLICY_DRAFT_H

#include "policy_generator.h"

/* What a test can be about. */
struct subject {
    char name[32];
    enum tw_type type;
    enum projection projection;
    int64_t low, high; /* of constants that may stand beside it */
    bool can_be_unset;
    char words[6][16]; /* of an enum */
    size_t word_count;
};

enum let_kind { LET_CONSTANT, LET_SET, LET_CONDITION };

struct let {
    char name[16];
    enum let_kind kind;
    enum tw_type type; /* of a constant */
    int64_t value;     /* of a constant */
    size_t subject;    /* of a set */
};

enum { MOST_SUBJECTS = 120, MOST_LETS = 24, MOST_DRAFT_TIERS = 8 };

struct draft {
    struct random random;
    struct feature_counts *counts;
    struct buffer *out;
    const char *tiers[MOST_DRAFT_TIERS];
    size_t tier_count;
    const char *tier_alias; /* another name of one of them, or NULL */
    struct subject subjects[MOST_SUBJECTS];
    size_t subject_count;
    struct let lets[MOST_LETS];
    size_t let_count;
};

static inline void count(struct draft *draft, enum feature feature)
{
    draft->counts->of_feature[feature]++;
}

/* policy_values.c: constants. */
int64_t draw_number(struct draft *draft, const struct subject *subject);
void write_number(struct draft *draft, const struct subject *subject, int64_t number);
void write_string(struct draft *draft, bool pattern);
void write_value(struct draft *draft, const struct subject *subject); /* a literal, word or name */
void write_in_values(struct draft *draft, size_t subject);            /* behind `in` */
void write_set(struct draft *draft, const struct subject *subject);
const struct let *draw_let(struct draft *draft, enum let_kind kind);

/* policy_conditions.c */
void write_condition(struct draft *draft, int depth);

#endif
