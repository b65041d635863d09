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
#define IMAGE_VERSION 1
#define IMAGE_LIMIT (256u << 20) /* bytes of a whole image */

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "images are read in place");

enum op {
#define TW_OP(name, text, operand, meaning) OP_##name,
#include "program/run/ops.def"
#undef TW_OP
    OP_COUNT
};

enum operand {
    OPERAND_NONE,
    OPERAND_CONSTANT,
    OPERAND_MASK,
    OPERAND_SET,
    OPERAND_PATTERN,
    OPERAND_RULE
};

struct image_header {
    char magic[8];
    uint32_t version;
    uint32_t edition;
    uint64_t length;      /* of the whole image, in bytes */
    uint64_t source_hash; /* of the policy's text and of what it includes */
    uint64_t schema_hash; /* of its attributes: names, types, projections */
    uint32_t section_count;
    uint32_t longest_run; /* the most instructions that one decision takes */
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
};

struct image_variable {
    int64_t low, high, initial;
    struct image_string initial_text;
    uint32_t type;
    uint8_t can_be_unset, needed, reserved[2];
    uint32_t literal_first, literal_capacity; /* of a string: its hash table; 0 or a power of two */
    uint32_t literal_count, reserved_too;
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

/* A text that the policy names. Its number is what programs test: 1, 2, ...; 0 is any other text.
 */
struct image_literal {
    struct image_string text;
    uint32_t number; /* 0: a free place of the hash table */
    uint32_t hash;   /* low half of the text's hash */
};

struct image_instruction {
    uint8_t op, reserved;
    uint16_t variable;
    uint32_t operand;
    uint32_t then, otherwise; /* instruction numbers, greater than its own */
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
