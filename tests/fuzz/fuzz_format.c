/* tests/fuzz/fuzz_format.c: a text that is laid out means the same (format_policy checks that), and
 * laid out again it does not change. */
#include "front/format.h"

#include <stdlib.h>

static enum tw_status format(struct text text, struct buffer *out)
{
    struct arena arena;
    struct sources sources = {.arena = &arena};
    struct findings findings = {.sources = &sources, .arena = &arena};
    arena_init(&arena, 64 << 20);
    enum tw_status status = format_policy(TEXT("fuzz.tier"), text, &findings, out, NULL);
    arena_free(&arena);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer once, twice;
    buffer_init(&once, 4 * size + 1000);
    buffer_init(&twice, 4 * size + 1000);
    enum tw_status status = format((struct text){(const char *)data, size}, &once);
    if (status == TW_UNKNOWN)
        abort();
    if (status == TW_OK && (format(buffer_view(&once), &twice) != TW_OK ||
                            !text_equal(buffer_view(&once), buffer_view(&twice))))
        abort();
    buffer_free(&once);
    buffer_free(&twice);
    return 0;
}
