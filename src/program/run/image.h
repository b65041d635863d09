/* program/run/image.h: the program image, byte for byte.
 *
 * One contiguous, position-independent block, little-endian:
 *
 *     +--------+---------------+---------+---------+-- ... --+
 *     | header | section table | section | section |         |
 *     +--------+---------------+---------+---------+-- ... --+
 *
 * Every section begins at a multiple of 8. Records hold indices and offsets, never pointers.
 * A reader takes nothing on trust: see verify.c, the only way from bytes to a runnable program. */
#ifndef TIERWAY_PROGRAM_IMAGE_H
#define TIERWAY_PROGRAM_IMAGE_H

#include "base/attribute.h"

#include <assert.h>

#define IMAGE_MAGIC "\x89TIERWAY" /* first byte over 127: no text file begins like this */
#define IMAGE_VERSION 2
#define IMAGE_LIMIT (256u << 20) /* bytes of a whole image */
/* The bytes to reserve for an image that is to be loaded where it is. */
#define IMAGE_ROOM(length) ((length) + sizeof(struct image_header))

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "images are read in place");

enum op {
#define TW_OP(name, text, operand, meaning) OP_##name,
#include "program/run/ops.def"
#undef TW_OP
    OP_COUNT
};

enum operand {
    OPERAND_NONE,     /* 0 */
    OPERAND_NUMBER,   /* itself a value, 0 to 2^32 - 1 */
    OPERAND_CONSTANT, /* index of two constants, low and high */
    OPERAND_BITS,     /* index of one constant */
    OPERAND_SET,      /* index of a set of intervals */
    OPERAND_PATTERN,  /* index of a pattern */
    OPERAND_DIRECT,   /* index of the first jump; `then` is how many there are */
    OPERAND_SEARCH,   /* index of the first key; `then` of the first jump; `otherwise` keys */
    OPERAND_INDEX,    /* index of an index of keys; `then` of the first jump */
    OPERAND_HASH,     /* as a search with 2^`otherwise` places, see key_place; 1 to 24 */
    OPERAND_TABLE,    /* index of a table */
    OPERAND_MASKS     /* index of a group of masks */
};

/* How a program runs. The compiler chooses by what the policy is like; all are one code. */
enum plan {
#define TW_PLAN(name, text, meaning) PLAN_##name,
#include "program/run/plans.def"
#undef TW_PLAN
    PLAN_COUNT
};

#define IMAGE_MOST_AXES 256 /* of one group of masks */

/* Where a run goes on: the number of an instruction, or a rule that decides. */
#define TARGET_DECIDES 0x80000000u

struct image_header {
    char magic[8];
    uint32_t version;
    uint32_t edition;
    uint64_t length;      /* of the whole image, in bytes */
    uint64_t source_hash; /* of the policy's text and of what it includes */
    uint64_t schema_hash; /* of its attributes: names, types, projections */
    uint32_t section_count;
    uint32_t longest_run; /* the most steps that one decision takes, see program_longest_run */
    uint64_t checksum;    /* of everything behind the header */
};

struct image_section {
    uint32_t kind;   /* enum section */
    uint32_t count;  /* records */
    uint64_t offset; /* from the start of the image, a multiple of 8 */
};

struct image_string {
    uint32_t offset, length; /* in the strings section; a NUL follows */
};

struct image_info {
    struct image_string name, timezone, provider;
    uint32_t reads_clock;
    uint32_t rule_count; /* without otherwise */
    uint32_t plan;       /* enum plan */
    uint32_t start;      /* target: where a run begins */
};

struct image_variable {
    int64_t low, high, initial;
    struct image_string initial_text;
    uint32_t type;
    uint8_t can_be_unset, needed, reserved[2];
    uint32_t literal_first, literal_capacity; /* of a string: its hash table; 0 or a power of two */
    uint32_t literal_count;
    uint32_t other_class;       /* of a string that is no literal, where there is no automaton */
    uint32_t class_count;       /* of a string: its classes; the values of the variable are below */
    uint32_t automaton_and_one; /* index + 1 of what finds the class of such a string; 0: none */
};

struct image_attribute {
    struct image_string name, source;
    uint32_t variable, type, projection, from;
    uint32_t word_first, word_count;
    uint32_t budget_and_one; /* index + 1 of its budget, 0 for none */
    uint8_t builtin, has_default, needed, reserved;
};

struct image_budget {
    struct image_string name, window;
    int64_t limit;
    uint32_t by_and_one; /* index + 1 of an attribute, 0 for none */
    uint32_t reserved;
};

struct image_interval {
    int64_t low, high;
};

struct image_set {
    uint32_t first, count;
};

