/* program/compile.h: from a checked policy to a runnable one; tw_policy_compile is built on it. */
#ifndef TIERWAY_PROGRAM_COMPILE_H
#define TIERWAY_PROGRAM_COMPILE_H

#include "front/front.h"
#include "program/run/image.h"

#define ANY_PLAN PLAN_COUNT /* the compiler chooses */

/* Lowers, writes, loads and validates a policy without errors. TW_OK, TW_NO_MEMORY, TW_LIMIT, or
 * TW_INTERNAL where the program does not do what the policy means, which is a mistake of the
 * compiler's. */
enum tw_status compile_front(struct front *front, tw_policy **policy, struct tw_error *error);
/* The same with a plan to take where that can be, or ANY_PLAN. */
enum tw_status compile_as(struct front *front, enum plan wanted, tw_policy **policy,
                          struct tw_error *error);
/* plan_report.c: compiles anew, and writes which plan was taken and what the choice rests on. */
enum tw_status compile_show_plan(struct front *front, struct buffer *out);
/* The same of a program whose text is not at hand: which plan, not why. */
void show_program_plan(const tw_policy *policy, struct buffer *out);

/* The program in words, one line an instruction. */
void disassemble(const tw_policy *policy, struct buffer *out);

#endif
