/* author/diff_join.c: see diff_join.h. Everything lives in the arena of the join. */
#include "author/diff_join.h"

struct pair {
    const struct attribute *old, *new;
    const struct variable *old_variable, *new_variable;
    uint32_t number; /* of the joined variable */
};

static bool same_words(const struct attribute *a, const struct attribute *b)
{
    bool same = a->word_count == b->word_count;
    for (size_t i = 0; same && i < a->word_count; i++)
        same = text_equal(a->words[i], b->words[i]);
    return same;
}

/* Budgets may differ in their limit: all views of one are the money spent. */
static bool same_budget(const struct budget *a, const struct budget *b)
{
    if (!a || !b)
        return a == b;
    bool same_by = a->by && b->by ? text_equal(a->by->name, b->by->name) : a->by == b->by;
    return same_by && text_equal(a->window, b->window);
}

static bool same_declaration(const struct attribute *a, const struct attribute *b)
{
    return a->type == b->type && same_words(a, b) && same_budget(a->budget, b->budget) &&
           a->from == b->from && text_equal(a->source, b->source);
}

bool reads_variable(const struct policy_tree *policy, uint32_t variable)
{
    for (size_t i = 0; i < policy->attribute_count; i++)
        if (policy->attributes[i]->variable == variable && policy->attributes[i]->used)
            return true;
    return false;
}

static bool has_words(const struct attribute *attribute)
{
    return attribute->type == TW_TYPE_ENUM || attribute->type == TW_TYPE_TIER;
}

/* A declaration as the language writes it, from the type on. */
static struct text declaration_text(struct join *join, const struct attribute *attribute)
{
    struct buffer out;
    buffer_init(&out, 1 << 16);
    buffer_string(&out, attribute->budget ? "budget" : type_word(attribute->type));
    for (size_t i = 0; has_words(attribute) && i < attribute->word_count; i++)
        buffer_format(&out, "%s%.*s%s", i ? ", " : " {", TEXT_ARGUMENTS(attribute->words[i]),
                      i + 1 == attribute->word_count ? "}" : "");
    if (attribute->budget)
        buffer_format(&out, " per %.*s", TEXT_ARGUMENTS(attribute->budget->window));
    if (attribute->budget && attribute->budget->by)
        buffer_format(&out, " by %.*s", TEXT_ARGUMENTS(attribute->budget->by->name));
    bool placed = attribute->from == TW_FROM_HEADER || attribute->from == TW_FROM_BODY;
    if (placed && attribute->source.length) {
        buffer_string(&out, attribute->from == TW_FROM_HEADER ? " from header " : " from body ");
        value_quote(&out, attribute->source);
    }
    struct text text = arena_text(join->arena, buffer_view(&out));
    buffer_free(&out);
    return text;
}

static bool declare_difference(struct join *join, const struct pair *pair)
{
    struct declaration_difference *items =
        arena_grow(join->arena, join->declarations, join->declaration_count,
                   &join->declaration_capacity, sizeof *items);
    if (!items)
        return false;
    const struct budget *budget = pair->old->budget;
    join->declarations = items;
    items[join->declaration_count++] = (struct declaration_difference){
        budget ? budget->name : pair->old->name, declaration_text(join, pair->old),
        declaration_text(join, pair->new)};
    return !join->arena->failed;
}

static struct formula *new_formula(struct join *join, enum formula_kind kind, uint32_t variable)
{
    struct formula *formula = ARENA_NEW(join->arena, struct formula);
    if (formula) {
        formula->kind = kind;
        formula->variable = variable;
    }
    return formula;
}

struct formula *join_in_set(struct join *join, uint32_t variable, struct interval_set set)
{
    struct formula *formula = new_formula(join, FORMULA_RANGES, variable);
    if (formula)
        formula->set = set;
    return formula;
}

struct formula *join_not_given(struct join *join, uint32_t variable)
{
    struct formula *formula = new_formula(join, FORMULA_IS_SET, variable);
    if (formula)
        formula->negated = true;
    return formula;
}

