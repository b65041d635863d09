/* author/condition_text.c: from nodes back to text.
 *
 * A node becomes `test and (rest)` for each of its children, joined by `or`. Tests are written
 * positively wherever they can be: a test of an attribute that is not set does not hold, and here
 * every class is meant as it stands. */
#include "author/condition_text.h"

struct writing {
    struct policy_diagram *built;
    struct buffer *out;
};

/* The classes of one variable that a test is to hold for. */
struct chosen {
    const struct variable_classes *classes;
    const struct variable *about;
    struct text name;
    const bool *marked; /* of each class */
};

static void write_value(struct writing *writing, const struct chosen *chosen, int64_t value)
{
    const struct attribute *attribute = policy_whole_attribute(
        writing->built->policy, (uint32_t)(chosen->about - writing->built->policy->variables));
    if (attribute && attribute->word_count)
        buffer_text(writing->out, attribute->words[value]);
    else
        value_print(writing->out, chosen->about->type, value);
}

/* The values of the marked classes, as intervals; of dates those of one weekday's marks. */
static bool gather(struct writing *writing, const struct chosen *chosen, uint32_t stride,
                   uint32_t first, struct interval_set *set)
{
    set->items =
        ARENA_ARRAY(writing->built->arena, struct interval, chosen->classes->run_count + 1);
    set->count = 0;
    for (size_t i = 0; set->items && i < chosen->classes->run_count; i++) {
        const struct class_run *run = &chosen->classes->runs[i];
        if (chosen->marked[run->class * stride + first])
            set->items[set->count++] = (struct interval){run->low, run->high};
    }
    if (set->items)
        interval_set_normalize(set);
    return set->items != NULL;
}

static bool has_words(const struct chosen *chosen)
{
    return chosen->about->type == TW_TYPE_ENUM || chosen->about->type == TW_TYPE_TIER ||
           chosen->about->type == TW_TYPE_WEEKDAY;
}

/* One item of `in {...}`: a range, or each value where there are no ranges. */
static void write_item(struct writing *writing, const struct chosen *chosen,
                       struct interval interval)
{
    if (has_words(chosen)) {
        for (int64_t value = interval.low; value <= interval.high; value++) {
            buffer_string(writing->out, value > interval.low ? ", " : "");
            write_value(writing, chosen, value);
        }
        return;
    }
    write_value(writing, chosen, interval.low);
    if (interval.low == interval.high && chosen->about->type != TW_TYPE_TIME)
        return;
    buffer_string(writing->out, "..");
    /* A range of times of day ends before its second time. */
    write_value(writing, chosen, interval.high + (chosen->about->type == TW_TYPE_TIME));
}

/* One interval alone: `== v`, `<= v`, `>= v` or `in a..b`. */
static void write_interval(struct writing *writing, const struct chosen *chosen,
                           struct interval interval)
{
    const struct variable *about = chosen->about;
    buffer_text(writing->out, chosen->name);
    if (interval.low == interval.high || interval.low == about->low ||
        interval.high == about->high) {
        bool upwards = interval.high == about->high;
        buffer_string(writing->out, interval.low == interval.high ? " == "
                                    : upwards                     ? " >= "
                                                                  : " <= ");
        write_value(writing, chosen,
                    upwards || interval.low == interval.high ? interval.low : interval.high);
        return;
    }
    buffer_string(writing->out, " in ");
    write_item(writing, chosen, interval);
}

static void write_intervals(struct writing *writing, const struct chosen *chosen,
                            struct interval_set set)
{
    if (chosen->about->type == TW_TYPE_BOOL) {
        buffer_format(writing->out, "%s%.*s", set.items[0].low == 1 ? "" : "not ",
                      TEXT_ARGUMENTS(chosen->name));
        return;
    }
    bool single = set.count == 1 && (!has_words(chosen) || set.items[0].low == set.items[0].high);
    if (single) {
        write_interval(writing, chosen, set.items[0]);
        return;
    }
    buffer_format(writing->out, "%.*s in {", TEXT_ARGUMENTS(chosen->name));
    for (size_t i = 0; i < set.count; i++) {
        buffer_string(writing->out, i ? ", " : "");
        write_item(writing, chosen, set.items[i]);
    }
    buffer_byte(writing->out, '}');
}

