/* program/printer.h: a program's values, variables and targets in words, for the disassembler.
 *
 * A printer borrows the policy and the buffer. Not thread-safe. */
#ifndef TIERWAY_PROGRAM_PRINTER_H
#define TIERWAY_PROGRAM_PRINTER_H

#include "program/run/program.h"

/* A literal of a variable by its class. */
struct class_name {
    uint32_t class;
    uint32_t place; /* in the variable's hash table */
};

struct printer {
    const tw_policy *policy;
    struct buffer *out;
    struct class_name **names; /* owned: of each string variable that was printed, by class */
};

/* False when memory is out; then nothing is owned. */
bool printer_init(struct printer *printer, const tw_policy *policy, struct buffer *out);
void printer_free(struct printer *printer);

/* The attribute that is the whole of a variable, or the clock's `now`; "?" where there is none. */
const char *variable_name(const tw_policy *policy, uint32_t variable);
/* A value in the language's own form; of a string the texts of its class. */
void print_value(struct printer *printer, uint32_t variable, int64_t value);
/* low <= high; both are in. */
void print_interval(struct printer *printer, uint32_t variable, int64_t low, int64_t high);
/* The number of an instruction, or the name of the rule that decides. */
void print_target(struct printer *printer, uint32_t target);
/* Which values make row number `row` of ascending keys. The first row is below all keys. */
void print_row(struct printer *printer, uint32_t variable, const int64_t *keys, uint32_t key_count,
               uint32_t row);

/* A line below an instruction: begins, and ends with a word and a target in their column. start:
 * where the line begins in the buffer. */
size_t begin_detail(struct printer *printer);
void print_tail(struct printer *printer, size_t start, const char *word);
void end_detail(struct printer *printer, size_t start, const char *word, uint32_t target);

/* print_plans.c: what stands below a table or masks instruction. */
void print_table(struct printer *printer, const struct image_table *table);
void print_masks(struct printer *printer, const struct image_masks *group);

#endif
