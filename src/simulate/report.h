/* simulate/report.h: a finished replay, for people, for programs and for a browser. */
#ifndef TIERWAY_SIMULATE_REPORT_H
#define TIERWAY_SIMULATE_REPORT_H

#include "simulate/figures.h"
#include "simulate/gates.h"

/* A gate that was asked, as it was written, and what came of it. */
struct gate_result {
    struct text text;
    bool holds;
};

struct report {
    const struct figures *figures;
    const char *old_name, *new_name; /* of the policies' files; old: "the log" */
    const char *log_name;
    const struct price_table *prices;
    const struct gate_result *gates;
    size_t gate_count;
};

enum {
    REPORT_MAX = 64 << 20, /* bytes */
    REPORT_SHOWN = 20      /* rows of one table for people; JSON has all */
};

/* Each appends to the buffer, whose status says whether it all fitted. */
void replay_text(const struct report *report, struct buffer *out);
void replay_json(const struct report *report, struct buffer *out); /* docs/simulate.md */
void replay_html(const struct report *report,
                 struct buffer *out); /* one page, needs no other file */

/* What the reports share. */
const char *replay_assumption(enum assumption from); /* "given" */
/* "$12.3456", "-$0.5000"; signed: "+$0.5000". money is in parts of 10^-24 dollars. */
void replay_money(struct buffer *out, __int128 money, bool sign);
/* "12.5%"; of 0 a dash. sign: "+12.5%". */
void replay_percent(struct buffer *out, __int128 part, __int128 whole, bool sign);
/* "1.5s", "850ms", a dash where it is -1. */
void replay_latency(struct buffer *out, int64_t milliseconds);

#endif
