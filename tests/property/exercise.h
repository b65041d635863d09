/* tests/property/exercise.h: uses a loaded policy in every way that a program can, for tests whose
 * only question is whether that ends well (sanitizers say). */
#ifndef TIERWAY_TESTS_EXERCISE_H
#define TIERWAY_TESTS_EXERCISE_H

#include "random.h"

#include "tierway/policy.h"

/* Decides `requests` random requests, reads every description, and disassembles. False where
 * something is plainly wrong: a rule that does not exist, a description that is refused. */
bool exercise_policy(const tw_policy *policy, struct random *random, int requests);

/* Makes the length, the checksum and the longest run of an image's header what its bytes say, as
 * far as they can be found, so that damage elsewhere is not hidden behind them. */
void image_repair(char *image, size_t length);

#endif