/* Whether every day has the same windows; they are then those of Monday. */
static bool is_daily(struct interval_set set)
{
    /* It is enough to look at both sides of every end. */
    for (size_t i = 0; i < 4 * set.count; i++) {
        const struct interval *interval = &set.items[i / 4];
        const int64_t sides[] = {interval->low, interval->low - 1, interval->high,
                                 interval->high + 1};
        int64_t here = (sides[i % 4] + SECONDS_PER_WEEK) % SECONDS_PER_WEEK;
        for (int64_t day = 1; day < 7; day++)
            if (interval_set_holds(set, here) !=
                interval_set_holds(set, (here + day * SECONDS_PER_DAY) % SECONDS_PER_WEEK))
                return false;
    }
    return true;
}

static void write_window(struct writing *writing, const char **between, int64_t from, int64_t to)
{
    buffer_string(writing->out, *between);
    value_print(writing->out, TW_TYPE_TIME, from);
    buffer_string(writing->out, "..");
    value_print(writing->out, TW_TYPE_TIME, to);
    *between = ", ";
}

/* The windows of every day: those that begin on Monday; one over midnight ends on Tuesday. */
static void write_daily(struct writing *writing, struct interval_set set)
{
    const char *between = "time in {";
    for (size_t i = 0; i < set.count; i++) {
        int64_t from = set.items[i].low, to = set.items[i].high + 1;
        bool from_before = from == 0 && interval_set_holds(set, SECONDS_PER_WEEK - 1);
        if (from < SECONDS_PER_DAY && !from_before)
            write_window(writing, &between, from, to > SECONDS_PER_DAY ? to - SECONDS_PER_DAY : to);
    }
    buffer_byte(writing->out, '}');
}

/* Seconds of the week: windows of the day where every day has the same, else a schedule, with one
 * window for each day that an interval touches. */
static void write_moments(struct writing *writing, struct interval_set set)
{
    if (is_daily(set)) {
        write_daily(writing, set);
        return;
    }
    const char *between = "now in {";
    for (size_t i = 0; i < set.count; i++) {
        for (int64_t from = set.items[i].low; from <= set.items[i].high;) {
            int64_t day = from / SECONDS_PER_DAY, end = (day + 1) * SECONDS_PER_DAY;
            int64_t to = set.items[i].high + 1 < end ? set.items[i].high + 1 : end;
            buffer_format(writing->out, "%s%s", between, weekday_words[day]);
            if (from % SECONDS_PER_DAY || to != end) {
                buffer_byte(writing->out, ' ');
                value_print(writing->out, TW_TYPE_TIME, from - day * SECONDS_PER_DAY);
                buffer_string(writing->out, "..");
                value_print(writing->out, TW_TYPE_TIME, to - day * SECONDS_PER_DAY);
            }
            between = ", ";
            from = to;
        }
    }
    buffer_byte(writing->out, '}');
}

/* The named texts whose class is marked; how many they are. */
static size_t write_named(struct writing *writing, const struct chosen *chosen)
{
    size_t count = 0;
    for (size_t i = 0; i < chosen->classes->text_count; i++) {
        if (!chosen->marked[chosen->classes->text_classes[i]])
            continue;
        if (count++ == 0)
            buffer_format(writing->out, "%.*s in {", TEXT_ARGUMENTS(chosen->name));
        else
            buffer_string(writing->out, ", ");
        value_quote(writing->out, chosen->classes->texts[i]);
    }
    buffer_string(writing->out, count ? "}" : "");
    return count;
}

/* Every text that no test names and that is in this class: told by the patterns it matches. */
static void write_others(struct writing *writing, const struct chosen *chosen, uint32_t class)
{
    const struct pattern_table *patterns = &chosen->classes->patterns;
    const char *between = "";
    for (size_t i = 0; i < patterns->count; i++) {
        bool matches = glob_matches(patterns->items[i], chosen->classes->samples[class]);
        buffer_format(writing->out, "%s%.*s %s ", between, TEXT_ARGUMENTS(chosen->name),
                      matches ? "like" : "not like");
        value_quote(writing->out, patterns->items[i]);
        between = " and ";
    }
    for (size_t i = 0; i < chosen->classes->text_count; i++) {
        buffer_string(writing->out, between);
        buffer_format(writing->out, "%.*s != ", TEXT_ARGUMENTS(chosen->name));
        value_quote(writing->out, chosen->classes->texts[i]);
        between = " and ";
    }
    if (!between[0])
        buffer_format(writing->out, "%.*s is set", TEXT_ARGUMENTS(chosen->name));
}

