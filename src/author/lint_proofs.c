/* author/lint_proofs.c: what lint proves of each rule, by asking the decision diagram.
 *
 * A rule's own requests are those that lead to its terminal; it is dead when there are none. It can
 * go when the rules behind it give every one of them the same action. Nothing is reported that is
 * not proved; what could not be settled is said. */
#include "author/proofs.h"

static const struct statement *rule_at(const struct proof *proof, size_t rule)
{
    return rule < proof->policy->rule_count ? proof->policy->rules[rule] : proof->policy->otherwise;
}

void proof_add_witness(struct proof *proof, struct finding *finding, diagram_ref region)
{
    struct witness witness;
    if (!finding || proof->built->diagram.status || region == DIAGRAM_NONE ||
        !witness_in(proof->built, region, &witness))
        return;
    finding->witness = witness.json;
    finding->example = witness.expect;
}

struct finding *proof_finding(struct proof *proof, enum finding_name name, struct span span,
                              diagram_ref region, const char *message)
{
    struct finding *finding = finding_add(proof->findings, name, span, "%s", message);
    if (finding && region != DIAGRAM_NONE)
        proof_add_witness(proof, finding, region);
    return finding;
}

static void write_step(const struct step *step, struct buffer *out)
{
    buffer_format(out, "%d:%u:%lld:%u;", step->tier_index,
                  step->attribute ? step->attribute->variable + 1 : 0,
                  (long long)step->timeout_milliseconds, step->retry_count);
}

/* Actions are the same when they do the same: `strict` only says that something is meant. */
static bool number_action(struct proof *proof, struct map *known, const struct statement *statement,
                          uint32_t *number)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    const struct action *action = statement ? statement->action : NULL;
    for (const struct step *step = action ? action->steps : NULL; step; step = step->next)
        write_step(step, &text);
    if (!action)
        buffer_string(&text, "0:0:-1:0;");
    if (action && action->reject)
        buffer_format(&text, "reject %.*s", TEXT_ARGUMENTS(action->reason));
    struct text key = arena_text(proof->built->arena, buffer_view(&text));
    buffer_free(&text);
    uint32_t before = (uint32_t)(uintptr_t)map_get(known, key);
    *number = before ? before - 1 : (uint32_t)known->count;
    return before || map_set(known, key, (void *)((uintptr_t)known->count + 1));
}

static bool number_actions(struct proof *proof)
{
    struct map known;
    size_t count = proof->policy->rule_count;
    map_init(&known, proof->built->arena);
    proof->actions = ARENA_ARRAY(proof->built->arena, uint32_t, count + 1);
    for (size_t i = 0; proof->actions && i <= count; i++)
        if (!number_action(proof, &known, rule_at(proof, i), &proof->actions[i]))
            return false;
    return proof->actions != NULL;
}

static void report_dead(struct proof *proof, size_t rule)
{
    bool *marked = ARENA_ARRAY(proof->built->arena, bool, proof->policy->rule_count);
    if (!marked || !proof_find_covering(proof, rule, marked))
        return;
    struct finding *finding =
        finding_add(proof->findings, FINDING_DEAD_RULE, proof->policy->rules[rule]->span,
                    "no request reaches this rule: rules above it take all that it would");
    finding_help(proof->findings, finding, "move it up, or take it out");
    for (size_t i = 0; i < rule && finding; i++)
        if (marked[i])
            finding_relate(proof->findings, finding, proof->policy->rules[i]->span,
                           "this rule takes its requests");
}

/* Is the rule dead, or can it go? If neither, its parts are the next question. */
static void examine_reach(struct proof *proof, size_t rule, diagram_ref own, diagram_ref after)
{
    const struct statement *statement = proof->policy->rules[rule];
    struct finding *finding;
    if (own == DIAGRAM_NONE && proof_is_nothing(proof, proof->built->conditions[rule])) {
        finding = finding_add(proof->findings, FINDING_ALWAYS_FALSE, statement->condition->span,
                              "this condition holds for no request");
        finding_help(proof->findings, finding,
                     "no value can fulfil all its parts: look for a wrong `and` or comparison");
        proof->dead[rule] = true;
    } else if (proof->built->diagram.status) {
        return;
    } else if (own == DIAGRAM_NONE) {
        report_dead(proof, rule);
        proof->dead[rule] = !proof->built->diagram.status;
    } else if (proof_same_action_after(proof, rule, own, after)) {
        finding = proof_finding(proof, FINDING_REMOVABLE_RULE, statement->span, own,
                                "without this rule every request would get the same action");
        finding_help(proof->findings, finding, "take it out");
        proof->removable[rule] = true;
    }
    bool stays = !proof->dead[rule] && !proof->removable[rule];
    if (!proof->built->diagram.status)
        proof->open[rule] = stays ? OPEN_PARTS : OPEN_NOTHING;
}