static bool require(struct join *join, struct formula *formula)
{
    if (!formula)
        return false;
    formula->next = join->readable->children;
    join->readable->children = formula;
    return true;
}

/* From now on a request may leave the variable out; a side that has a default fills it in. */
static void let_be_left_out(struct join *join, size_t side, uint32_t own, uint32_t number)
{
    join->both.variables[number].can_be_unset = true;
    join->sides[side].filled[own] = !join->sides[side].policy->variables[own].can_be_unset;
}

static uint32_t find_or_add(struct text *words, size_t *count, struct text word)
{
    for (size_t i = 0; i < *count; i++)
        if (text_equal(words[i], word))
            return (uint32_t)i;
    words[*count] = word;
    return (uint32_t)(*count)++;
}

/* Only words that both have, or none, are compared. */
static bool require_common_words(struct join *join, const struct pair *pair, const uint32_t *map)
{
    struct interval_set set = {
        .items = ARENA_ARRAY(join->arena, struct interval, pair->new->word_count + 1)};
    struct formula *either = new_formula(join, FORMULA_OR, 0);
    for (size_t i = 0; set.items && i < pair->new->word_count; i++)
        if (map[i] < pair->old->word_count)
            set.items[set.count++] = (struct interval){map[i], map[i]};
    if (!set.items || !either)
        return false;
    interval_set_normalize(&set);
    either->children = join_in_set(join, pair->number, set);
    if (!either->children)
        return false;
    if (join->both.variables[pair->number].can_be_unset)
        either->children->next = join_not_given(join, pair->number);
    return require(join, either);
}

/* The words of both, those of the old policy first. */
static bool join_words(struct join *join, const struct pair *pair)
{
    size_t most = pair->old->word_count + pair->new->word_count, count = 0;
    struct attribute *joined = map_get(&join->both.attribute_names, pair->old->name);
    uint32_t *map = ARENA_ARRAY(join->arena, uint32_t, pair->new->word_count + 1);
    struct text *words = ARENA_ARRAY(join->arena, struct text, most + 1);
    if (!map || !words)
        return false;
    for (size_t i = 0; i < pair->old->word_count; i++)
        find_or_add(words, &count, pair->old->words[i]);
    for (size_t i = 0; i < pair->new->word_count; i++)
        map[i] = find_or_add(words, &count, pair->new->words[i]);
    joined->words = words;
    joined->word_count = (uint32_t)count;
    join->both.variables[pair->number].high = (int64_t)count - 1;
    join->sides[1].words[pair->new->variable] = map;
    return true;
}

static bool same_default(const struct join *join, const struct pair *pair)
{
    const struct variable *a = pair->old_variable, *b = pair->new_variable;
    if (a->can_be_unset || b->can_be_unset)
        return a->can_be_unset == b->can_be_unset;
    if (a->type == TW_TYPE_STRING)
        return text_equal(a->initial_text, b->initial_text);
    const uint32_t *words = join->sides[1].words[pair->new->variable];
    return a->initial == (words ? words[b->initial] : b->initial);
}

/* Both read the attribute, as one variable. */
static bool reconcile(struct join *join, const struct pair *pair)
{
    bool same = same_declaration(pair->old, pair->new);
    join->both.variables[pair->number].can_be_unset |= pair->new_variable->can_be_unset;
    if (has_words(pair->old) && !same_words(pair->old, pair->new) && !join_words(join, pair))
        return false;
    if (!same_default(join, pair)) {
        let_be_left_out(join, 0, pair->old->variable, pair->number);
        let_be_left_out(join, 1, pair->new->variable, pair->number);
    }
    const uint32_t *words = join->sides[1].words[pair->new->variable];
    if (words && !require_common_words(join, pair, words))
        return false;
    return same || declare_difference(join, pair);
}