static bool is_named_class(const struct chosen *chosen, uint32_t class)
{
    for (size_t i = 0; i < chosen->classes->text_count; i++)
        if (chosen->classes->text_classes[i] == class)
            return true;
    return false;
}

/* In parentheses: it may be several tests. */
static void write_texts(struct writing *writing, const struct chosen *chosen)
{
    buffer_byte(writing->out, '(');
    size_t parts = write_named(writing, chosen) > 0;
    for (uint32_t class = 0; class < chosen->classes->sample_count; class ++) {
        if (!chosen->marked[class] || is_named_class(chosen, class))
            continue;
        buffer_string(writing->out, parts++ ? " or " : "");
        write_others(writing, chosen, class);
    }
    buffer_byte(writing->out, ')');
}

static bool all_set_marked(const struct chosen *chosen)
{
    for (uint32_t class = 0; class < chosen->classes->count; class ++)
        if (class != chosen->classes->unset && !chosen->marked[class])
            return false;
    return true;
}

static bool some_set_marked(const struct chosen *chosen)
{
    for (uint32_t class = 0; class < chosen->classes->count; class ++)
        if (class != chosen->classes->unset && chosen->marked[class])
            return true;
    return false;
}

/* Is some day of the run on this weekday? */
static bool run_has_weekday(const struct class_run *run, int64_t weekday)
{
    int64_t first = weekday_of_days(run->low), length = run->high - run->low;
    return (weekday - first + 7) % 7 <= length;
}

/* A set of dates, and of weekdays. */
struct day_set {
    struct interval_set dates;
    bool weekdays[7];
    bool needs_weekdays; /* the dates have days of other weekdays, too */
};

/* Whether the run is in the set: what the marks of its weekdays say. False where they differ. */
static bool run_is_marked(const struct chosen *chosen, const struct class_run *run,
                          const struct day_set *days, bool *marked)
{
    bool some = false, all = true;
    for (uint32_t weekday = 0; weekday < 7; weekday++) {
        if (!days->weekdays[weekday] || !run_has_weekday(run, weekday))
            continue;
        bool here = chosen->marked[run->class * 7 + weekday];
        some |= here;
        all &= here;
    }
    *marked = some;
    return all || !some;
}

/* The same dates for all weekdays that have any. False where there is no such set, or memory is
 * out. */
static bool gather_days(struct writing *writing, const struct chosen *chosen, struct day_set *days)
{
    const struct variable_classes *classes = chosen->classes;
    *days = (struct day_set){
        .dates.items = ARENA_ARRAY(writing->built->arena, struct interval, classes->run_count + 1)};
    for (size_t i = 0; i < classes->run_count; i++)
        for (uint32_t weekday = 0; weekday < 7; weekday++)
            days->weekdays[weekday] |= run_has_weekday(&classes->runs[i], weekday) &&
                                       chosen->marked[classes->runs[i].class * 7 + weekday];
    for (size_t i = 0; days->dates.items && i < classes->run_count; i++) {
        const struct class_run *run = &classes->runs[i];
        bool marked;
        if (!run_is_marked(chosen, run, days, &marked))
            return false;
        for (uint32_t weekday = 0; marked && weekday < 7; weekday++)
            days->needs_weekdays |= !days->weekdays[weekday] && run_has_weekday(run, weekday);
        if (marked)
            days->dates.items[days->dates.count++] = (struct interval){run->low, run->high};
    }
    if (days->dates.items)
        interval_set_normalize(&days->dates);
    return days->dates.items && days->dates.count;
}

static void write_weekdays(struct writing *writing, const struct day_set *days)
{
    size_t count = 0, written = 0;
    for (uint32_t weekday = 0; weekday < 7; weekday++)
        count += days->weekdays[weekday];
    buffer_string(writing->out, count == 1 ? "weekday == " : "weekday in {");
    for (uint32_t weekday = 0; weekday < 7; weekday++)
        if (days->weekdays[weekday])
            buffer_format(writing->out, "%s%s", written++ ? ", " : "", weekday_words[weekday]);
    buffer_string(writing->out, count == 1 ? " and " : "} and ");
}

/* Dates that are cut by weekday: as one set where that can be, else those of each weekday on their
 * own. */
