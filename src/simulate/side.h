/* simulate/side.h: one policy of a replay: from a record to the course of the rule that decides. */
#ifndef TIERWAY_SIMULATE_SIDE_H
#define TIERWAY_SIMULATE_SIDE_H

#include "simulate/course.h"
#include "simulate/log_record.h"
#include "simulate/notes.h"

/* An attribute that some rule reads and that logs may lack. */
struct wanted {
    int attribute;
    struct text name;
    bool alone;      /* no other attribute gives it */
    int64_t lacking; /* requests whose record has no value for it */
    int64_t first_line;
};

struct setting {
    int attribute;
    struct text value;
};

/* A day of the policy's zone in which its clocks are not shifted, as nearly all are. */
struct steady_day {
    int64_t from, until; /* milliseconds since 1970 */
    int32_t offset;      /* seconds east of UTC */
};

struct side {
    const tw_policy *policy;
    int number; /* which of struct log_value's attributes are this policy's */
    tw_request *request;
    struct buffer scratch;
    struct setting *settings; /* of every request, before its own values */
    size_t setting_count;
    struct wanted *wanted;
    size_t wanted_count;
    int model, user, tokens, force_tier, sample; /* attributes; -1 where no rule reads them */
    bool reads_clock, sets_clock;
    struct steady_day day;   /* of the last instant */
    struct course **by_rule; /* the first course of each rule, NULL until one is needed */
    struct course *first, **last;
};

/* What kept a policy from deciding. */
struct obstacle {
    enum note_kind kind;
    struct text subject;
    struct tw_error error; /* message may be empty */
};

/* settings are ATTR=VALUE texts, which must outlive the side, as must the policy. An attribute that
 * this policy does not have is passed over; *known says for each whether it has it. TW_INVALID for
 * a value of another type; TW_NO_MEMORY. To be freed with side_close either way. */
enum tw_status side_open(struct side *side, const tw_policy *policy, int number,
                         const char *const *settings, size_t setting_count, bool *known,
                         struct arena *arena, struct tw_error *error);
void side_close(struct side *side);

/* Sets the record's attributes and decides. TW_OK: *course is what becomes of it, and lives as long
 * as the arena. TW_INVALID: obstacle says why it cannot be decided. Else what the arena says. */
enum tw_status side_decide(struct side *side, const struct log_record *record, int64_t requests,
                           struct arena *arena, struct tiers *tiers, struct course **course,
                           struct obstacle *obstacle);
/* Counts what the last record lacked. */
void side_count_lacking(struct side *side, int64_t line, int64_t requests);

#endif