/* What is open of a rule. By pieces, parts wait until all rules were asked about: they cost most.
 */
static void examine_rule(struct proof *proof, size_t rule, diagram_ref after)
{
    struct policy_diagram *built = proof->built;
    bool parts_only = proof->open[rule] == OPEN_PARTS;
    diagram_ref condition =
        diagram_without(&built->diagram, built->impossible, built->conditions[rule]);
    diagram_ref own = proof_own_requests(proof, rule, condition);
    if (!built->diagram.status && !parts_only)
        examine_reach(proof, rule, own, after);
    if (built->diagram.status || proof->open[rule] != OPEN_PARTS ||
        (proof->by_pieces && !parts_only))
        return;
    lint_parts(proof, rule, own);
    if (!built->diagram.status)
        proof->open[rule] = OPEN_NOTHING;
}

/* Rules first..last - 1, each with the diagram of the rules behind it, by halves. That diagram is
 * cut down to the requests that the half speaks of: else each rule would get a copy of all others.
 */
static void examine_rules(struct proof *proof, size_t first, size_t last, diagram_ref after)
{
    struct diagram *diagram = &proof->built->diagram;
    if (first >= last || diagram->status)
        return;
    if (last - first == 1) {
        examine_rule(proof, first, after);
        return;
    }
    size_t middle = first + (last - first) / 2;
    diagram_ref upper = diagram_of_rules(proof->built, first, middle);
    diagram_ref lower = diagram_of_rules(proof->built, middle, last);
    diagram_ref upper_requests = diagram_guard(diagram, upper, DIAGRAM_TRUE);
    diagram_ref lower_requests = diagram_guard(diagram, lower, DIAGRAM_TRUE);
    diagram_ref behind = diagram_merge(diagram, lower, after);
    examine_rules(proof, first, middle, diagram_guard(diagram, upper_requests, behind));
    examine_rules(proof, middle, last, diagram_guard(diagram, lower_requests, after));
}

/* What is still open, rule by rule. A rule that was begun may be begun again: what was said of it
 * is not said twice, and parts that can go stay left out. */
static void examine_open(struct proof *proof, enum open_question open)
{
    for (size_t i = 0; i < proof->policy->rule_count; i++)
        if (proof->open[i] == open && proof_begin_question(proof))
            examine_rule(proof, i, DIAGRAM_NONE);
}

/* Neighbours with one action are one rule with an `or`; two labels are two names worth keeping. */
static void examine_neighbours(struct proof *proof)
{
    for (size_t i = 0; i + 1 < proof->policy->rule_count; i++) {
        const struct statement *rule = proof->policy->rules[i], *next = proof->policy->rules[i + 1];
        if (proof->actions[i] != proof->actions[i + 1] || proof->open[i] == OPEN_RULE ||
            proof->open[i + 1] == OPEN_RULE || proof->dead[i] || proof->dead[i + 1] ||
            proof->removable[i] || proof->removable[i + 1] || (rule->name && next->name) ||
            rule->span.source != next->span.source)
            continue;
        struct finding *finding = finding_add(proof->findings, FINDING_MERGEABLE, next->span,
                                              "this rule has the same action as the one above it");
        finding_relate(proof->findings, finding, rule->span, "the rule above");
        finding_help(proof->findings, finding, "join their conditions with `or`");
    }
}

/* The requests that no rule takes. */
static diagram_ref left_over(struct proof *proof)
{
    struct policy_diagram *built = proof->built;
    diagram_ref possible = diagram_without(&built->diagram, built->impossible, DIAGRAM_TRUE);
    if (proof->by_pieces)
        return proof_left_by_all(proof, possible);
    diagram_ref taken = diagram_guard(&built->diagram, built->root, DIAGRAM_TRUE);
    return diagram_without(&built->diagram, taken, possible);
}

