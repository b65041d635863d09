/* runtime/percent.c: long division, digit by digit, so that sums over 64 bits need no wider type.
 */
#include "runtime/percent.h"

#include "base/value.h"

/* part / whole * 100 in units of 10^-decimals. */
static __int128 percent(__int128 part, __int128 whole, int decimals)
{
    if (whole == 0)
        return 0;
    __int128 magnitude = part < 0 ? -part : part;
    __int128 quotient = magnitude / whole, rest = magnitude % whole;
    for (int digit = 0; digit < decimals + 2; digit++) {
        rest *= 10;
        quotient = quotient * 10 + rest / whole;
        rest %= whole;
    }
    if (rest * 2 > whole || (rest * 2 == whole && quotient % 2))
        quotient++;
    return part < 0 ? -quotient : quotient;
}

void percent_print(struct buffer *buffer, __int128 part, __int128 whole, int decimals)
{
    decimal_print_wide(buffer, percent(part, whole, decimals), decimals);
}

void percent_print_fixed(struct buffer *buffer, __int128 part, __int128 whole, int decimals)
{
    decimal_print_rounded(buffer, percent(part, whole, decimals), decimals, decimals);
}