/* Types that have nothing in common: only requests that leave both out are compared. */
static bool keep_apart(struct join *join, const struct pair *pair)
{
    let_be_left_out(join, 0, pair->old->variable, pair->old->variable);
    let_be_left_out(join, 1, pair->new->variable, pair->number);
    return require(join, join_not_given(join, pair->old->variable)) &&
           require(join, join_not_given(join, pair->number)) && declare_difference(join, pair);
}

static struct attribute *add_attribute(struct join *join, const struct attribute *attribute,
                                       uint32_t number)
{
    struct attribute *copy = ARENA_NEW(join->arena, struct attribute);
    if (!copy)
        return NULL;
    *copy = *attribute;
    copy->variable = number;
    join->both.attributes[join->both.attribute_count++] = copy;
    return copy;
}

static bool add_new_only(struct join *join, const struct attribute *attribute)
{
    struct joined_side *side = &join->sides[1];
    uint32_t *number = &side->numbers[attribute->variable];
    if (*number == UINT32_MAX) {
        *number = (uint32_t)join->both.variable_count++;
        join->both.variables[*number] = side->policy->variables[attribute->variable];
    }
    return add_attribute(join, attribute, *number) != NULL;
}

/* An attribute that both declare. Where one side does not read it, the other one's holds. */
static bool join_pair(struct join *join, struct pair *pair)
{
    const struct policy_tree *a = join->sides[0].policy, *b = join->sides[1].policy;
    bool old_reads = reads_variable(a, pair->old->variable);
    bool new_reads = reads_variable(b, pair->new->variable);
    bool alike =
        pair->old->type == pair->new->type && pair->old->projection == pair->new->projection;
    bool whole = pair->new->projection == PROJECT_WHOLE;
    pair->old_variable = &a->variables[pair->old->variable];
    pair->new_variable = &b->variables[pair->new->variable];
    if (!alike) {
        if (!add_new_only(join, pair->new))
            return false;
        pair->number = join->sides[1].numbers[pair->new->variable];
        return !old_reads || !new_reads || keep_apart(join, pair);
    }
    pair->number = pair->old->variable;
    join->sides[1].numbers[pair->new->variable] = pair->number;
    if (old_reads && new_reads)
        return !whole || reconcile(join, pair);
    if (new_reads) {
        struct attribute *joined = map_get(&join->both.attribute_names, pair->old->name);
        join->both.variables[pair->number] = *pair->new_variable;
        joined->words = pair->new->words;
        joined->word_count = pair->new->word_count;
    }
    return true;
}

static bool join_attributes(struct join *join)
{
    const struct policy_tree *a = join->sides[0].policy, *b = join->sides[1].policy;
    for (size_t i = 0; i < a->attribute_count; i++) {
        struct attribute *copy = add_attribute(join, a->attributes[i], a->attributes[i]->variable);
        if (!copy || !map_set(&join->both.attribute_names, copy->name, copy))
            return false;
    }
    for (size_t i = 0; i < b->attribute_count; i++) {
        struct pair pair = {.old = map_get(&a->attribute_names, b->attributes[i]->name),
                            .new = b->attributes[i]};
        if (pair.old ? !join_pair(join, &pair) : !add_new_only(join, pair.new))
            return false;
    }
    return true;
}

static bool begin_side(struct join *join, size_t index, const struct policy_tree *policy)
{
    struct joined_side *side = &join->sides[index];
    side->policy = policy;
    side->numbers = ARENA_ARRAY(join->arena, uint32_t, policy->variable_count + 1);
    side->words = ARENA_ARRAY(join->arena, uint32_t *, policy->variable_count + 1);
    side->filled = ARENA_ARRAY(join->arena, bool, policy->variable_count + 1);
    for (uint32_t i = 0; side->numbers && i < policy->variable_count; i++)
        side->numbers[i] = index == 0 ? i : UINT32_MAX;
    return side->numbers && side->words && side->filled;
}

