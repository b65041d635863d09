/* author/simplify_edits.c: what to cut where.
 *
 * Findings carry spans; the tree says what they are of. Everything lives in the policy's arena. */
#include "author/simplify_edits.h"

#include <stdlib.h>

enum { LONGEST_JOINED_LINE = 100 };

struct making {
    struct front *front;
    const struct finding *findings;
    size_t finding_count;
    struct edits *edits;
    size_t before; /* edits that were there before the finding at hand */
    bool apart;    /* none of its edits met another one */
    bool failed;
};

static bool is_part(enum finding_name name)
{
    return name == FINDING_ALWAYS_TRUE || name == FINDING_ALWAYS_FALSE || name == FINDING_DROPPABLE;
}

enum simplify_step step_of(enum finding_name name)
{
    if (is_part(name) || name == FINDING_DEAD_RULE || name == FINDING_DEAD_OTHERWISE ||
        name == FINDING_UNUSED_LET)
        return STEP_NEEDLESS;
    return name == FINDING_REMOVABLE_RULE ? STEP_REMOVABLE
           : name == FINDING_MERGEABLE    ? STEP_JOIN
                                          : STEP_COUNT;
}

static struct text content(const struct front *front)
{
    return front->sources.items[0]->content;
}

static bool same_span(struct span a, struct span b)
{
    return a.source == b.source && a.start == b.start && a.end == b.end;
}

static bool inside(struct span inner, struct span outer)
{
    return inner.source == outer.source && inner.start >= outer.start && inner.end <= outer.end;
}

/* The statement that a finding is about, or whose condition it is in. */
static const struct statement *statement_of(const struct front *front,
                                            const struct finding *finding)
{
    for (const struct statement *at = front->statements; at; at = at->next)
        if (inside(finding->span, at->span))
            return at;
    return NULL;
}

static const struct statement *rule_above(const struct front *front, const struct statement *rule)
{
    const struct policy_tree *policy = &front->policy;
    for (size_t i = 1; i < policy->rule_count; i++)
        if (policy->rules[i] == rule)
            return policy->rules[i - 1];
    return NULL;
}

/* The condition of which the part with this span is a child; NULL for a whole condition. */
static const struct condition *parent_of(const struct condition *condition, struct span span)
{
    const struct condition *parent = NULL;
    for (const struct condition *part = condition_parts(condition); part && !parent;
         part = part->next)
        parent = same_span(part->span, span) ? condition : parent_of(part, span);
    return parent;
}

static bool is_whole_condition(const struct finding *finding, const struct statement *statement)
{
    return is_part(finding->name) && statement->condition &&
           same_span(finding->span, statement->condition->span);
}

static bool takes_whole_rule(const struct finding *finding, const struct statement *statement)
{
    return finding->name == FINDING_DEAD_RULE || finding->name == FINDING_REMOVABLE_RULE ||
           (finding->name == FINDING_ALWAYS_FALSE && is_whole_condition(finding, statement));
}

static const struct statement *example_naming(const struct front *front,
                                              const struct statement *rule)
{
    for (const struct statement *at = front->statements; at; at = at->next)
        if (at->kind == STATEMENT_EXPECT && at->rule == rule && at->by)
            return at;
    return NULL;
}

static bool has_comment(const struct front *front, uint32_t start, uint32_t end)
{
    const struct source *source = front->sources.items[0];
    for (size_t i = 0; i < source->comment_count; i++)
        if (source->comments[i].span.start >= start && source->comments[i].span.start < end)
            return true;
    return false;
}

static uint32_t line_end(struct text text, uint32_t at)
{
    while (at < text.length && text.data[at] != '\n')
        at++;
    return at;
}

/* A condition as one side of an `or`. */
static struct text or_side(const struct front *front, const struct condition *condition)
{
    struct text text = span_text(&front->sources, condition->span);
    bool grouped = condition->kind == CONDITION_AND && !condition->parentheses;
    return grouped ? arena_format(front->policy.arena, "(%.*s)", TEXT_ARGUMENTS(text)) : text;
}

static struct text joined_condition(const struct front *front, const struct statement *above,
                                    const struct statement *rule)
{
    struct text first = or_side(front, above->condition);
    struct text second = or_side(front, rule->condition);
    return arena_format(front->policy.arena, "%.*s or %.*s", TEXT_ARGUMENTS(first),
                        TEXT_ARGUMENTS(second));
}

