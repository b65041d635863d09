/* program/run/program.h: a loaded program and a request for it.
 *
 * The run part of the program stage: it loads, verifies and evaluates, and links with neither the
 * compiler nor a network nor a database. A loaded program is immutable. */
#ifndef TIERWAY_PROGRAM_PROGRAM_H
#define TIERWAY_PROGRAM_PROGRAM_H

#include "base/clock.h"
#include "program/run/image.h"
#include "program/run/vector.h"

/* A column, with a pointer to its shares. */
struct ready_column {
    const uint32_t *shares;
    int64_t low;
    uint64_t limit, factor;
    uint32_t variable;
};

/* Where a table's records are, so that a decision does not look for them. */
struct ready_table {
    struct ready_column *columns; /* owned: first those of which each value has a share */
    struct image_block *blocks;   /* owned: first those of one variable each */
    const uint16_t *cells;
    int64_t base;
    uint32_t unit_count, column_count;   /* of columns: the first ones; all */
    uint32_t uniform_count, block_count; /* of blocks, likewise */
};

/* An index of keys, with pointers in place of numbers. */
struct ready_index {
    const int64_t *keys;
    const uint16_t *buckets;
    int64_t low, high;
    uint32_t shift;
};

/* An axis of masks, the same. */
struct ready_axis {
    struct ready_index index;
    const uint64_t *rows, *summaries;
    uint32_t variable;
    uint32_t last_row; /* which is also how many keys there are, but for a direct axis */
};

/* How an attribute is set of which nothing else follows. */
struct ready_setter {
    int64_t low, high; /* numbers it may be; low > high: none */
    /* NULL where it is no text, where no text is named, or where an automaton is asked for others.
     */
    const struct image_literal *literals;
    uint32_t mask; /* of the places of the hash table */
    uint32_t other_class;
    uint32_t variable;
};

/* Of a string variable that is always set: what it is in a request that is clear. */
struct initial_text {
    uint32_t variable;
    struct text text;
};

/* What decisions read stands first. */
struct tw_policy {
    /* What runs the program on this machine, see program_use. */
    uint32_t (*decide)(const struct tw_policy *policy, const struct tw_request *request);
    struct ready_table table; /* where there is one */
    uint32_t (*masks_go)(const struct tw_policy *policy, const struct image_instruction *at,
                         const int64_t *values);
    uint32_t (*table_decides)(const struct tw_policy *policy, const struct tw_request *request);
    struct ready_axis *axes;            /* owned: of each record of the axes section */
    struct ready_setter *setters;       /* owned: of each attribute */
    int64_t *initial_values;            /* owned: of each variable, in a request that is clear */
    struct initial_text *initial_texts; /* owned */
    uint32_t initial_text_count;
    char *image; /* owned, 8-aligned */
    size_t length;
    const struct image_header *header;
#define TW_SECTION(name, text, type, most)                                                         \
    const type *section_##name;                                                                    \
    uint32_t count_##name;
#include "program/run/sections.def"
#undef TW_SECTION
    struct tw_attribute *attributes; /* owned: the attributes section with pointers */
    const char **words;              /* owned: the words section with pointers */
    uint32_t *names;                 /* owned: hash table of attribute numbers + 1 */
    uint32_t names_capacity;         /* a power of two */
    struct zone *zone;               /* NULL where the policy does not read the clock */
    char hash[17];
};

struct tw_request {
    const struct tw_policy *policy;
    int64_t *values;       /* of each variable; for strings the text's class */
    struct text *texts;    /* of each string variable that is set */
    struct buffer *copies; /* of each string variable: texts that were copied */
    uint8_t *given;        /* of each attribute: set since the request was clear */
};

static inline const char *image_text(const struct tw_policy *policy, struct image_string string)
{
    return policy->section_STRINGS + string.offset;
}

static inline struct text image_slice(const struct tw_policy *policy, struct image_string string)
{
    return (struct text){policy->section_STRINGS + string.offset, string.length};
}

/* The limit of an attribute's budget; 1 where it has none. */
static inline int64_t budget_limit(const struct tw_policy *policy,
                                   const struct image_attribute *row)
{
    return row->budget_and_one ? policy->section_BUDGETS[row->budget_and_one - 1].limit : 1;
}

/* verify.c: everything about the bytes that a run relies on. Fills in the section pointers. */
enum tw_status program_verify(struct tw_policy *policy, struct tw_error *error);
/* The longest way through verified code, in steps, at least 1; 0 when memory is out. An instruction
 * is one step, a table one for each variable and one for the cell, masks one for each axis and one
 * for each word. Reads no sections but info, code, jumps, indexes, tables, blocks and groups. */
uint32_t program_longest_run(const struct tw_policy *policy);
/* load.c: tw_policy_load without a copy: the image's memory becomes the policy's, and is freed
 * where that fails. The buffer is empty then. It has room for IMAGE_ROOM bytes, or else grows. */
enum tw_status policy_load_taken(struct buffer *image, tw_policy **policy, struct tw_error *error);
/* decide.c: makes ready to run on `unit`, which the machine must have. Loading does that with the
 * best one there is; tests choose another before any thread decides. */
void program_use(struct tw_policy *policy, enum vector_unit unit);
/* ready.c: makes ready what requests and decisions use of verified sections. TW_OK or TW_NO_MEMORY;
 * ready_free either way. */
enum tw_status ready_make(struct tw_policy *policy);
void ready_free(struct tw_policy *policy);
uint64_t image_checksum(const char *image, size_t length);

const char *op_text(enum op op);
enum operand op_operand(enum op op);
const char *section_text(enum section section);

const char *plan_text(enum plan plan);

/* A text's class, which programs test: that of the literal, or of the automaton's last state, or
 * that of all other texts. variable: of strings. */
int64_t text_class(const struct tw_policy *policy, uint32_t variable, struct text text);
/* An attribute's index by name, -1 where there is none. */
int attribute_find(const struct tw_policy *policy, struct text name);
/* Sets an attribute from text as the language writes it, see tw_request_set. */
enum tw_status request_set(tw_request *request, int attribute, struct text value,
                           struct tw_error *error);
/* Sets an attribute's value in its own scale: for the clock its part, for budgets what was spent.
 */
enum tw_status request_set_number(tw_request *request, int attribute, int64_t value,
                                  struct tw_error *error);
enum tw_status request_set_text(tw_request *request, int attribute, struct text text, bool copy);
enum tw_status request_set_instant(tw_request *request, int64_t instant);
/* The same for who knows already what the clocks of the policy's zone show then. */
void request_set_local(tw_request *request, struct local_time local);
/* Copies the texts that were not copied when they were set: the request no longer refers to them.
 * TW_NO_MEMORY, TW_LIMIT. */
enum tw_status request_keep_texts(tw_request *request);
/* TW_NOT_FOUND with a message that names the nearest attribute. */
enum tw_status attribute_unknown(const struct tw_policy *policy, struct text name,
                                 struct tw_error *error);
/* An attribute's value as text, in the language's own form; false where it is not set. */
bool request_print(const tw_request *request, int attribute, struct buffer *out);

#endif