bool join_policies(struct join *join, struct arena *arena, const struct policy_tree *old,
                   const struct policy_tree *new)
{
    *join = (struct join){.arena = arena};
    struct policy_tree *both = &join->both;
    both->arena = arena;
    both->sources = old->sources;
    map_init(&both->attribute_names, arena);
    both->variables =
        ARENA_ARRAY(arena, struct variable, old->variable_count + new->variable_count);
    both->attributes =
        ARENA_ARRAY(arena, struct attribute *, old->attribute_count + new->attribute_count);
    join->readable = new_formula(join, FORMULA_AND, 0);
    if (!both->variables || !both->attributes || !join->readable || !begin_side(join, 0, old) ||
        !begin_side(join, 1, new))
        return false;
    both->variable_count = old->variable_count;
    for (size_t i = 0; i < old->variable_count; i++)
        both->variables[i] = old->variables[i];
    return join_attributes(join);
}

/* Does a test hold for the default of its variable? */
static bool holds_for_default(const struct formula *test, const struct variable *variable)
{
    bool found = false;
    if (test->kind == FORMULA_RANGES)
        return interval_set_holds(test->set, variable->initial);
    for (size_t i = 0; i < test->text_count && !found; i++)
        found = test->kind == FORMULA_LIKE ? glob_matches(test->texts[i], variable->initial_text)
                                           : text_equal(test->texts[i], variable->initial_text);
    return found != test->negated;
}

/* The same set in the joined words. */
static bool map_words(struct join *join, const uint32_t *words, struct interval_set *set)
{
    struct interval_set mapped = {0};
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += (size_t)(set->items[i].high - set->items[i].low + 1);
    mapped.items = ARENA_ARRAY(join->arena, struct interval, count + 1);
    if (!mapped.items)
        return false;
    for (size_t i = 0; i < set->count; i++)
        for (int64_t word = set->items[i].low; word <= set->items[i].high; word++)
            mapped.items[mapped.count++] = (struct interval){words[word], words[word]};
    interval_set_normalize(&mapped);
    *set = mapped;
    return true;
}

/* Seconds of the week on a clock that is ahead, in those of the joined one. */
static bool turn_back(struct join *join, int64_t shift, struct interval_set *set)
{
    struct interval_set turned = {
        .items = ARENA_ARRAY(join->arena, struct interval, 2 * set->count + 1)};
    for (size_t i = 0; turned.items && i < set->count; i++) {
        int64_t low = set->items[i].low - shift, length = set->items[i].high - set->items[i].low;
        low = (low % SECONDS_PER_WEEK + SECONDS_PER_WEEK) % SECONDS_PER_WEEK;
        int64_t high = low + length, last = SECONDS_PER_WEEK - 1;
        turned.items[turned.count++] = (struct interval){low, high < last ? high : last};
        if (high > last)
            turned.items[turned.count++] = (struct interval){0, high - SECONDS_PER_WEEK};
    }
    if (!turned.items)
        return false;
    interval_set_normalize(&turned);
    *set = turned;
    return true;
}

/* The seconds of a week on whose days a clock that is ahead shows a date `days` later. */
static bool seconds_of_later_date(struct join *join, int64_t shift, int64_t days,
                                  struct interval_set *set)
{
    int64_t low = days * SECONDS_PER_DAY - shift, high = low + SECONDS_PER_DAY - 1;
    low = low > 0 ? low : 0;
    high = high < SECONDS_PER_DAY ? high : SECONDS_PER_DAY - 1;
    *set = (struct interval_set){.items = ARENA_ARRAY(join->arena, struct interval, 7)};
    for (int64_t day = 0; set->items && day < 7 && low <= high; day++)
        set->items[set->count++] =
            (struct interval){day * SECONDS_PER_DAY + low, day * SECONDS_PER_DAY + high};
    if (set->items)
        interval_set_normalize(set);
    return set->items != NULL;
}

