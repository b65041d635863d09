/* runtime/price_check.h: every problem of a price file in one go, for `tierway prices check`. */
#ifndef TIERWAY_RUNTIME_PRICE_CHECK_H
#define TIERWAY_RUNTIME_PRICE_CHECK_H

#include "runtime/price.h"

#define PRICE_PROBLEMS_MAX 10000 /* what comes after is counted, not kept */

struct price_problem {
    bool warning;        /* it is read as it stands, and likely not meant */
    size_t offset;       /* in the file, in bytes */
    size_t line, column; /* of it, from 1; column in bytes */
    struct text path;    /* "models[3].flex.input"; empty for the file itself */
    struct text message; /* one clause without a full stop that names model, tier and member */
};

struct price_report {
    struct arena arena;             /* owns the texts */
    struct price_problem *problems; /* by place in the file */
    size_t count, capacity;
    size_t errors, warnings; /* all of them */
    size_t models;           /* that were read */
};

/* Reads a price file to its end. TW_OK once it is read, problems or not; TW_NO_MEMORY. The report
 * is the caller's to free either way. */
enum tw_status price_table_check(struct text name, struct text json, struct price_report *report,
                                 struct tw_error *error);
void price_report_free(struct price_report *report);

#endif
