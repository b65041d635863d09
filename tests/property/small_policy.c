/* tests/property/small_policy.c: see small_policy.h.
 *
 * A policy reads two to five of the kinds of attributes below. Values are few and near each other,
 * so that rules often overlap, hide one another, and say things twice. At most one thing is drawn
 * within a call's arguments: their order is the compiler's. */
#include "small_policy.h"

struct chance {
    uint64_t state;
};

struct writer {
    struct chance chance;
    struct buffer *out;
    const struct kind *kinds[5];
    size_t kind_count;
    unsigned let_count;
    bool has_tier; /* force_tier is among the kinds */
};

struct kind {
    const char *declaration;
    void (*write)(struct writer *writer);
};

/* splitmix64 */
static uint64_t next(struct chance *chance)
{
    uint64_t z = (chance->state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned below(struct writer *writer, unsigned limit)
{
    return (unsigned)(next(&writer->chance) % limit);
}

static bool one_in(struct writer *writer, unsigned limit)
{
    return below(writer, limit) == 0;
}

static const char *pick(struct writer *writer, const char *const *words, size_t count)
{
    return words[below(writer, (unsigned)count)];
}

#define PICK(writer, ...)                                                                          \
    pick(writer, (const char *const[]){__VA_ARGS__},                                               \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* A test of ordered values "PREFIX0SUFFIX" to "PREFIX4SUFFIX". */
static void ordered(struct writer *writer, const char *name, const char *prefix, const char *suffix)
{
    unsigned low = below(writer, 5), high = low + below(writer, 5 - low);
    unsigned other = below(writer, 5);
    switch (below(writer, 4)) {
    case 0:
        buffer_format(writer->out, "%s in %s%u%s..%s%u%s", name, prefix, low, suffix, prefix, high,
                      suffix);
        return;
    case 1:
        buffer_format(writer->out, "%s %s {%s%u%s, %s%u%s}", name, PICK(writer, "in", "not in"),
                      prefix, low, suffix, prefix, other, suffix);
        return;
    default:
        buffer_format(writer->out, "%s %s %s%u%s", name,
                      PICK(writer, "==", "!=", "<", "<=", ">", ">="), prefix, low, suffix);
    }
}

static void words(struct writer *writer, const char *name, const char *const *list, size_t count)
{
    const char *one = pick(writer, list, count), *two = pick(writer, list, count);
    if (one_in(writer, 2))
        buffer_format(writer->out, "%s %s %s", name, PICK(writer, "==", "!="), one);
    else
        buffer_format(writer->out, "%s %s {%s, %s}", name, PICK(writer, "in", "not in"), one, two);
}

static bool presence(struct writer *writer, const char *name)
{
    if (!one_in(writer, 4))
        return false;
    buffer_format(writer->out, "%s is %s", name, PICK(writer, "set", "not set"));
    return true;
}

static void write_count(struct writer *writer)
{
    ordered(writer, "count", "", "");
}

static void write_depth(struct writer *writer)
{
    if (!presence(writer, "depth"))
        ordered(writer, "depth", "", "");
}

static void write_deadline(struct writer *writer)
{
    if (!presence(writer, "deadline"))
        ordered(writer, "deadline", "", "ms");
}

static const char *const colours[] = {"red", "green", "blue"};

static void write_colour(struct writer *writer)
{
    words(writer, "colour", colours, 3);
}

static void write_paint(struct writer *writer)
{
    if (!presence(writer, "paint"))
        words(writer, "paint", colours, 3);
}

static void texts(struct writer *writer, const char *name)
{
    static const char *const values[] = {"\"a\"", "\"b\"", "\"ab\"", "\"\""};
    if (one_in(writer, 2)) {
        words(writer, name, values, 4);
        return;
    }
    const char *glob =
        PICK(writer, "a*", "*b", "?", "??", "*a*", "a?", "*", "ab*", "?*", "", "a", "*b*");
    buffer_format(writer->out, "%s %s \"%s\"", name, PICK(writer, "like", "not like"), glob);
}

static void write_name(struct writer *writer)
{
    texts(writer, "name");
}

static void write_team(struct writer *writer)
{
    if (!presence(writer, "team"))
        texts(writer, "team");
}

static void write_stream(struct writer *writer)
{
    buffer_string(writer->out, PICK(writer, "stream", "stream == false", "stream != true"));
}

static void write_force_tier(struct writer *writer)
{
    static const char *const tiers[] = {"auto", "default", "flex", "priority"};
    if (!presence(writer, "force_tier"))
        words(writer, "force_tier", tiers, 4);
}

static void write_request_type(struct writer *writer)
{
    static const char *const types[] = {"interactive", "async", "background"};
    if (one_in(writer, 3))
        buffer_string(writer->out, PICK(writer, "interactive", "interactive == false"));
    else
        words(writer, "request_type", types, 3);
}

static void write_budget(struct writer *writer)
{
    if (one_in(writer, 2)) {
        ordered(writer, PICK(writer, "daily.spent", "daily.left"), "$0.00000000000", "");
        return;
    }
    const char *share = PICK(writer, "0%", "30%", "33%", "50%", "100%", "110%");
    buffer_format(writer->out, "daily.used %s %s", PICK(writer, "==", "!=", "<", "<=", ">", ">="),
                  share);
}

static void write_clock(struct writer *writer)
{
    const char *day = PICK(writer, "mon", "fri", "sat", "sun");
    const char *hour = PICK(writer, "0:00", "6:00", "12:00", "13:30", "22:00");
    const char *end = PICK(writer, "1:30", "12:30", "23:00", "24:00");
    const char *last_day = PICK(writer, "mon", "tue", "sun");
    switch (below(writer, 5)) {
    case 0:
        buffer_format(writer->out, "weekday %s %s", PICK(writer, "==", "!="), day);
        return;
    case 1:
        buffer_format(writer->out, "weekday %s %s..%s", PICK(writer, "in", "not in"), day,
                      last_day);
        return;
    case 2:
        buffer_format(writer->out, "hour %s", PICK(writer, "in 9..17", "in 22..3", "< 6", "== 12"));
        return;
    case 3:
        buffer_format(writer->out, "time %s %s..%s", PICK(writer, "in", "not in"), hour, end);
        return;
    default:
        buffer_format(writer->out, "now %s {%s..sun %s..%s}", PICK(writer, "in", "not in"), day,
                      hour, end);
    }
}

static void write_date(struct writer *writer)
{
    unsigned low = 1 + below(writer, 9), high = low + below(writer, 5);
    if (one_in(writer, 2))
        buffer_format(writer->out, "date in 2024-01-%02u..2024-01-%02u", low, high);
    else
        buffer_format(writer->out, "date %s 2024-01-%02u",
                      PICK(writer, "==", "!=", "<", "<=", ">", ">="), low);
}

static const struct kind kinds[] = {
    {"attribute count: int = 0", write_count},
    {"attribute depth: int", write_depth},
    {"attribute colour: enum {red, green, blue} = red", write_colour},
    {"attribute paint: enum {red, green, blue}", write_paint},
    {"attribute name: string = \"a\"", write_name},
    {"attribute team: string", write_team},
    {"budget daily $0.00000000001 per day", write_budget},
    {"", write_deadline},
    {"", write_stream},
    {"", write_force_tier},
    {"", write_request_type},
    {"", write_clock},
    {"", write_date},
};

static void write_condition(struct writer *writer, unsigned depth);

static void write_list(struct writer *writer, unsigned depth)
{
    const char *joint = PICK(writer, " and ", " and ", " or ");
    buffer_byte(writer->out, '(');
    write_condition(writer, depth - 1);
    for (unsigned i = 0, more = 1 + below(writer, 2); i < more; i++) {
        buffer_string(writer->out, joint);
        write_condition(writer, depth - 1);
    }
    buffer_byte(writer->out, ')');
}

static void write_condition(struct writer *writer, unsigned depth)
{
    if (one_in(writer, 8)) {
        buffer_string(writer->out, "not (");
        write_condition(writer, depth);
        buffer_byte(writer->out, ')');
    } else if (depth && !one_in(writer, 3)) {
        write_list(writer, depth);
    } else if (writer->let_count && one_in(writer, 5)) {
        buffer_format(writer->out, "let-%u", below(writer, writer->let_count));
    } else {
        writer->kinds[below(writer, (unsigned)writer->kind_count)]->write(writer);
    }
}

static void write_step(struct writer *writer, bool last)
{
    bool forced = writer->has_tier && one_in(writer, 4);
    buffer_string(writer->out,
                  forced ? "force_tier" : PICK(writer, "flex", "flex", "default", "auto"));
    if (last && one_in(writer, 6))
        buffer_string(writer->out, " strict");
    if (one_in(writer, 5))
        buffer_string(writer->out, " timeout 15m");
    if (one_in(writer, 5))
        buffer_string(writer->out, " retry 2");
}

static void write_action(struct writer *writer)
{
    buffer_string(writer->out, " -> ");
    if (one_in(writer, 10)) {
        buffer_string(writer->out, PICK(writer, "reject", "reject \"no\""));
        return;
    }
    unsigned steps = one_in(writer, 3) ? 2 + below(writer, 2) : 1;
    for (unsigned i = 0; i < steps; i++) {
        buffer_string(writer->out, i ? " else " : "");
        if (i && i + 1 == steps && one_in(writer, 4))
            buffer_string(writer->out, "reject");
        else
            write_step(writer, i + 1 == steps);
    }
}

static void write_lets(struct writer *writer)
{
    for (unsigned count = below(writer, 3); writer->let_count < count; writer->let_count++) {
        buffer_format(writer->out, "let let-%u = ", writer->let_count);
        write_condition(writer, 1);
        buffer_byte(writer->out, '\n');
    }
}

static void write_rules(struct writer *writer)
{
    unsigned count = 1 + below(writer, 8);
    for (unsigned i = 0; i < count; i++) {
        if (one_in(writer, 3))
            buffer_format(writer->out, "rule-%u: ", i);
        buffer_string(writer->out, "when ");
        write_condition(writer, below(writer, 3));
        write_action(writer);
        buffer_byte(writer->out, '\n');
    }
    if (one_in(writer, 2)) {
        buffer_string(writer->out, "otherwise");
        write_action(writer);
        buffer_byte(writer->out, '\n');
    }
}

static void write_properties(struct writer *writer)
{
    for (unsigned i = below(writer, 3); i > 0; i--) {
        const char *tier = PICK(writer, "flex", "default", "auto");
        buffer_format(writer->out, "%s %s when ", PICK(writer, "never", "always"), tier);
        write_condition(writer, below(writer, 2));
        buffer_byte(writer->out, '\n');
    }
}

static void choose_kinds(struct writer *writer)
{
    size_t wanted = 2 + below(writer, 4), count = sizeof kinds / sizeof *kinds;
    while (writer->kind_count < wanted) {
        const struct kind *kind = &kinds[below(writer, (unsigned)count)];
        bool known = false;
        for (size_t i = 0; i < writer->kind_count; i++)
            known |= writer->kinds[i] == kind;
        if (known)
            continue;
        writer->kinds[writer->kind_count++] = kind;
        writer->has_tier |= kind->write == write_force_tier;
        buffer_format(writer->out, "%s\n", kind->declaration);
    }
}

void small_policy_write(uint64_t number, struct buffer *out)
{
    struct writer writer = {.chance = {number * 0x2545f4914f6cdd1du}, .out = out};
    choose_kinds(&writer);
    write_lets(&writer);
    write_properties(&writer);
    write_rules(&writer);
}
