/* author/simplify.c: rounds of lint, edits and proof; see simplify.h.
 *
 * A round makes the edits for all findings of one step and compares the outcome with the policy as
 * it was given. Findings are proved one by one and may not hold together: where the comparison
 * fails, the first half of them is tried, down to a single one, which then stays for good. So each
 * round takes something out or lets something stay, and the rounds end. */
#include "author/simplify.h"

#include "author/diff.h"
#include "author/draft.h"
#include "author/examples.h"
#include "author/lint.h"
#include "author/simplify_edits.h"
#include "front/format.h"
#include "program/compile.h"

enum { MOST_ROUNDS = 1000 };

struct simplifying {
    struct front *front; /* as it was given */
    const struct file_reader *reader;
    struct simplification *result;
    struct tw_error *error;
    struct draft draft;
    bool *passed; /* of each example of the policy as it was given */
    size_t example_count;
};

/* One round. */
struct round {
    struct simplifying *simplifying;
    struct front front;       /* of the draft, linted */
    struct finding *findings; /* of one step, and nothing keeps them */
    size_t count, capacity;
    enum simplify_step step;
    struct simplify_notes kept;
    struct draft next; /* the draft with the edits made */
    size_t made;       /* findings whose edits are in it */
};

static struct text name_of(const struct simplifying *simplifying)
{
    return simplifying->front->sources.items[0]->name;
}

static enum tw_status read_text(const struct simplifying *simplifying, struct text text,
                                struct front *front)
{
    return front_read(front, name_of(simplifying), text, simplifying->reader);
}

static enum tw_status run_all(struct front *front, struct example_result **results, size_t *count,
                              struct tw_error *error)
{
    tw_policy *policy = NULL;
    enum tw_status status = compile_front(front, &policy, error);
    if (!status)
        status = run_examples(front, policy, results, count, error);
    tw_policy_free(policy);
    return status;
}

/* TW_REFUSED where an example that passed does not pass now. */
static enum tw_status compare_examples(struct simplifying *simplifying, struct front *front)
{
    struct example_result *results;
    size_t count;
    enum tw_status status = run_all(front, &results, &count, simplifying->error);
    for (size_t i = 0; i < simplifying->example_count && !status; i++)
        if (i >= count || (simplifying->passed[i] && !results[i].passed))
            status = TW_REFUSED;
    return status;
}

/* Every request gets the same action, and the examples pass: TW_OK; TW_REFUSED where not. */
static enum tw_status compare_with_given(struct simplifying *simplifying, struct front *old,
                                         struct front *new)
{
    struct comparison_result result;
    if (new->findings.error_count)
        return TW_REFUSED;
    enum tw_status status = compare_examples(simplifying, new);
    if (!status)
        status = diff_policies(old, new, &result, simplifying->error);
    return !status && result.count + result.declaration_count ? TW_REFUSED : status;
}

static enum tw_status prove(struct simplifying *simplifying, struct text text)
{
    struct front old, new;
    struct text given = simplifying->front->sources.items[0]->content;
    enum tw_status status = read_text(simplifying, given, &old);
    enum tw_status read = read_text(simplifying, text, &new);
    status = status ? status : read;
    if (!status)
        status = compare_with_given(simplifying, &old, &new);
    front_free(&new);
    front_free(&old);
    return status;
}

/* Where in the policy as it was given a finding's subject began. */
static uint32_t origin_of(const struct round *round, const struct finding *finding)
{
    return finding->span.source == 0 ? draft_origin(&round->simplifying->draft, finding->span.start)
                                     : 0;
}

/* Notes live with the policy that was given; places are said in its lines. */
static bool add_note(struct round *round, struct simplify_notes *notes,
                     const struct finding *finding, struct text why)
{
    struct simplifying *simplifying = round->simplifying;
    struct arena *arena = &simplifying->front->arena;
    struct simplify_note *items =
        arena_grow(arena, notes->items, notes->count, &notes->capacity, sizeof *items);
    if (!items)
        return false;
    struct text what = span_text(&round->front.sources, finding->span);
    uint32_t offset =
        finding->span.source == 0 ? draft_origin(&simplifying->draft, finding->span.start) : 0;
    notes->items = items;
    items[notes->count++] = (struct simplify_note){
        .name = finding->name,
        .offset = offset,
        .line = source_place(&simplifying->front->sources, 0, offset).line,
        .what = arena_text(arena, what),
        .why = arena_text(arena, why),
    };
    return !arena->failed;
}

