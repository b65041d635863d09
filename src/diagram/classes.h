/* diagram/classes.h: each variable's values, cut into the few classes that a policy tells apart.
 *
 * Two values are in one class when every test of the policy says the same of both. "Not set" is a
 * class of its own. A policy is then a function of class numbers, and everything that is proved
 * about all classes is proved about all requests. */
#ifndef TIERWAY_DIAGRAM_CLASSES_H
#define TIERWAY_DIAGRAM_CLASSES_H

#include "diagram/formula.h"
#include "diagram/pattern_table.h"

/* A run of values that lie in one class. */
struct class_run {
    int64_t low, high;
    uint32_t class;
    uint32_t straight; /* the last of the runs from here on whose classes count up one by one */
};

/* Numbers classes by what the tests say of them, in order of appearance. */
struct numbering {
    struct signature *items; /* of each number */
    uint32_t *slots;         /* a hash table of numbers + 1, at most half full */
    size_t capacity;         /* of slots: a power of two, or 0 */
    uint32_t count;
    struct arena *arena;
};

struct class_span {
    uint32_t low, high; /* inclusive */
};

/* A set of classes of one variable: sorted runs of class numbers, apart from one another. */
struct class_set {
    struct class_span *spans;
    size_t count, capacity;
};

struct variable_classes {
    bool used;              /* some test reads the variable; else it has one class */
    uint32_t count;         /* classes, at least 1; the last one is "not set" where that can be */
    uint32_t unset;         /* the class of "not set"; UINT32_MAX where it is always set */
    uint32_t initial;       /* the class of the default */
    struct class_run *runs; /* of numbers: the whole domain, in order */
    size_t run_count;
    bool by_weekday;    /* of `date`, where the clock is read too: each class is cut by weekday */
    struct text *texts; /* of strings: the texts that tests name ... */
    uint32_t *text_classes; /* ... and their classes */
    size_t text_count;
    struct map text_places; /* a named text to its place in `texts` + 1 */
    struct text *samples;   /* of strings: one text of each class but "not set" */
    size_t sample_count;
    struct pattern_table patterns;
    struct class_set *pattern_classes; /* of each pattern, the classes whose texts match it */
    struct numbering numbering;        /* of texts: to find the class of one that is not named */
};

struct classes {
    const struct policy_tree *policy;
    struct variable_classes *variables; /* of each variable of the policy */
    bool too_large; /* some variable's patterns are too many to tell all combinations apart */
};

/* Cuts every variable by the tests of the formulas. TW_OK or TW_NO_MEMORY. */
enum tw_status classes_make(struct classes *classes, struct arena *arena,
                            const struct policy_tree *policy, struct formula *const *formulas,
                            size_t count);
/* A date fixes its weekday, which the clock shows too. Where a policy reads both, cuts the classes
 * of dates by weekday, so that what cannot be (a Friday that is a Monday) can be told. */
void classes_cut_dates(struct classes *classes);

/* The classes in which a test holds. set: empty at first; one that was used before is used again
 * and grows in the arena. False when memory is out. */
bool classes_of_test(const struct classes *classes, struct arena *arena, const struct formula *test,
                     struct class_set *set);
/* The class of a value, or of a text. */
uint32_t class_of_number(const struct variable_classes *variable, int64_t value);
uint32_t class_of_text(const struct variable_classes *variable, struct text text);
/* The value of a class that is nearest to `wanted`: that itself where it is in the class. */
int64_t class_sample(const struct variable_classes *variable, int64_t wanted, uint32_t class);

/* glob_samples.c: for each combination of patterns that some text matches (and no other pattern),
 * one such text that is not among `named`. Exact, up to a limit of states and of work: then
 * too_large is set and combinations may be missing. False when memory is out. */
struct glob_samples {
    struct text *texts;
    size_t count, capacity;
    bool too_large;
};

bool glob_samples_find(struct glob_samples *samples, struct arena *arena,
                       const struct text *patterns, size_t pattern_count, const struct text *named,
                       size_t named_count);

#endif
