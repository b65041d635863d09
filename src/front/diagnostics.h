/* front/diagnostics.h: findings as values, collected in one list.
 *
 * The front end never prints: it adds findings, and whoever asked for the compile shows them.
 * At most MAX_FINDINGS are kept. A second finding of the same kind at the same place is dropped,
 * since it would say the same thing again. */
#ifndef TIERWAY_FRONT_DIAGNOSTICS_H
#define TIERWAY_FRONT_DIAGNOSTICS_H

#include "front/source.h"

enum finding_name {
#define TW_FINDING(name, text, severity, meaning) FINDING_##name,
#include "front/diagnostics.def"
#undef TW_FINDING
    FINDING_COUNT
};

#define MAX_FINDINGS 1000

struct related {
    struct span span;
    struct text message;
    struct related *next;
};

struct finding {
    enum finding_name name;
    enum tw_severity severity;
    struct span span;
    struct text message;
    struct text help;        /* empty where there is none */
    struct text witness;     /* attributes as JSON, empty where there is none */
    struct text example;     /* the same as an `expect` that passes */
    struct related *related; /* other places, in order */
};

struct findings {
    struct sources *sources;
    struct arena *arena;
    struct finding *items;
    size_t count, capacity;
    size_t error_count;
};

const char *finding_text(enum finding_name name);    /* "unknown-name" */
const char *finding_meaning(enum finding_name name); /* a sentence for the manual */
bool finding_find(struct text text, enum finding_name *name);

/* Adds a finding; NULL where it was dropped (said already, list full, no memory). The result may
 * be given a help and related places until the next call. */
struct finding *finding_add(struct findings *findings, enum finding_name name, struct span span,
                            const char *format, ...) PRINTF_LIKE(4, 5);
/* Would such a finding be dropped? Before work that only its help line needs. */
bool finding_dropped(const struct findings *findings, enum finding_name name, struct span span);
void finding_help(struct findings *findings, struct finding *finding, const char *format, ...)
    PRINTF_LIKE(3, 4);
void finding_relate(struct findings *findings, struct finding *finding, struct span span,
                    const char *format, ...) PRINTF_LIKE(4, 5);

/* Sorts by source, place and name. */
void findings_sort(struct findings *findings);
/* One finding with its source line and the span underlined, as people read it. */
void finding_print(const struct findings *findings, const struct finding *finding, bool colour,
                   struct buffer *out);

#endif
