/* program/compile.h: from a checked policy to a runnable one; tw_policy_compile is built on it. */
#ifndef TIERWAY_PROGRAM_COMPILE_H
#define TIERWAY_PROGRAM_COMPILE_H

#include "front/front.h"

/* Lowers, writes and loads a policy without errors. TW_OK, TW_NO_MEMORY or TW_LIMIT. */
enum tw_status compile_front(struct front *front, tw_policy **policy, struct tw_error *error);

/* The program in words, one line an instruction. */
void disassemble(const tw_policy *policy, struct buffer *out);

#endif
