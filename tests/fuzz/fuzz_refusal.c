/* An attempt's answer to its meaning: nothing is read out of bounds, and where the bytes are cut
 * changes neither the meaning nor how long is to be waited nor what was passed on.
 *
 * The input is a provider, a tier and a status, a byte each; lines "name: value" up to an empty
 * one; then the body. */
#include "runtime/attempt.h"

#include <stdlib.h>
#include <string.h>

enum { FIXED = 4, HEADERS_MAX = 32, PASSED_MAX = 1 << 24 };

static const struct {
    const char *provider, *tier;
} asked[] = {
    {"openai", "flex"},     {"openai", "default"},   {"groq", "flex"},
    {"azure", "flex"},      {"gemini", "flex"},      {"vertex", "priority"},
    {"bedrock", "flex"},    {"anthropic", "auto"},   {"xai", "priority"},
    {"openrouter", "flex"}, {"cerebras", "flex"},    {"fireworks", "priority"},
    {"telnyx", "flex"},     {"mistral", "priority"}, {"", ""},
};
static const int statuses[] = {200, 201, 400, 401, 402, 403, 404, 408, 409,
                               422, 429, 498, 500, 502, 503, 504, 529};
static const enum tw_status exchanges[] = {TW_OK, TW_TIMEOUT, TW_NETWORK};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct input {
    struct text provider, tier, head, body;
    int status;
    enum tw_status exchange;
    size_t cut;
};

static bool log_piece(void *context, const struct piece *piece)
{
    buffer_format(context, "%zu,%zu,%d,", piece->data.length, piece->text.length, piece->last);
    buffer_text(context, piece->data);
    buffer_text(context, piece->text);
    return true;
}

static void give_headers(struct attempt *attempt, const struct input *input)
{
    const char *at = input->head.data, *end = at + input->head.length;
    for (size_t i = 0; i < HEADERS_MAX && at < end; i++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line_end ? line_end : end) - at);
        const char *colon = memchr(at, ':', length);
        size_t name = colon ? (size_t)(colon - at) : length;
        size_t value = colon ? name + 1 : length;
        attempt_header(attempt, input->status, (struct text){at, name},
                       (struct text){at + value, length - value});
        at += length + (line_end != NULL);
    }
}

static enum meaning run(struct attempt *attempt, const struct input *input, size_t cut,
                        struct buffer *passed)
{
    const char *body = input->body.data;
    attempt_begin(attempt, 0, input->cut & 1, log_piece, passed);
    give_headers(attempt, input);
    if (attempt_piece(attempt, (struct text){body, cut}))
        attempt_piece(attempt, (struct text){body + cut, input->body.length - cut});
    return attempt_end(attempt, input->exchange, input->provider, input->tier);
}

static struct input read_input(const uint8_t *data, size_t size)
{
    const char *rest = (const char *)data + FIXED;
    size_t length = size - FIXED;
    const char *empty = memmem(rest, length, "\n\n", 2);
    size_t head = empty ? (size_t)(empty - rest) : 0, body = empty ? head + 2 : 0;
    return (struct input){.provider = text_of(asked[data[0] % COUNT(asked)].provider),
                          .tier = text_of(asked[data[0] % COUNT(asked)].tier),
                          .status = statuses[data[1] % COUNT(statuses)],
                          .exchange = exchanges[data[2] % COUNT(exchanges)],
                          .head = {rest, head},
                          .body = {rest + body, length - body},
                          .cut = data[3]};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < FIXED)
        return 0;
    struct input input = read_input(data, size);
    struct buffer passed[2];
    enum meaning meanings[2];
    int64_t waits[2];
    struct attempt attempt;
    attempt_init(&attempt);
    for (size_t i = 0; i < 2; i++) {
        size_t cut = i && input.body.length ? input.cut % input.body.length : 0;
        buffer_init(&passed[i], PASSED_MAX);
        meanings[i] = run(&attempt, &input, cut, &passed[i]);
        waits[i] = attempt.wait;
        if (meanings[i] == MEANING_SERVED && attempt.answer.failed)
            abort(); /* an error is not an answer */
    }
    if (meanings[0] != meanings[1] || waits[0] != waits[1] ||
        !text_equal(buffer_view(&passed[0]), buffer_view(&passed[1])))
        abort();
    attempt_free(&attempt);
    buffer_free(&passed[0]);
    buffer_free(&passed[1]);
    return 0;
}
