/* simulate/log_columns.c: see log_columns.h. Allocates nothing and cannot fail. */
#include "simulate/log_columns.h"

#include <string.h>

static const struct log_member log_members[] = {
#define LOG_MEMBER(format, name, pointer, fact) {LOG_##format, name, pointer, LOG_FACT_##fact},
#include "simulate/log_facts.def"
#undef LOG_MEMBER
};
enum { MEMBER_COUNT = sizeof log_members / sizeof log_members[0] };

void log_columns_init(struct log_columns *columns, enum log_format format,
                      const tw_policy *const policies[LOG_SIDES])
{
    memset(columns, 0, sizeof *columns);
    columns->format = format;
    for (int side = 0; side < LOG_SIDES; side++)
        columns->policies[side] = policies[side];
}

bool log_attribute_wanted(const tw_policy *policy, int attribute)
{
    uint32_t variable = policy->section_ATTRIBUTES[attribute].variable;
    if (variable == VARIABLE_CLOCK || variable == VARIABLE_DATE)
        return policy->section_INFO->reads_clock;
    return policy->section_VARIABLES[variable].needed ||
           (variable == VARIABLE_USER && policy->section_VARIABLES[VARIABLE_SAMPLE].needed);
}

static const struct log_member *members_named(enum log_format format, struct text name,
                                              size_t *count)
{
    const struct log_member *first = NULL;
    *count = 0;
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (log_members[i].format != format || !text_is(name, log_members[i].name))
            continue;
        first = first ? first : &log_members[i];
        ++*count;
    }
    return first;
}

/* What stands behind the pointer's first slash. No pointer of ours has a name with an escape. */
static struct text first_name(const char *pointer)
{
    return (struct text){pointer + 1, strcspn(pointer + 1, "/")};
}

/* A name that gives a fact sets the attribute of that fact, so it is no attribute of its own. Only
 * `time` is both: an instant, or a time of day. Several members of one name all have pointers. */
static enum column_meaning meaning_of(const struct log_column *column, struct text name)
{
    if (!column->members)
        return COLUMN_ATTRIBUTE;
    if (*column->members->pointer)
        return COLUMN_POINTERS;
    return text_is(name, "time") ? COLUMN_FACT_OR_ATTRIBUTE : COLUMN_FACT;
}

static struct log_column resolve(const struct log_columns *columns, struct text name)
{
    struct log_column column = {.attribute = {-1, -1}};
    column.members = members_named(columns->format, name, &column.member_count);
    column.meaning = meaning_of(&column, name);
    for (size_t i = 0; column.meaning == COLUMN_POINTERS && i < column.member_count; i++)
        column.first_names[i] = first_name(column.members[i].pointer);
    if (column.meaning == COLUMN_FACT || column.meaning == COLUMN_POINTERS)
        return column;
    for (int side = 0; side < LOG_SIDES; side++) {
        const tw_policy *policy = columns->policies[side];
        int attribute = policy ? attribute_find(policy, name) : -1;
        if (attribute >= 0 && log_attribute_wanted(policy, attribute))
            column.attribute[side] = attribute;
    }
    return column;
}

static bool slot_is(const struct column_slot *slot, struct text name)
{
    return slot->used && slot->length == name.length &&
           memcmp(slot->name, name.data, name.length) == 0;
}

/* A name too long for the table is none that anybody reads. */
static struct column_slot *find_slot(struct log_columns *columns, struct text name)
{
    struct column_slot *slot = &columns->slots[text_hash(name, 0) % COLUMN_SLOTS];
    if (slot_is(slot, name))
        return slot;
    slot->used = true;
    slot->length = name.length < COLUMN_NAME_MAX ? name.length : 0;
    memcpy(slot->name, name.data, slot->length);
    slot->column = resolve(columns, (struct text){slot->name, slot->length});
    return slot;
}

const struct log_column *log_columns_find(struct log_columns *columns, size_t place,
                                          struct text name)
{
    uint16_t *guess = &columns->places[place % COLUMN_PLACES];
    if (slot_is(&columns->slots[*guess], name))
        return &columns->slots[*guess].column;
    struct column_slot *slot = find_slot(columns, name);
    *guess = (uint16_t)(slot - columns->slots);
    return &slot->column;
}

void log_format_count(struct text name, size_t counts[LOG_FORMAT_COUNT])
{
    for (int format = 0; format < LOG_FORMAT_COUNT; format++) {
        size_t count;
        counts[format] += members_named((enum log_format)format, name, &count) != NULL;
    }
}

enum log_format log_format_best(const size_t counts[LOG_FORMAT_COUNT])
{
    int best = LOG_NATIVE;
    for (int format = 0; format < LOG_FORMAT_COUNT; format++)
        if (counts[format] > counts[best])
            best = format;
    return (enum log_format)best;
}