static struct text join_kept_because(const struct front *front, const struct statement *rule)
{
    const struct statement *above = rule_above(front, rule);
    struct text action = span_text(&front->sources, above->action->span);
    struct text joined = joined_condition(front, above, rule);
    size_t label = above->name  ? above->name->text.length + 2
                   : rule->name ? rule->name->text.length + 2
                                : 0;
    size_t length = label + sizeof "when  -> " - 1 + utf8_count(joined) + utf8_count(action);
    if (has_comment(front, above->span.start, line_end(content(front), rule->span.end)))
        return TEXT("a comment tells them apart");
    if (line_end(joined, 0) < joined.length || line_end(action, 0) < action.length ||
        length > LONGEST_JOINED_LINE)
        return TEXT("joined they would not fit on a line");
    return TEXT("");
}

/* A rule that takes every request is `otherwise`, once it is the last statement of its kind. */
static struct text always_kept_because(struct front *front, const struct statement *rule)
{
    const struct policy_tree *policy = &front->policy;
    if (policy->otherwise || policy->rules[policy->rule_count - 1] != rule)
        return TEXT("rules behind it stay, so it cannot be `otherwise`");
    if (has_comment(front, rule->span.start, rule->condition->span.end))
        return TEXT("a comment stands in it");
    return TEXT("");
}

static struct text rule_kept_because(struct front *front, const struct statement *rule)
{
    const struct statement *example = example_naming(front, rule);
    if (example)
        return arena_format(&front->arena, "the example `%.*s` names it",
                            TEXT_ARGUMENTS(span_text(&front->sources, example->span)));
    if (front->policy.rule_count == 1 && !front->policy.otherwise)
        return TEXT("a policy needs a rule");
    return TEXT("");
}

struct text kept_because(struct front *front, const struct finding *finding)
{
    const struct statement *statement = statement_of(front, finding);
    if (!statement)
        return TEXT("it stands in no statement");
    if (finding->span.source != 0)
        return TEXT("it stands in an included file");
    bool becomes_otherwise =
        finding->name == FINDING_ALWAYS_TRUE && is_whole_condition(finding, statement);
    struct text why = {"", 0};
    if (takes_whole_rule(finding, statement) || becomes_otherwise)
        why = rule_kept_because(front, statement);
    if (becomes_otherwise && (why.length == 0 || !example_naming(front, statement)))
        why = always_kept_because(front, statement);
    if (finding->name == FINDING_MERGEABLE)
        why = join_kept_because(front, statement);
    return why;
}

/* Adds an edit, unless the finding at hand met another one's edits. Two that touch are apart. */
static void add_edit(struct making *making, struct edit edit)
{
    struct edits *edits = making->edits;
    for (size_t i = 0; i < making->before && making->apart; i++)
        making->apart = edit.end <= edits->items[i].start || edit.start >= edits->items[i].end;
    if (!making->apart)
        return;
    struct edit *items = arena_grow(&making->front->arena, edits->items, edits->count,
                                    &edits->capacity, sizeof *items);
    if (!items) {
        making->failed = true;
        return;
    }
    edits->items = items;
    items[edits->count++] = edit;
}

static void add_plain(struct making *making, uint32_t start, uint32_t end, struct text put)
{
    add_edit(making, (struct edit){start, end, put});
}

static void remove_statement(struct making *making, const struct statement *statement)
{
    add_edit(making, edit_without_statement(content(making->front), statement->span.start,
                                            statement->span.end));
}

