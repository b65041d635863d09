/* simulate/gates.c: see gates.h. All comparisons are of whole numbers. Owns nothing. */
#include "simulate/gates.h"

#include "base/number.h"
#include "base/value.h"

static const struct {
    const char *name;
    enum gate_kind kind;
} subjects[] = {
#define GATE(name, kind, meaning) {#name, GATE_##kind},
#include "simulate/gates.def"
#undef GATE
};

static const struct {
    const char *text; /* the longer of two that begin alike first */
    enum gate_operator compare;
} operators[] = {{">=", GATE_AT_LEAST}, {"<=", GATE_AT_MOST}, {">", GATE_MORE}, {"<", GATE_LESS}};

static enum gate_kind kind_of(enum gate_subject subject)
{
    return subject == GATE_SUBJECT_TIER ? GATE_SHARE : subjects[subject].kind;
}

static bool is_tier(const tw_policy *policy, struct text name)
{
    for (size_t i = 0; policy && i < tw_policy_tier_count(policy); i++)
        if (text_is(name, tw_policy_tier(policy, i)))
            return true;
    return false;
}

static enum tw_status find_subject(struct gate *gate, struct text name,
                                   const tw_policy *const policies[SIDES], struct tw_error *error)
{
    struct buffer list;
    gate->tier = name;
    for (gate->subject = 0; gate->subject < GATE_SUBJECT_TIER; gate->subject++)
        if (text_is(name, subjects[gate->subject].name))
            return TW_OK;
    if (is_tier(policies[SIDE_NEW], name) || is_tier(policies[SIDE_OLD], name))
        return TW_OK;
    buffer_init(&list, 200);
    for (int i = 0; i < GATE_SUBJECT_TIER; i++)
        buffer_format(&list, "%s, ", subjects[i].name);
    enum tw_status status =
        fail(error, TW_INVALID, "there is no `%.*s` to compare: it is one of %sor a tier",
             (int)(name.length < 40 ? name.length : 40), name.data, list.data ? list.data : "");
    buffer_free(&list);
    return status;
}

static bool take_operator(struct text *text, enum gate_operator *compare)
{
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        struct text word = text_of(operators[i].text);
        if (text->length < word.length || !text_equal((struct text){text->data, word.length}, word))
            continue;
        text_take(text, word.length);
        *compare = operators[i].compare;
        return true;
    }
    return false;
}

/* The type that a value without a percent sign has. */
static enum tw_type type_of(enum gate_kind kind)
{
    switch (kind) {
    case GATE_MONEY:
    case GATE_SAVING:
        return TW_TYPE_MONEY;
    case GATE_DURATION:
        return TW_TYPE_DURATION;
    case GATE_SHARE:
        break;
    }
    return TW_TYPE_INT;
}

static enum tw_status read_value(struct gate *gate, struct text value, struct tw_error *error)
{
    enum gate_kind kind = kind_of(gate->subject);
    bool may_change = kind == GATE_MONEY || kind == GATE_DURATION;
    bool less = text_take_byte(&value, '-');
    bool more = !less && text_take_byte(&value, '+');
    bool percent = value.length && value.data[value.length - 1] == '%';
    gate->change = less || more;
    gate->unit = percent ? GATE_PERCENT : GATE_ABSOLUTE;
    if (gate->change && !may_change)
        return fail(error, TW_INVALID, "`%.*s` is compared without a sign", (int)gate->tier.length,
                    gate->tier.data);
    if (percent && may_change && !gate->change)
        return fail(error, TW_INVALID, "a change of `%.*s` is written with its sign: +5%% or -5%%",
                    (int)gate->tier.length, gate->tier.data);
    enum tw_status status =
        value_parse(percent ? TW_TYPE_PERCENT : type_of(kind), value, &gate->value, error);
    if (status == TW_OK && gate->value < 0)
        return fail(error, TW_INVALID, "`%.*s` has two signs", (int)value.length, value.data);
    gate->value = less ? -gate->value : gate->value;
    return status;
}

enum tw_status gate_parse(struct text text, const tw_policy *const policies[SIDES],
                          struct gate *gate, struct tw_error *error)
{
    size_t length = 0;
    text = text_trim(text);
    while (length < text.length && text.data[length] != '<' && text.data[length] != '>')
        length++;
    struct text name = text_trim(text_take(&text, length));
    *gate = (struct gate){0};
    if (!take_operator(&text, &gate->compare))
        return fail(error, TW_INVALID, "write NAME > VALUE, or with <, >= or <=: cost > +5%%");
    enum tw_status status = find_subject(gate, name, policies, error);
    return status ? status : read_value(gate, text_trim(text), error);
}

