/* queue/callback.c: see callback.h. Takes texts of submitters, and believes none of them. */
#include "queue/callback.h"

#include "base/clock.h"
#include "base/json.h"

#include <string.h>

static bool is_made_of(struct text text, const char *others)
{
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        bool usual = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= '0' && byte <= '9');
        if (!usual && !strchr(others, byte))
            return false;
    }
    return memchr(text.data, '\0', text.length) == NULL;
}

static bool begins(struct text text, struct text with)
{
    return text.length >= with.length && memcmp(text.data, with.data, with.length) == 0;
}

bool callback_is_url(struct text callback)
{
    return begins(callback, TEXT("http://")) || begins(callback, TEXT("https://"));
}

/* No blank, control character, user, fragment, backslash or byte over ASCII. */
static bool is_url(struct text url)
{
    struct text rest = {strstr(url.data, "//") + 2, 0};
    rest.length = url.length - (size_t)(rest.data - url.data);
    return rest.length && rest.data[0] != '/' && is_made_of(rest, "-._~:/?[]!$&'()*+,;=%");
}

enum tw_status callback_check(struct text callback, struct tw_error *error)
{
    if (callback.length > JOB_CALLBACK_MAX)
        return fail(error, TW_LIMIT, "a callback is at most %d bytes", JOB_CALLBACK_MAX);
    if (callback_is_url(callback) ? is_url(callback)
                                  : callback.length && is_made_of(callback, "_-"))
        return TW_OK;
    return fail(error, TW_INVALID,
                "a callback is the name of a command that the worker knows, or a plain http or "
                "https URL");
}

static bool has_parent_part(struct text path)
{
    for (size_t i = 0; i + 1 < path.length; i++)
        if (path.data[i] == '.' && path.data[i + 1] == '.' && (i == 0 || path.data[i - 1] == '/') &&
            (i + 2 == path.length || path.data[i + 2] == '/'))
            return true;
    return false;
}

bool callback_url_allowed(struct text url, struct text allowed)
{
    if (text_equal(url, allowed))
        return true;
    if (allowed.length == 0 || allowed.data[allowed.length - 1] != '/' || !begins(url, allowed))
        return false;
    struct text rest = {url.data + allowed.length, url.length - allowed.length};
    return is_made_of(rest, "-._~/") && !has_parent_part(rest);
}

void callback_write(struct buffer *out, const struct callback_message *message)
{
    const char *state = job_state_name(message->state);
    buffer_format(out, "{\"type\":\"job.%s\",\"timestamp\":\"", state);
    instant_print(out, message->ended);
    buffer_string(out, "\",\"data\":{\"id\":");
    json_write_string(out, message->id);
    if (message->batch.length) {
        buffer_string(out, ",\"batch\":");
        json_write_string(out, message->batch);
    }
    buffer_format(out, ",\"state\":\"%s\",\"result\":", state);
    buffer_text(out, message->result.length ? message->result : TEXT("null"));
    buffer_string(out, "}}");
}