/* A `let` counts once something stops using it; what never was used is none of our business. */
static bool is_new_orphan(const struct round *round, const struct finding *finding)
{
    struct text name = span_text(&round->front.sources, finding->span);
    const struct statement *let = map_get(&round->simplifying->front->policy.let_names, name);
    return let && let->used;
}

static bool was_refused(const struct round *round, const struct finding *finding)
{
    const struct simplify_notes *kept = &round->simplifying->result->kept;
    uint32_t offset = origin_of(round, finding);
    for (size_t i = 0; i < kept->count; i++)
        if (kept->items[i].name == finding->name && kept->items[i].offset == offset)
            return true;
    return false;
}

static bool add_candidate(struct round *round, const struct finding *finding)
{
    struct finding *findings = arena_grow(&round->front.arena, round->findings, round->count,
                                          &round->capacity, sizeof *findings);
    if (!findings)
        return false;
    round->findings = findings;
    findings[round->count++] = *finding;
    return true;
}

/* Sorts one finding of lint into what can go in this round and what is kept. Of the candidates
 * only those of the earliest step count. */
static bool sort_finding(struct round *round, const struct finding *finding)
{
    enum simplify_step step = step_of(finding->name);
    round->simplifying->result->unsettled |= finding->name == FINDING_UNSETTLED;
    if (step == STEP_COUNT || was_refused(round, finding) ||
        (finding->name == FINDING_UNUSED_LET && !is_new_orphan(round, finding)))
        return true;
    struct text why = kept_because(&round->front, finding);
    if (why.length)
        return add_note(round, &round->kept, finding, why);
    if (step > round->step)
        return true;
    if (step < round->step)
        round->count = 0;
    round->step = step;
    return add_candidate(round, finding);
}

static enum tw_status find_candidates(struct round *round)
{
    const struct findings *findings = &round->front.findings;
    if (findings->error_count) {
        for (size_t i = 0; i < findings->count; i++)
            if (findings->items[i].severity == TW_ERROR)
                return fail(round->simplifying->error, TW_REFUSED, "%.*s: mend that first",
                            TEXT_ARGUMENTS(findings->items[i].message));
    }
    for (size_t i = 0; i < findings->count; i++)
        if (!sort_finding(round, &findings->items[i]))
            return TW_NO_MEMORY;
    return TW_OK;
}

/* Makes the edits for the first `count` candidates and proves the outcome. */
static enum tw_status try_first(struct round *round, size_t count)
{
    struct edits edits;
    round->made = count;
    if (!edits_make(&round->front, round->findings, count, &edits))
        return TW_NO_MEMORY;
    draft_edit(&round->simplifying->draft, edits.items, edits.count, &round->next);
    enum tw_status status = round->next.text.status;
    if (!status)
        status = prove(round->simplifying, buffer_view(&round->next.text));
    if (status)
        draft_free(&round->next);
    return status;
}

static bool note_removed(struct round *round)
{
    struct simplify_notes *removed = &round->simplifying->result->removed;
    for (size_t i = 0; i < round->made; i++)
        if (!add_note(round, removed, &round->findings[i], round->findings[i].message))
            return false;
    return true;
}

static enum tw_status take_out(struct round *round)
{
    struct simplifying *simplifying = round->simplifying;
    size_t count = round->count;
    enum tw_status status = try_first(round, count);
    while (status == TW_REFUSED && count > 1) {
        count /= 2;
        status = try_first(round, count);
    }
    if (status == TW_REFUSED)
        return add_note(round, &simplifying->result->kept, &round->findings[0],
                        TEXT("the policies would differ, or an example fail"))
                   ? TW_OK
                   : TW_NO_MEMORY;
    if (status)
        return status;
    bool noted = note_removed(round);
    draft_free(&simplifying->draft);
    simplifying->draft = round->next;
    return noted ? TW_OK : TW_NO_MEMORY;
}