/* What a gate looks at: part is compared as it is, or as a share of whole. scale is what 1 is. */
struct measure {
    __int128 part, whole, scale;
};

static int64_t most_lacking(const struct notes *notes)
{
    int64_t most = 0;
    for (size_t i = 0; i < notes->count; i++)
        if (notes->items[i]->kind == NOTE_LACKING && notes->items[i]->requests > most)
            most = notes->items[i]->requests;
    return most;
}

static __int128 served_by(const struct figures *figures, struct text tier)
{
    for (size_t i = 0; i < figures->tier_count; i++)
        if (text_equal(figures->simulation->tiers.lines[figures->tiers[i].tier].name, tier))
            return figures->tiers[i].served[SIDE_NEW];
    return 0;
}

/* Costs are compared as whole picodollars. A change is of what both sides have. */
static struct measure measure_cost(const struct figures *figures, bool change)
{
    const struct sums *totals = &figures->simulation->totals;
    __int128 old = figures_picodollars(totals->cost[SIDE_OLD]);
    if (!change)
        return (struct measure){figures_picodollars(figures_new_cost(figures)), 0, 1};
    return (struct measure){figures_picodollars(totals->cost[SIDE_NEW]) - old, old, 1};
}

static struct measure measure(const struct gate *gate, const struct figures *figures)
{
    const struct simulation *simulation = figures->simulation;
    const __int128 all = simulation->requests, evaluated = simulation->evaluated;
    const int64_t *notes = simulation->notes.requests, *latency = figures->latency;
    __int128 at_default = figures_picodollars(figures_default_cost(figures));
    switch (gate->subject) {
    case GATE_SUBJECT_cost:
        return measure_cost(figures, gate->change);
    case GATE_SUBJECT_saved:
        return (struct measure){at_default - figures_picodollars(figures_new_cost(figures)),
                                at_default, 1};
    case GATE_SUBJECT_latency:
        return (struct measure){gate->change ? latency[SIDE_NEW] - latency[SIDE_OLD]
                                             : latency[SIDE_NEW],
                                latency[SIDE_OLD], 1};
    case GATE_SUBJECT_changed:
        return (struct measure){simulation->changed, simulation->compared, 1};
    case GATE_SUBJECT_rejected:
        return (struct measure){simulation->rejected[SIDE_NEW], evaluated, 1};
    case GATE_SUBJECT_refused:
        return (struct measure){figures->unserved[SIDE_NEW], evaluated * SHARE_ALL, SHARE_ALL};
    case GATE_SUBJECT_unpriced:
        return (struct measure){notes[UNPRICED], evaluated, 1};
    case GATE_SUBJECT_unevaluated:
        return (struct measure){notes[UNEVALUATED], all, 1};
    case GATE_SUBJECT_lacking:
        return (struct measure){most_lacking(&simulation->notes), evaluated, 1};
    case GATE_SUBJECT_TIER:
        return (struct measure){served_by(figures, gate->tier), evaluated * SHARE_ALL, SHARE_ALL};
    }
    return (struct measure){0, 0, 1};
}

/* Why the gate has nothing to look at, NULL where it has. */
static const char *missing(const struct gate *gate, const struct figures *figures)
{
    if ((gate->change || gate->subject == GATE_SUBJECT_changed) && !figures_compares(figures))
        return "nothing is compared: give --against, or a log that says which tier served";
    if (gate->subject != GATE_SUBJECT_latency)
        return NULL;
    if (figures->latency[SIDE_NEW] < 0 || (gate->change && figures->latency[SIDE_OLD] < 0))
        return "the latency of some tier is not known: give --latency TIER=DURATION";
    return NULL;
}

enum tw_status gate_holds(const struct gate *gate, const struct figures *figures, bool *holds,
                          struct tw_error *error)
{
    const char *why = missing(gate, figures);
    if (why)
        return fail(error, TW_UNKNOWN, "%s", why);
    struct measure seen = measure(gate, figures);
    bool percent = gate->unit == GATE_PERCENT;
    __int128 left = percent ? seen.part * PERCENT_ALL : seen.part;
    __int128 right = percent ? seen.whole * gate->value : seen.scale * gate->value;
    switch (gate->compare) {
    case GATE_MORE:
        *holds = left > right;
        break;
    case GATE_AT_LEAST:
        *holds = left >= right;
        break;
    case GATE_LESS:
        *holds = left < right;
        break;
    case GATE_AT_MOST:
        *holds = left <= right;
        break;
    }
    return TW_OK;
}
