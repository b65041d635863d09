/* front/format.h: the canonical layout of a policy's text.
 *
 * The layout depends on nothing but the words of the text, its comments, and where lines of
 * their own and blank lines stand, so that formatting twice changes nothing. The words themselves
 * are kept as written. The rules of the layout are in format_layout.c. */
#ifndef TIERWAY_FRONT_FORMAT_H
#define TIERWAY_FRONT_FORMAT_H

#include "front/diagnostics.h"

/* Formats one text; the files that it includes are not read.
 *
 * name      as shown in findings
 * content   at most TW_MAX_SOURCE bytes
 * findings  with empty sources and its arena set up by the caller; gets what keeps the text from
 *           being formatted
 * out       initialised, with a limit of at least twice the content's length for text that is laid
 *           out as people write it; the result is appended
 * error     says why, for all but TW_REFUSED; NULL allowed
 *
 * Returns TW_OK; TW_REFUSED where the text has errors (in findings); TW_LIMIT for text or output
 * that is too large; TW_NO_MEMORY; TW_UNKNOWN where the result, read again, does not hold the same
 * words and comments: that is a mistake in here, and the text must be left alone. */
enum tw_status format_policy(struct text name, struct text content, struct findings *findings,
                             struct buffer *out, struct tw_error *error);

#endif
