/* simulate/log_record.h: one request as a log has it.
 *
 * Every text points into the log's own bytes, or into the reader's scratch: a record lives until
 * the next one is read. */
#ifndef TIERWAY_SIMULATE_LOG_RECORD_H
#define TIERWAY_SIMULATE_LOG_RECORD_H

#include "base/json.h"
#include "program/run/program.h"

#define LOG_UNKNOWN (-1)
#define LOG_SIDES 2 /* a log is replayed through one policy or two */

enum {
    LOG_LINE_MAX = 16 << 20, /* bytes of one line */
    LOG_VALUES_MAX = 256     /* values of one request that a policy reads */
};

enum log_format {
    LOG_NATIVE,       /* docs/simulate.md; also the access log, and OpenAI's answers */
    LOG_LITELLM,      /* rows of LiteLLM_SpendLogs */
    LOG_OPENAI_USAGE, /* results of OpenAI's usage API, or its export */
    LOG_FORMAT_COUNT
};

enum log_fact {
#define LOG_FACT(name, kind, meaning) LOG_FACT_##name,
#include "simulate/log_facts.def"
#undef LOG_FACT
    LOG_FACT_COUNT
};

enum log_fact_kind { LOG_TEXT, LOG_COUNT, LOG_INSTANT, LOG_MILLISECONDS, LOG_FLAG };

/* A value for an attribute, as it stands in the log. */
struct log_value {
    struct json_value json;   /* of CSV, the cell: kind JSON_STRING, without quotes around it */
    int attribute[LOG_SIDES]; /* of each policy, -1 where it has none of this name, or reads none */
};

struct log_record {
    int64_t line;                      /* from 1; of a ledger, the row */
    int64_t numbers[LOG_FACT_COUNT];   /* LOG_UNKNOWN where the log has none */
    struct text texts[LOG_FACT_COUNT]; /* empty where the log has none */
    struct log_value values[LOG_VALUES_MAX];
    size_t value_count;
    bool cells; /* values are cells of CSV */
};

/* Forgets everything but the line. */
void log_record_clear(struct log_record *record);

/* Reads a fact into the record, from a value that is not null. text: of a JSON string, what is
 * between the quotes, without escapes; of a cell of CSV, whose kind is JSON_STRING, all of it; of
 * another value, its bytes. An empty cell leaves the record as it is. False where the value is not
 * of the fact's kind. */
bool log_record_set(struct log_record *record, enum log_fact fact, enum json_kind kind,
                    struct text text);
/* TW_INVALID, with a message that says what the fact is and shows the value's bytes. */
enum tw_status log_fact_fail(enum log_fact fact, struct text raw, struct tw_error *error);

/* An instant as logs write it: RFC 3339, the same with a blank for the T, with more digits of a
 * second, or without an offset, which is UTC then; or seconds or milliseconds since 1970 as digits.
 * False where it is none of these, or not from 1970 to 9999. */
bool log_instant_parse(struct text text, int64_t *instant);

#endif
