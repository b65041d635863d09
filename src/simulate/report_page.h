/* simulate/report_page.h: what the page's two files share. */
#ifndef TIERWAY_SIMULATE_REPORT_PAGE_H
#define TIERWAY_SIMULATE_REPORT_PAGE_H

#include "simulate/report.h"

enum { PAGE_COLOURS = 8 /* of tiers; further ones take them again */ };

/* Appends text with the characters that HTML takes for its own written as entities, and bytes that
 * are not UTF-8 as U+FFFD. */
void page_text(struct buffer *out, struct text text);

/* Charts, as inline SVG. Each appends nothing where there is nothing to draw. */
void page_tier_chart(struct buffer *out, const struct figures *figures);
void page_day_chart(struct buffer *out, const struct figures *figures);
void page_hour_chart(struct buffer *out, const struct figures *figures, int side);

#endif