/* False where it could not be settled. */
static bool examine_otherwise(struct proof *proof)
{
    const struct policy_tree *policy = proof->policy;
    diagram_ref rest = left_over(proof);
    if (proof->built->diagram.status)
        return false;
    if (policy->otherwise && rest == DIAGRAM_NONE)
        finding_help(proof->findings,
                     finding_add(proof->findings, FINDING_DEAD_OTHERWISE, policy->otherwise->span,
                                 "no request is left for `otherwise`"),
                     "take it out");
    if (policy->otherwise || rest == DIAGRAM_NONE || policy->rule_count == 0)
        return true;
    const struct statement *last = policy->rules[policy->rule_count - 1];
    struct finding *finding =
        finding_add(proof->findings, FINDING_NO_OTHERWISE, last->span,
                    "some requests are taken by no rule, and get the implicit default `%.*s`",
                    TEXT_ARGUMENTS(policy->tiers[0]));
    proof_add_witness(proof, finding, rest);
    finding_help(proof->findings, finding, "add `otherwise -> %.*s` to say so",
                 TEXT_ARGUMENTS(policy->tiers[0]));
    return true;
}

/* One finding for all rules with the same open question; the others are related to the first. */
static void report_open(struct proof *proof, enum open_question open, const char *message)
{
    struct finding *finding = NULL;
    for (size_t i = 0; i < proof->policy->rule_count; i++) {
        const struct statement *rule = proof->policy->rules[i];
        if (proof->open[i] != open)
            continue;
        struct span span = open == OPEN_PARTS ? rule->condition->span : rule->span;
        if (finding)
            finding_relate(proof->findings, finding, span, "the same for this one");
        else
            finding = finding_add(proof->findings, FINDING_UNSETTLED, span, "%s", message);
    }
}

static void report_unsettled(struct proof *proof, bool otherwise_settled)
{
    const struct policy_tree *policy = proof->policy;
    report_open(proof, OPEN_RULE,
                "whether some request needs this rule could not be settled: the diagram of what "
                "the rules decide is too large");
    report_open(proof, OPEN_PARTS,
                "needless parts of this condition were not all looked for: the diagram of what "
                "the rules decide is too large");
    if (otherwise_settled || policy->rule_count == 0)
        return;
    struct span last = policy->rules[policy->rule_count - 1]->action->span;
    finding_add(proof->findings, FINDING_UNSETTLED,
                policy->otherwise ? policy->otherwise->span : last,
                "whether the rules leave a request for `otherwise` could not be settled: the "
                "diagram of what they decide is too large");
}

static bool begin_proof(struct proof *proof)
{
    size_t rules = proof->policy->rule_count;
    struct arena *arena = proof->built->arena;
    proof->dead = ARENA_ARRAY(arena, bool, rules + 1);
    proof->removable = ARENA_ARRAY(arena, bool, rules + 1);
    proof->replacing = ARENA_ARRAY(arena, bool, rules + 1);
    proof->open = ARENA_ARRAY(arena, enum open_question, rules + 1);
    for (size_t i = 0; proof->open && i < rules; i++)
        proof->open[i] = OPEN_RULE;
    return proof->dead && proof->removable && proof->replacing && proof->open &&
           number_actions(proof);
}

/* Where the budget runs out on the diagram of all rules, or on a question to it, what is still open
 * is asked by pieces. */
static void ask_everything(struct proof *proof)
{
    struct policy_diagram *built = proof->built;
    bool settled = !built->diagram.status && examine_otherwise(proof);
    if (!built->diagram.status)
        examine_rules(proof, 0, proof->policy->rule_count, DIAGRAM_NONE);
    if (built->diagram.status == TW_LIMIT && built->has_conditions) {
        proof_by_pieces(proof);
        examine_open(proof, OPEN_RULE);
        settled = settled || (proof_begin_question(proof) && examine_otherwise(proof));
    }
    lint_properties(proof);
    if (proof->by_pieces)
        examine_open(proof, OPEN_PARTS);
    examine_neighbours(proof);
    report_unsettled(proof, settled);
}

enum tw_status lint_proofs(struct front *front, size_t edge_limit,
                           const struct model_offers *offers)
{
    struct policy_diagram built;
    struct proof proof = {.policy = &front->policy, .findings = &front->findings, .built = &built};
    enum tw_status status = policy_diagram_build(&built, &front->arena, &front->policy, edge_limit);
    if (status != TW_NO_MEMORY && !begin_proof(&proof))
        status = TW_NO_MEMORY;
    if (status != TW_NO_MEMORY) {
        if (status)
            built.diagram.status = status; /* also where patterns were too many for classes */
        ask_everything(&proof);
        if (offers)
            lint_offers(&proof, offers);
        status = built.diagram.status;
    }
    policy_diagram_free(&built);
    return status == TW_NO_MEMORY ? status : TW_OK;
}
