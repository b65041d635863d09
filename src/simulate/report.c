/* simulate/report.c: figures as people read them, for the text and for the page. */
#include "simulate/report.h"

#include "base/value.h"
#include "runtime/percent.h"

enum { MONEY_DECIMALS = 4, PERCENT_DECIMALS = 1, SECOND = 1000 };

const char *replay_assumption(enum assumption from)
{
    static const char *const words[] = {
        [ASSUMED] = "assumed", [MEASURED] = "measured", [GIVEN] = "given"};
    return words[from];
}

void replay_money(struct buffer *out, __int128 money, bool sign)
{
    money = figures_picodollars(money);
    buffer_string(out, money < 0 ? "-$" : sign && money > 0 ? "+$" : "$");
    decimal_print_rounded(out, money < 0 ? -money : money, MONEY_PLACES, MONEY_DECIMALS);
}

void replay_percent(struct buffer *out, __int128 part, __int128 whole, bool sign)
{
    if (whole <= 0) {
        buffer_byte(out, '-');
        return;
    }
    buffer_string(out, sign && part > 0 ? "+" : "");
    percent_print_fixed(out, part, whole, PERCENT_DECIMALS);
    buffer_byte(out, '%');
}

void replay_latency(struct buffer *out, int64_t milliseconds)
{
    if (milliseconds < 0)
        buffer_byte(out, '-');
    else if (milliseconds < 10 * SECOND)
        buffer_format(out, "%lldms", (long long)milliseconds);
    else {
        decimal_print_rounded(out, milliseconds, 3, 1);
        buffer_byte(out, 's');
    }
}