/* Dates of a clock that is `days` ahead, in those of the joined one. */
static bool move_dates(struct join *join, int64_t days, struct interval_set dates,
                       struct interval_set *moved)
{
    const struct variable *date = &join->both.variables[VARIABLE_DATE];
    *moved =
        (struct interval_set){.items = ARENA_ARRAY(join->arena, struct interval, dates.count + 1)};
    for (size_t i = 0; moved->items && i < dates.count; i++) {
        int64_t low = dates.items[i].low - days, high = dates.items[i].high - days;
        if (dates.items[i].low == date->low) /* before the first date there is none */
            low = date->low;
        if (dates.items[i].high == date->high)
            high = date->high;
        if (high >= date->low && low <= date->high)
            moved->items[moved->count++] = (struct interval){low > date->low ? low : date->low,
                                                             high < date->high ? high : date->high};
    }
    return moved->items != NULL;
}

static struct formula *join_and(struct join *join, struct formula *first, struct formula *second)
{
    struct formula *both = new_formula(join, FORMULA_AND, 0);
    if (!both || !first || !second)
        return NULL;
    both->children = first;
    first->next = second;
    return both;
}

struct formula *join_in_both(struct join *join, struct interval_set dates,
                             struct interval_set seconds)
{
    return join_and(join, join_in_set(join, VARIABLE_DATE, dates),
                    join_in_set(join, VARIABLE_CLOCK, seconds));
}

/* A test of the date becomes one for each date that the joined clock may show meanwhile. */
static bool turn_back_date(struct join *join, int64_t shift, struct formula *test)
{
    enum { MOST_DAYS = 2 };
    struct interval_set dates = test->set, seconds, moved;
    test->kind = FORMULA_OR;
    test->children = NULL;
    for (int64_t days = -MOST_DAYS; days <= MOST_DAYS; days++) {
        if (!seconds_of_later_date(join, shift, days, &seconds) ||
            !move_dates(join, days, dates, &moved))
            return false;
        if (seconds.count == 0)
            continue;
        struct formula *part = join_in_both(join, moved, seconds);
        if (!part)
            return false;
        part->next = test->children;
        test->children = part;
    }
    return true;
}

static bool translate(struct join *join, const struct joined_side *side, struct formula *formula,
                      int64_t shift);

static bool translate_test(struct join *join, const struct joined_side *side, struct formula *test,
                           int64_t shift)
{
    uint32_t own = test->variable, number = side->numbers[own];
    bool or_not_given = side->filled[own] && test->kind != FORMULA_IS_SET &&
                        holds_for_default(test, &side->policy->variables[own]);
    test->variable = number;
    if (test->kind == FORMULA_RANGES && side->words[own] &&
        !map_words(join, side->words[own], &test->set))
        return false;
    if (own == VARIABLE_CLOCK && shift && !turn_back(join, shift, &test->set))
        return false;
    if (own == VARIABLE_DATE && shift && test->kind == FORMULA_RANGES)
        return turn_back_date(join, shift, test);
    if (!or_not_given)
        return true;
    struct formula *copy = ARENA_NEW(join->arena, struct formula);
    if (!copy)
        return false;
    *copy = *test;
    copy->next = join_not_given(join, number);
    test->kind = FORMULA_OR;
    test->children = copy;
    return copy->next != NULL;
}

static bool translate(struct join *join, const struct joined_side *side, struct formula *formula,
                      int64_t shift)
{
    if (formula_is_test(formula))
        return translate_test(join, side, formula, shift);
    for (struct formula *part = formula_parts(formula); part; part = part->next)
        if (!translate(join, side, part, shift))
            return false;
    return true;
}

struct formula *join_formula(struct join *join, const struct joined_side *side,
                             const struct condition *condition, int64_t shift)
{
    struct formula *formula = formula_of_condition(side->policy, condition);
    return formula && translate(join, side, formula, shift) ? formula : NULL;
}

uint32_t join_tier(const struct joined_side *side, const struct attribute *attribute, uint32_t tier)
{
    const uint32_t *words = side->words[attribute->variable];
    return words ? words[tier] : tier;
}

uint32_t join_tier_not_given(const struct joined_side *side, const struct attribute *attribute)
{
    return side->filled[attribute->variable]
               ? (uint32_t)side->policy->variables[attribute->variable].initial
               : 0;
}