/* A text that the policy names, and its class: the number that programs test. */
struct image_literal {
    uint64_t ends[2];         /* see literal_key */
    struct image_string text; /* offset UINT32_MAX: a free place of the hash table */
    uint32_t class, reserved;
};

/* Finds the class of a text that is no literal: one step a byte, from state 0. */
struct image_automaton {
    uint32_t state_count, symbol_count;
    uint32_t step_first;  /* in `steps`: symbol_count states for each state */
    uint32_t class_first; /* in `classes`: one for each state */
    uint8_t symbols[256]; /* of each byte */
};

struct image_instruction {
    uint8_t op, reserved;
    uint16_t variable;
    uint32_t operand;
    uint32_t then, otherwise; /* targets; instruction numbers are greater than its own */
};

/* Where the search for a key begins in a hash table of 2^bits places; it goes on at the next one.
 * bits: 1 to 63. A free place has the key VALUE_UNSET. */
static inline uint32_t key_place(int64_t key, uint32_t bits)
{
    return (uint32_t)((uint64_t)key * 0x9e3779b97f4a7c15u >> (64 - bits)); /* the golden ratio */
}

/* Finds the row of a value among keys in `constants`, which ascend: how many of them it is at
 * least. The bucket of the value, see key_index.h, says how many keys are below the bucket; at most
 * INDEX_PROBES keys are in it. Behind the keys stand as many that are INT64_MAX. */
struct image_index {
    int64_t low, high; /* the first key less 1, and the last key, which is not INT64_MAX */
    uint32_t key_first, key_count;
    uint32_t bucket_first; /* in `buckets` */
    uint32_t shift;        /* a bucket is 2^shift values wide; at most 63 */
};

#define INDEX_PROBES 4

/* A dense table. The number of a request's cell is the sum of its columns' shares. */
struct image_table {
    uint32_t column_first, column_count;
    uint32_t block_first, block_count;
    uint32_t cell_first, cell_count; /* in `cells`: the rule that decides */
    uint32_t base;                   /* where the sum begins */
    uint32_t reserved;
};

#define COLUMN_FRACTION 40 /* bits of a column's factor behind the point */

/* A variable with few values. With u = value - low as an unsigned number, or `limit` where that is
 * less, its share is shares[share_first + u * factor / 2^40]. What is not set lands at the limit.
 */
struct image_column {
    uint32_t variable, share_first, share_count, reserved;
    int64_t low;
    uint64_t limit, factor; /* limit * factor < 2^64 */
};

/* Four thresholds; each one that its variable's value is above adds its share, which may be
 * negative. Those of one variable stand in a row, also from block to block, and ascend. A threshold
 * that is not used is INT64_MAX with the share 0, of the variable before it. */
struct image_block {
    uint32_t variables[4];
    int64_t above[4];
    int64_t shares[4];
};

/* A group of up to 64 words of conjunctions in the order of their rules. A request's row on each
 * axis is a mask of the conjunctions that the axis allows; the first one that all axes allow
 * decides. A conjunction's rule is in `owners`. */
struct image_masks {
    uint32_t axis_first, axis_count;       /* 1 to IMAGE_MOST_AXES */
    uint32_t direct_count, searched_count; /* of the axes: the first ones, and the last ones */
    uint32_t word_count;                   /* 1 to 64 */
    uint32_t owner_first;                  /* word_count * 64 of them */
};

/* A variable's rows. On a direct axis the row is the value, as an unsigned number, or the last row
 * where that is less. On others it is how many of the keys the value is at least, found by the
 * index. A searched axis has keys that no index was made for: of the index it has only them, and
 * the rest is 0. */
struct image_axis {
    struct image_index index; /* 0 for a direct axis */
    uint32_t variable;
    uint32_t row_count;
    uint32_t word_first;    /* in `words of masks`: row_count times word_count */
    uint32_t summary_first; /* in the same: for each row, which of its words are not 0; read only
                               where there is more than one word */
};

/* The last record is `otherwise`. */
struct image_rule {
    struct image_string name, label, file; /* name: the label, else "line N", else "otherwise" */
    uint32_t line, column;
    uint32_t start, end; /* bytes of its file */
    uint32_t step_first, step_count;
    struct image_string reason;
    uint32_t reject, reserved;
};

struct image_step {
    int64_t timeout; /* milliseconds, -1 for none */
    uint32_t tier;   /* used where attribute_and_one is 0 */
    uint32_t attribute_and_one;
    uint32_t retry, strict;
};

enum section {
#define TW_SECTION(name, text, type, most) SECTION_##name,
#include "program/run/sections.def"
#undef TW_SECTION
    SECTION_COUNT
};

#endif
