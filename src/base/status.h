/* base/status.h: results and error values.
 *
 * A function that can fail returns enum tw_status, 0 for success, and its results by out-parameter.
 * Where a caller needs to tell a person what went wrong, it passes a struct tw_error: filled in on
 * failure only, NULL allowed, nothing in it to free. */
#ifndef TIERWAY_BASE_STATUS_H
#define TIERWAY_BASE_STATUS_H

#include "tierway/policy.h"

#include <stdarg.h>
#include <stddef.h>

#define PRINTF_LIKE(format_at, arguments_at)                                                       \
    __attribute__((format(printf, format_at, arguments_at)))
#define MUST_USE __attribute__((warn_unused_result))

/* Fills in error (NULL: nothing to do) and returns code, so that `return fail(...)` reads well.
 * A message that does not fit is cut at a whole UTF-8 character. */
enum tw_status fail(struct tw_error *error, enum tw_status code, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
