/* program/validate.h: does a program do what its policy means? Asked in every compile. */
#ifndef TIERWAY_PROGRAM_VALIDATE_H
#define TIERWAY_PROGRAM_VALIDATE_H

#include "program/lower.h"

/* Runs the program beside the reference evaluator: on the defaults, at the edges of each rule's
 * tests, at combinations of the ends of classes, and at random ones of them. The requests depend on
 * the policy alone. The work is bounded by a number of rules evaluated, whatever the policy.
 *
 * lowered  the policy with its classes; its diagram is not used
 * program  compiled from it; another policy's must have the same variables
 * Returns TW_OK, TW_NO_MEMORY, or TW_INTERNAL with a message that says where the two differ. */
enum tw_status validate_program(const struct lowered *lowered, const tw_policy *program,
                                struct tw_error *error);

#endif
