/* runtime/percent.h: shares of a whole, exactly rounded. */
#ifndef TIERWAY_RUNTIME_PERCENT_H
#define TIERWAY_RUNTIME_PERCENT_H

#include "base/text.h"

/* Writes part / whole * 100 with at most `decimals` decimals (0 to 12), rounded to the nearest and
 * a tie to the even digit, without trailing zeros: 1 of 3 with 4 decimals is "33.3333". A whole of
 * 0 gives "0". whole is not negative and under 2^123; part is at most 2^60 wholes, of either sign.
 */
void percent_print(struct buffer *buffer, __int128 part, __int128 whole, int decimals);
/* The same with exactly `decimals` decimals, for columns. */
void percent_print_fixed(struct buffer *buffer, __int128 part, __int128 whole, int decimals);

#endif
