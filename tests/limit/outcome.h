/* tests/limit/outcome.h: what becomes of a policy's text: read, linted, compiled, and decided once.
 *
 * Every text has to end soon (LONGEST_SECONDS), within the memory that is set aside for one
 * policy, either with an error that says why or with a program. The limit is some five times what
 * the slowest takes on a quiet machine: what grows with the square takes far longer. */
#ifndef TIERWAY_TESTS_OUTCOME_H
#define TIERWAY_TESTS_OUTCOME_H

#include "front/front.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LONGEST_SECONDS 20.0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LONGEST_SECONDS 20.0
#endif
#endif
#ifndef LONGEST_SECONDS
#define LONGEST_SECONDS 8.0
#endif

struct outcome {
    enum tw_status status; /* of reading, linting and compiling; TW_OK with errors too */
    size_t errors;         /* findings that are errors */
    size_t findings;       /* all that were kept */
    bool found[FINDING_COUNT];
    double seconds; /* of processor time */
    size_t memory;  /* bytes of the arena */
};

/* reader: for `include`; NULL: no file exists. */
struct outcome outcome_of(struct text text, const struct file_reader *reader);
/* Ended as it should: soon, and with either an error or a program. Prints what is wrong. */
bool outcome_good(const char *name, const struct outcome *outcome);

#endif
