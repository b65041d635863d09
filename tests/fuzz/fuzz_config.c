/* Bytes as the gateway's configuration: no crash and no hang; a problem is said exactly where the
 * text is refused; and what is taken, described, reads as the same again. */
#include "gateway/config.h"

#include <stdlib.h>

static bool is_ascii(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] & 0x80)
            return false;
    return true;
}

static enum tw_status read_text(struct config *config, struct text yaml)
{
    struct buffer problems;
    buffer_init(&problems, CONFIG_PROBLEMS_MAX);
    enum tw_status status = config_init(config);
    if (status == TW_OK)
        status = config_read(config, "fuzz", yaml, &problems);
    if (status != TW_NO_MEMORY && (status == TW_INVALID) != (problems.length > 0))
        abort();
    buffer_free(&problems);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text yaml = {(const char *)data, size};
    struct config first, second;
    struct buffer described, again, problems;
    buffer_init(&described, 1 << 22);
    buffer_init(&again, 1 << 22);
    buffer_init(&problems, CONFIG_PROBLEMS_MAX);
    if (read_text(&first, yaml) == TW_OK) {
        config_check(&first, &problems);
        first.caller_count = 0; /* their hashes are not described */
        config_describe(&first, &described);
        if (described.status == TW_OK && is_ascii(buffer_view(&described))) {
            if (read_text(&second, buffer_view(&described)) != TW_OK)
                abort();
            for (size_t i = 0; i < CONFIG_SETTINGS; i++)
                second.origins[i] = first.origins[i];
            config_describe(&second, &again);
            if (!text_equal(buffer_view(&described), buffer_view(&again)))
                abort();
            config_free(&second);
        }
    }
    config_free(&first);
    buffer_free(&described);
    buffer_free(&again);
    buffer_free(&problems);
    return 0;
}
