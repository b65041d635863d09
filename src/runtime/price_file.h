/* runtime/price_file.h: what the readers of price files share; for price_file*.c and
 * price_check.c.
 *
 * A file is read in one of two ways: up to its first error (price_table_parse), or to its end with
 * every problem noted (price_table_check). Readers do not tell them apart: they return what
 * complain() gives them, which is TW_OK where reading goes on. */
#ifndef TIERWAY_RUNTIME_PRICE_FILE_H
#define TIERWAY_RUNTIME_PRICE_FILE_H

#include "base/json.h"
#include "runtime/price_check.h"

enum { PRICE_REPORT_MEMORY = 64 << 20 };

struct loader {
    struct text file, document;
    struct price_table *table;
    size_t capacity;             /* of the table's rows */
    struct price_report *report; /* NULL: the first error ends the reading */
    struct tw_error *error;
    /* Where in the file we are; also what messages name. */
    const char *at; /* in the document; NULL before its first member */
    bool in_models;
    size_t element; /* of models, from 0 */
    struct price_row *row;
    struct price_window *window; /* of the row, NULL outside */
    bool in_long;                /* in a long-context block */
    int tier;                    /* enum price_tier, or -1 */
};

struct member_rule {
    const char *name;
    enum tw_status (*read)(struct loader *loader, const struct member_rule *rule,
                           struct json_value value);
    int index; /* enum price_tier or enum price_rate, where it is one */
};

/* Says what is wrong with a member of the object that the loader is in; NULL: with the object.
 * TW_OK where a report takes it, else `status`. */
enum tw_status complain(struct loader *loader, enum tw_status status, const char *member,
                        const char *what);
/* What is likely not meant; only a report takes it. TW_OK or TW_NO_MEMORY. */
enum tw_status price_warn(struct loader *loader, const char *member, const char *what);
/* TW_NO_MEMORY, with its message: ends the reading in both ways. */
enum tw_status no_memory(struct loader *loader);

/* Sorts the problems and finds the line of each, in one walk over the document. */
void price_report_place(struct price_report *report, struct text document);

/* Reads the members of an object, each at most once. At most 32 rules, ended by one without name.
 */
enum tw_status read_members(struct loader *loader, const char *name,
                            const struct member_rule *rules, struct json_value object);
/* A string, copied into the table; *text is not touched where it is none. */
enum tw_status read_text(struct loader *loader, const char *member, struct json_value value,
                         struct text *text);
enum tw_status read_ignored(struct loader *loader, const struct member_rule *rule,
                            struct json_value value);
/* The member "models". */
enum tw_status read_models(struct loader *loader, const struct member_rule *rule,
                           struct json_value value);
/* The rules over a row, once it is read. */
enum tw_status check_row(struct loader *loader);
/* The rules over rows that lie side by side, once they are sorted. */
enum tw_status check_neighbours(struct loader *loader);

#endif
