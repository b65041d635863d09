/* program/emit.h: a lowered policy as a program image. */
#ifndef TIERWAY_PROGRAM_EMIT_H
#define TIERWAY_PROGRAM_EMIT_H

#include "program/lower.h"

/* Adds to what was lowered what the image says about itself, and puts it together. TW_OK,
 * TW_NO_MEMORY or TW_LIMIT; image is the caller's to free. Its sections are gone then. */
enum tw_status emit_image(struct lowered *lowered, struct buffer *image);

#endif