/* What keeps something is known for good only once nothing is left to take out. */
static bool keep_notes(struct round *round)
{
    struct simplify_notes *kept = &round->simplifying->result->kept;
    struct arena *arena = &round->simplifying->front->arena;
    for (size_t i = 0; i < round->kept.count; i++) {
        struct simplify_note *items =
            arena_grow(arena, kept->items, kept->count, &kept->capacity, sizeof *items);
        if (!items)
            return false;
        kept->items = items;
        items[kept->count++] = round->kept.items[i];
    }
    return true;
}

static enum tw_status run_round(struct simplifying *simplifying, bool *done)
{
    struct round round = {.simplifying = simplifying, .step = STEP_COUNT};
    simplifying->result->unsettled = false;
    enum tw_status status =
        read_text(simplifying, buffer_view(&simplifying->draft.text), &round.front);
    if (!status)
        status = lint_policy(&round.front, 0, NULL);
    if (!status)
        status = find_candidates(&round);
    *done = round.count == 0;
    if (!status && *done)
        status = keep_notes(&round) ? TW_OK : TW_NO_MEMORY;
    else if (!status)
        status = take_out(&round);
    front_free(&round.front);
    return status;
}

static enum tw_status run_given_examples(struct simplifying *simplifying)
{
    struct example_result *results;
    enum tw_status status =
        run_all(simplifying->front, &results, &simplifying->example_count, simplifying->error);
    if (status)
        return status;
    simplifying->passed =
        ARENA_ARRAY(&simplifying->front->arena, bool, simplifying->example_count + 1);
    if (!simplifying->passed)
        return TW_NO_MEMORY;
    for (size_t i = 0; i < simplifying->example_count; i++)
        simplifying->passed[i] = results[i].passed;
    return TW_OK;
}

static bool lay_out(const struct simplifying *simplifying, struct text text, struct buffer *out)
{
    struct arena arena;
    arena_init(&arena, FRONT_MEMORY_LIMIT);
    struct sources sources = {.arena = &arena};
    struct findings findings = {.sources = &sources, .arena = &arena};
    buffer_init(out, 4 * (size_t)TW_MAX_SOURCE);
    bool good = format_policy(name_of(simplifying), text, &findings, out, NULL) == TW_OK;
    arena_free(&arena);
    return good;
}

/* The text as it is to be shown; in the canonical layout where the policy was in it. */
static void lay_out_like_given(struct simplifying *simplifying)
{
    struct text given = simplifying->front->sources.items[0]->content;
    struct buffer before, after;
    bool canonical =
        lay_out(simplifying, given, &before) && text_equal(buffer_view(&before), given);
    bool good = lay_out(simplifying, buffer_view(&simplifying->draft.text), &after);
    simplifying->result->text =
        arena_text(&simplifying->front->arena,
                   buffer_view(canonical && good ? &after : &simplifying->draft.text));
    buffer_free(&before);
    buffer_free(&after);
}

static enum tw_status finish_proof(struct simplifying *simplifying)
{
    lay_out_like_given(simplifying);
    if (simplifying->front->arena.failed)
        return TW_NO_MEMORY;
    enum tw_status status = prove(simplifying, simplifying->result->text);
    if (status == TW_REFUSED)
        return fail(simplifying->error, TW_UNKNOWN, "the outcome is not equal to the policy");
    return status;
}

/* What a comparison said is told from what the author can mend. */
static enum tw_status say_why(struct tw_error *error, enum tw_status status)
{
    const struct tw_error said = *error;
    if (said.message[0] && (status == TW_LIMIT || status == TW_UNKNOWN))
        return fail(error, status, "not proved: %s", said.message);
    return said.message[0] ? status : fail(error, status, "%s", tw_status_text(status));
}

enum tw_status simplify_policy(struct front *front, const struct file_reader *reader,
                               struct simplification *result, struct tw_error *error)
{
    struct simplifying simplifying = {
        .front = front, .reader = reader, .result = result, .error = error};
    bool done = false;
    *result = (struct simplification){0};
    *error = (struct tw_error){0};
    draft_begin(&simplifying.draft, front->sources.items[0]->content);
    enum tw_status status = simplifying.draft.text.status;
    if (!status)
        status = run_given_examples(&simplifying);
    for (size_t round = 0; round < MOST_ROUNDS && !done && !status; round++)
        status = run_round(&simplifying, &done);
    if (!status)
        status = finish_proof(&simplifying);
    draft_free(&simplifying.draft);
    return status ? say_why(error, status) : TW_OK;
}
