/* queue/verdict.c: see verdict.h. A function of what it is given, but for the random wait. */
#include "queue/verdict.h"

#include "queue/batch_line.h"

#define WAIT_BASE INT64_C(500) /* milliseconds */
#define WAIT_CAP INT64_C(60000)
#define WAIT_LEAST INT64_C(100)

/* Full jitter: from 0 to the base doubled with each earlier time, but no more than half of the time
 * that is left for another attempt, so that there are always some. */
static int64_t random_wait(const struct verdict_facts *facts)
{
    int64_t times = facts->refusals < facts->claim ? facts->claim - 1 : facts->refusals;
    int64_t most = times < 7 ? WAIT_BASE << (times > 0 ? times : 0) : WAIT_CAP;
    most = facts->slack / 2 < most ? facts->slack / 2 : most;
    most = most > WAIT_LEAST ? most : WAIT_LEAST;
    return (int64_t)(random_next(facts->random) % (uint64_t)(most + 1));
}

/* Nothing was sent where the policy rejects at once: trying again would only ask it again. */
static bool may_try_again(const struct result *result)
{
    const struct steps *steps = &result->dispatch.steps;
    enum tw_outcome outcome = result->result.outcome;
    return outcome != TW_ANSWERED && steps->rows[0].attempted_tier.length > 0 &&
           (outcome == TW_STOPPED || meaning_row(result->dispatch.meaning)->retry);
}

static void put_back(const struct verdict_facts *facts, const struct result *result,
                     struct job_ending *ending)
{
    enum meaning meaning = result->dispatch.meaning;
    int64_t wait = random_wait(facts), asked = result->dispatch.attempt.wait;
    if (meaning_row(meaning)->wait && asked > wait)
        wait = asked;
    ending->state = JOB_QUEUED;
    ending->refused = meaning == MEANING_REFUSED || meaning == MEANING_RATE_LIMITED;
    ending->due = facts->now + wait < facts->deadline ? facts->now + wait : facts->deadline;
}

static struct text code_of(const struct tw_result *result)
{
    switch (result->outcome) {
    case TW_ANSWERED:
    case TW_PROVIDER_ERROR: /* the response says it in the provider's words */
        return TEXT("");
    case TW_REJECTED:
        return TEXT("rejected_by_policy");
    case TW_NO_ANSWER:
    case TW_STOPPED:
        return TEXT("no_answer");
    }
    return TEXT("no_answer");
}

static void end_with(const struct verdict_facts *facts, struct batch_answer *answer,
                     struct buffer *line, struct job_ending *ending)
{
    ending->ended = facts->now;
    answer->number = facts->number;
    answer->custom_id = facts->custom_id.length ? facts->custom_id : facts->id;
    buffer_clear(line);
    batch_line_write(line, answer);
    if (line->status == TW_LIMIT) {
        /* The words of the error are far shorter than any limit. */
        struct batch_answer shorter = {.number = facts->number,
                                       .custom_id = answer->custom_id,
                                       .code = TEXT("answer_too_long"),
                                       .message = TEXT("the answer is too long to be stored")};
        buffer_clear(line);
        batch_line_write(line, &shorter);
        ending->state = JOB_FAILED;
    }
    ending->result = buffer_view(line);
}

/* Another attempt might have done better, but there is no time for it. */
static void expire(const struct verdict_facts *facts, const struct tw_result *seen,
                   struct buffer *line, struct job_ending *ending)
{
    struct tw_error words;
    fail(&words, TW_TIMEOUT, "the deadline came before an answer; of the last attempt: %s",
         seen->message ? seen->message : "nothing is known");
    verdict_of_failure(facts, TEXT("batch_expired"), text_of(words.message), line, ending);
}

void verdict_of_result(const struct verdict_facts *facts, const struct result *result,
                       struct buffer *line, struct job_ending *ending)
{
    const struct tw_result *seen = &result->result;
    *ending = (struct job_ending){.number = facts->number, .claim = facts->claim};
    if (may_try_again(result)) {
        if (facts->now < facts->deadline)
            put_back(facts, result, ending);
        else
            expire(facts, seen, line, ending);
        return;
    }
    struct batch_answer answer = {.request_id = text_of(seen->request_id),
                                  .code = code_of(seen),
                                  .message = text_of(seen->message)};
    if (seen->outcome == TW_ANSWERED || seen->outcome == TW_PROVIDER_ERROR) {
        answer.status = seen->http_status;
        answer.body = (struct text){seen->body, seen->body_length};
    }
    ending->state = seen->outcome == TW_ANSWERED ? JOB_DONE : JOB_FAILED;
    end_with(facts, &answer, line, ending);
}

void verdict_of_failure(const struct verdict_facts *facts, struct text code, struct text message,
                        struct buffer *line, struct job_ending *ending)
{
    struct batch_answer answer = {.code = code, .message = message};
    *ending =
        (struct job_ending){.number = facts->number, .claim = facts->claim, .state = JOB_FAILED};
    end_with(facts, &answer, line, ending);
}
