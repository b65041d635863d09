/* gateway/stand_in_text.c: how many tokens an answer has, and its words. All of it follows from
 * the seed and the request; nothing can fail but the buffer that is written to. */
#include "gateway/stand_in_internal.h"

enum {
    CHARACTERS_PER_TOKEN = 4,
    TOKENS_LEAST = 16,
    TOKENS_SPREAD = 48,
    CACHED_FROM = 1024, /* OpenAI caches prompts from 1,024 tokens on, in steps of 128 */
    CACHED_STEP = 128,
    REASONING_PART = 4
};

const char *tier_reported(enum stand_in_tier tier)
{
    static const char *const words[] = {
#define STAND_IN_TIER(name, word, latency) word,
#include "gateway/stand_in_tiers.def"
    };
    return words[tier];
}

const char *tier_word_asked(enum tier_word word)
{
    static const char *const words[] = {
#define STAND_IN_WORD(name, word, tier) word,
#include "gateway/stand_in_tiers.def"
    };
    return words[word];
}

bool stand_in_tier_find(struct text word, enum stand_in_tier *tier)
{
    for (int i = 0; i < STAND_IN_TIERS; i++)
        if (text_is(word, tier_reported((enum stand_in_tier)i))) {
            *tier = (enum stand_in_tier)i;
            return true;
        }
    return false;
}

static int64_t completion_wanted(const struct stand_in *stand_in, const struct question *question,
                                 struct text tokens_wanted)
{
    uint64_t wanted;
    if (whole_number_parse(tokens_wanted, TOKENS_MOST, &wanted) && wanted > 0)
        return (int64_t)wanted;
    if (stand_in->options.completion_tokens)
        return stand_in->options.completion_tokens;
    return TOKENS_LEAST +
           (int64_t)(numbers_mix(stand_in->options.seed, question->hash, 't') % TOKENS_SPREAD);
}

struct usage usage_of(const struct stand_in *stand_in, const struct question *question,
                      struct text tokens_wanted)
{
    struct usage usage = {.prompt = (int64_t)(question->characters / CHARACTERS_PER_TOKEN)};
    if (usage.prompt == 0)
        usage.prompt = 1;
    if (usage.prompt >= CACHED_FROM)
        usage.cached = usage.prompt / 2 / CACHED_STEP * CACHED_STEP;
    usage.completion = completion_wanted(stand_in, question, tokens_wanted);
    usage.cut_short = question->token_limit > 0 && usage.completion > question->token_limit;
    if (usage.cut_short)
        usage.completion = question->token_limit;
    if (model_reasons(question->model))
        usage.reasoning = usage.completion / REASONING_PART;
    return usage;
}

int64_t usage_visible(const struct usage *usage)
{
    return usage->completion - usage->reasoning;
}

void piece_print(const struct call *call, struct buffer *out, int64_t index)
{
    static const char *const words[] = {
        "river", "stone",  "light", "paper", "winter", "garden", "window", "copper",
        "quiet", "harbor", "field", "amber", "north",  "signal", "meadow", "cloud",
    };
    uint64_t draw =
        numbers_mix(call->stand_in->options.seed, call->question.hash, (uint64_t)index + 1000);
    if (index > 0)
        buffer_byte(out, ' ');
    buffer_string(out, words[draw % (sizeof words / sizeof words[0])]);
}

void content_print(const struct call *call, struct buffer *out)
{
    int64_t count = usage_visible(&call->usage);
    for (int64_t i = 0; i < count; i++)
        piece_print(call, out, i);
}

int64_t call_created(const struct call *call)
{
    return call->stand_in->options.created + (int64_t)call->number;
}

void complaint_print_inner(struct buffer *out, const struct complaint *complaint)
{
    const struct api_error error = {.type = complaint->type,
                                    .code = complaint->code[0] ? complaint->code : NULL,
                                    .param = complaint->param,
                                    .message = complaint->message};
    api_error_print_inner(out, &error);
}
