/* queue/webhook.c: see webhook.h. GLib has the hash and the Base64. */
#include "queue/webhook.h"

#include <string.h>

#include <glib.h>

#define PREFIX "whsec_"

enum { DIGEST = 32, BASE64_OF_DIGEST = 44, LONGEST_LINE = 4 * ((WEBHOOK_KEY_MOST + 2) / 3) };

static bool is_base64(struct text text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t end = text.length;
    while (end > 0 && text.length - end < 2 && text.data[end - 1] == '=')
        end--;
    for (size_t i = 0; i < end; i++)
        if (!memchr(digits, text.data[i], sizeof digits - 1))
            return false;
    return text.length % 4 == 0;
}

static bool read_key(struct text line, struct webhook_key *key)
{
    char decoded[LONGEST_LINE + 1];
    gsize length = 0;
    const size_t prefix = strlen(PREFIX);
    if (line.length < prefix || memcmp(line.data, PREFIX, prefix) != 0)
        return false;
    line = (struct text){line.data + prefix, line.length - prefix};
    if (line.length == 0 || line.length > LONGEST_LINE || !is_base64(line))
        return false;
    memcpy(decoded, line.data, line.length);
    decoded[line.length] = '\0';
    g_base64_decode_inplace(decoded, &length);
    bool fits = length >= WEBHOOK_KEY_LEAST && length <= WEBHOOK_KEY_MOST;
    if (fits) {
        memcpy(key->bytes, decoded, length);
        key->length = length;
    }
    explicit_bzero(decoded, sizeof decoded);
    return fits;
}

enum tw_status webhook_secret_read(struct text text, struct webhook_secret *secret,
                                   struct tw_error *error)
{
    *secret = (struct webhook_secret){.count = 0};
    while (text.length) {
        const char *end = memchr(text.data, '\n', text.length);
        size_t length = end ? (size_t)(end - text.data) : text.length;
        struct text line = text_trim((struct text){text.data, length});
        text =
            (struct text){text.data + length + (end != NULL), text.length - length - (end != NULL)};
        if (line.length == 0)
            continue;
        if (secret->count == WEBHOOK_KEYS)
            return fail(error, TW_LIMIT, "more than %d secrets", WEBHOOK_KEYS);
        if (!read_key(line, &secret->keys[secret->count++]))
            return fail(error, TW_INVALID,
                        "a secret is \"" PREFIX "\" and the Base64 of %d to %d bytes",
                        WEBHOOK_KEY_LEAST, WEBHOOK_KEY_MOST);
    }
    return secret->count ? TW_OK : fail(error, TW_INVALID, "there is no secret");
}

static void add_signature(const struct webhook_key *key, struct text head, struct text body,
                          struct buffer *out)
{
    guchar digest[DIGEST];
    gsize length = sizeof digest;
    char encoded[BASE64_OF_DIGEST + 8];
    gint state = 0, save = 0;
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key->bytes, key->length);
    g_hmac_update(hmac, (const guchar *)head.data, (gssize)head.length);
    g_hmac_update(hmac, (const guchar *)body.data, (gssize)body.length);
    g_hmac_get_digest(hmac, digest, &length);
    g_hmac_unref(hmac);
    gsize written = g_base64_encode_step(digest, length, FALSE, encoded, &state, &save);
    written += g_base64_encode_close(FALSE, encoded + written, &state, &save);
    buffer_string(out, out->length ? " v1," : "v1,");
    buffer_append(out, encoded, written);
}

void webhook_sign(const struct webhook_secret *secret, struct text id, int64_t timestamp,
                  struct text body, struct buffer *out)
{
    struct buffer head;
    buffer_init(&head, 1024);
    buffer_text(&head, id);
    buffer_format(&head, ".%lld.", (long long)timestamp);
    for (size_t i = 0; i < secret->count && head.status == TW_OK; i++)
        add_signature(&secret->keys[i], buffer_view(&head), body, out);
    buffer_free(&head);
}
