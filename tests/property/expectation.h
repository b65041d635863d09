/* tests/property/expectation.h: what lint has to say of a policy, found by trying every request. */
#ifndef TIERWAY_TESTS_EXPECTATION_H
#define TIERWAY_TESTS_EXPECTATION_H

#include "request_space.h"

struct expected {
    enum finding_name name;
    struct span span;
    bool witnessed;            /* the finding has to bring a request ... */
    struct request_set region; /* ... that is one of these */
    size_t rule;               /* that it is about; rule_count for others */
};

struct expectation {
    struct space *space;
    struct expected *items;
    size_t count, capacity;
    struct request_set *holds; /* of each rule: where its condition holds */
    struct request_set *own;   /* of each rule: the requests that it decides */
    struct request_set rest;   /* no rule decides them */
    bool *dead, *removable;    /* of each rule */
};

void expectation_make(struct expectation *expectation, struct space *space);

#endif
