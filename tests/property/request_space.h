/* tests/property/request_space.h: all requests that a small policy can tell apart, one by one.
 *
 * Each variable that the policy reads gets a long list of candidate values; of those that every
 * test of the policy judges alike, one is kept (the one with the fewest changes). The requests
 * are the product. Tests are judged by the reference evaluator only, so that nothing here rests on
 * the classes or diagrams that it is compared with. Everything lives in the policy's arena. */
#ifndef TIERWAY_TESTS_REQUEST_SPACE_H
#define TIERWAY_TESTS_REQUEST_SPACE_H

#include "front/front.h"
#include "front/reference.h"

enum { MOST_REQUESTS = 4096 };

/* One choice along an axis: a value of each of its variables. */
struct point {
    int64_t values[2];
    struct text text; /* of a string variable */
    char *judged;     /* the truth of every test that reads the axis */
    size_t changed;   /* how many attributes are away from the base */
};

/* One variable, or the clock and the date, which fix each other's weekday. */
struct axis {
    uint32_t variables[2];
    size_t variable_count;
    struct point *points;
    size_t count, capacity;
};

/* A set of requests, one bit each. */
struct request_set {
    uint64_t *words;
};

/* Where a condition holds, and where it does not; it is unknown elsewhere. */
struct truth_sets {
    struct request_set holds, fails;
};

struct space {
    const struct policy_tree *policy;
    struct arena *arena;
    struct valuation base; /* where changes are counted from: every attribute at its default */
    const struct condition **tests; /* every test of a rule or property, once for each mention */
    size_t test_count, test_capacity;
    struct truth_sets *truths; /* of each test, once it was asked for */
    struct axis *axes;
    size_t axis_count;
    size_t count; /* requests */
    bool clock_follows_date;
    int64_t *values; /* of the request that space_request set last */
    struct text *texts;
};

/* False where there would be more than MOST_REQUESTS. */
bool space_make(struct space *space, const struct policy_tree *policy);
/* The same with changes counted from this request, which is among the requests. */
bool space_make_near(struct space *space, const struct policy_tree *policy, struct valuation base);
/* The request of a number below space->count, until the next call. */
struct valuation space_request(struct space *space, size_t number);
/* The number of the request that every test judges as this one; SIZE_MAX where there is none. */
size_t space_find(struct space *space, const struct valuation *valuation);
/* How many attributes of a request are away from the base, at least. */
size_t space_changed(const struct space *space, size_t number);

struct request_set set_new(const struct space *space, bool full);
void set_and(const struct space *space, struct request_set to, struct request_set other);
void set_or(const struct space *space, struct request_set to, struct request_set other);
void set_minus(const struct space *space, struct request_set to, struct request_set other);
bool set_equal(const struct space *space, struct request_set a, struct request_set b);
bool set_empty(const struct space *space, struct request_set set);
bool set_full(const struct space *space, struct request_set set);
bool set_has(struct request_set set, size_t number);
void set_add(struct request_set set, size_t number);

/* The truth of a condition, by Kleene's tables. `dropped` parts count as if they were not written;
 * NULL-terminated list, or NULL. */
struct truth_sets space_truth(struct space *space, const struct condition *condition,
                              const struct condition *const *dropped);

#endif