/* Is some finding of these about just this part? */
static bool goes(const struct making *making, const struct condition *part)
{
    for (size_t i = 0; i < making->finding_count; i++)
        if (is_part(making->findings[i].name) && same_span(making->findings[i].span, part->span))
            return true;
    return false;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* The start of the comment that an offset ends or lies in; the offset itself where there is none.
 */
static uint32_t before_comment(const struct front *front, uint32_t offset)
{
    const struct source *source = front->sources.items[0];
    for (size_t i = 0; i < source->comment_count; i++)
        if (source->comments[i].span.start < offset && source->comments[i].span.end >= offset)
            return source->comments[i].span.start;
    return offset;
}

/* The `and` or `or` before a part that is not the first. */
static struct span word_before(const struct front *front, uint32_t offset)
{
    struct text text = content(front);
    uint32_t end = offset, before = UINT32_MAX;
    while (before != end) {
        before = end;
        while (end > 0 && is_space(text.data[end - 1]))
            end--;
        end = before_comment(front, end);
    }
    uint32_t start = end;
    while (start > 0 && text.data[start - 1] >= 'a' && text.data[start - 1] <= 'z')
        start--;
    return (struct span){0, start, end};
}

/* A part behind one that stays goes with the word before it; a comment between the two, which
 * speaks of what stays, does not. */
static void remove_behind(struct making *making, const struct condition *part)
{
    struct span word = word_before(making->front, part->span.start);
    struct text text = content(making->front);
    if (has_comment(making->front, word.end, part->span.start)) {
        add_edit(making, edit_without_part(text, word.start, word.end));
        add_edit(making, edit_without_part(text, part->span.start, part->span.end));
    } else {
        add_edit(making, edit_without_part(text, word.start, part->span.end));
    }
}

/* Parentheses around a single part that needs none go too. */
static void remove_parentheses(struct making *making, const struct condition *parent)
{
    const struct condition *kept = NULL;
    size_t count = 0;
    for (const struct condition *part = condition_parts(parent); part; part = part->next) {
        kept = goes(making, part) ? kept : part;
        count += !goes(making, part);
    }
    bool plain = count == 1 &&
                 (kept->parentheses || (kept->kind != CONDITION_AND && kept->kind != CONDITION_OR));
    if (!parent->parentheses || !plain)
        return;
    add_plain(making, parent->span.start, parent->span.start + 1, TEXT(""));
    add_plain(making, parent->span.end - 1, parent->span.end, TEXT(""));
}

static void remove_part(struct making *making, const struct condition *parent, struct span span)
{
    bool some_stay = false, first = true;
    const struct condition *part = parent->children;
    for (; part && !same_span(part->span, span); part = part->next) {
        some_stay |= !goes(making, part);
        first &= !goes(making, part);
    }
    if (!part)
        return;
    if (some_stay)
        remove_behind(making, part);
    else if (part->next)
        add_plain(making, part->span.start, part->next->span.start, TEXT(""));
    if (first)
        remove_parentheses(making, parent);
}

static void join_rules(struct making *making, const struct statement *rule)
{
    const struct statement *above = rule_above(making->front, rule);
    struct span condition = above->condition->span;
    if (rule->name && !above->name)
        add_plain(making, above->span.start, above->span.start,
                  arena_format(&making->front->arena, "%.*s: ", TEXT_ARGUMENTS(rule->name->text)));
    add_plain(making, condition.start, condition.end, joined_condition(making->front, above, rule));
    remove_statement(making, rule);
}

static void add_finding(struct making *making, const struct finding *finding)
{
    const struct statement *statement = statement_of(making->front, finding);
    const struct condition *parent =
        is_part(finding->name) ? parent_of(statement->condition, finding->span) : NULL;
    making->before = making->edits->count;
    making->apart = true;
    if (finding->name == FINDING_MERGEABLE)
        join_rules(making, statement);
    else if (parent)
        remove_part(making, parent, finding->span);
    else if (finding->name == FINDING_ALWAYS_TRUE)
        add_plain(making, statement->span.start, statement->condition->span.end, TEXT("otherwise"));
    else
        remove_statement(making, statement);
    if (!making->apart)
        making->edits->count = making->before;
}

static int compare_edits(const void *left, const void *right)
{
    const struct edit *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

bool edits_make(struct front *front, const struct finding *findings, size_t count,
                struct edits *edits)
{
    struct making making = {
        .front = front, .findings = findings, .finding_count = count, .edits = edits};
    *edits = (struct edits){0};
    for (size_t i = 0; i < count && !making.failed; i++)
        add_finding(&making, &findings[i]);
    if (edits->count)
        qsort(edits->items, edits->count, sizeof *edits->items, compare_edits);
    edits_close_gaps(content(front), edits->items, edits->count);
    return !making.failed && !front->arena.failed;
}