static void write_dates(struct writing *writing, const struct chosen *chosen)
{
    const char *between = "(";
    struct day_set days;
    if (gather_days(writing, chosen, &days)) {
        if (days.needs_weekdays)
            write_weekdays(writing, &days);
        write_intervals(writing, chosen, days.dates);
        return;
    }
    for (uint32_t weekday = 0; weekday < 7; weekday++) {
        struct interval_set set;
        if (!gather(writing, chosen, 7, weekday, &set) || set.count == 0)
            continue;
        buffer_format(writing->out, "%s(weekday == %s and ", between, weekday_words[weekday]);
        write_intervals(writing, chosen, set);
        buffer_byte(writing->out, ')');
        between = " or ";
    }
    buffer_byte(writing->out, ')');
}

static void write_set_values(struct writing *writing, const struct chosen *chosen)
{
    struct interval_set set;
    if (chosen->about->type == TW_TYPE_STRING)
        write_texts(writing, chosen);
    else if (chosen->classes->by_weekday)
        write_dates(writing, chosen);
    else if (!gather(writing, chosen, 1, 0, &set))
        writing->out->status = TW_NO_MEMORY;
    else if (chosen->about->type == TW_TYPE_NOW)
        write_moments(writing, set);
    else
        write_intervals(writing, chosen, set);
}

/* The test of one variable, in parentheses where it is more than one. */
static void write_test(struct writing *writing, uint32_t variable, const bool *marked)
{
    const struct policy_tree *policy = writing->built->policy;
    struct chosen chosen = {.classes = &writing->built->classes.variables[variable],
                            .about = &policy->variables[variable],
                            .name = policy->variables[variable].name,
                            .marked = marked};
    bool unset = chosen.classes->unset != UINT32_MAX && marked[chosen.classes->unset];
    if (chosen.classes->unset != UINT32_MAX && all_set_marked(&chosen)) {
        buffer_format(writing->out, "%.*s is set", TEXT_ARGUMENTS(chosen.name));
        return;
    }
    bool both = unset && some_set_marked(&chosen);
    buffer_string(writing->out, both ? "(" : "");
    if (unset)
        buffer_format(writing->out, "%.*s is not set%s", TEXT_ARGUMENTS(chosen.name),
                      both ? " or " : "");
    if (!unset || both)
        write_set_values(writing, &chosen);
    buffer_string(writing->out, both ? ")" : "");
}

static void write_node(struct writing *writing, diagram_ref ref);

/* Marks the classes that lead to `child`; true where they are this node's first such run. */
static bool mark_runs(const struct diagram *diagram, const struct diagram_node *node,
                      uint32_t index, bool *marked)
{
    const struct diagram_edge *edges = diagram->edges + node->first_edge;
    for (uint32_t i = 0; i < index; i++)
        if (edges[i].child == edges[index].child)
            return false;
    for (uint32_t i = index, class = index ? edges[index - 1].last + 1 : 0; i < node->edge_count;
         i++) {
        for (; class <= edges[i].last; class ++)
            marked[class] = edges[i].child == edges[index].child;
    }
    return true;
}

static void write_branch(struct writing *writing, const struct diagram_node *node, uint32_t index,
                         const char **between)
{
    const struct diagram *diagram = &writing->built->diagram;
    diagram_ref child = diagram->edges[node->first_edge + index].child;
    bool *marked = ARENA_ARRAY(writing->built->arena, bool, diagram->class_counts[node->level]);
    if (!marked)
        writing->out->status = TW_NO_MEMORY;
    if (child == DIAGRAM_NONE || !marked || !mark_runs(diagram, node, index, marked))
        return;
    buffer_string(writing->out, *between);
    write_test(writing, writing->built->order[node->level], marked);
    if (!diagram_is_terminal(child)) {
        buffer_string(writing->out, " and (");
        write_node(writing, child);
        buffer_byte(writing->out, ')');
    }
    *between = " or ";
}

static void write_node(struct writing *writing, diagram_ref ref)
{
    const struct diagram_node node = writing->built->diagram.nodes[ref];
    const char *between = "";
    for (uint32_t i = 0; i < node.edge_count && !writing->out->status; i++)
        write_branch(writing, &node, i, &between);
}

void condition_text(struct policy_diagram *built, diagram_ref region, struct buffer *out)
{
    struct writing writing = {built, out};
    if (diagram_is_terminal(region))
        buffer_string(out, "tokens >= 0"); /* every request */
    else
        write_node(&writing, region);
}
