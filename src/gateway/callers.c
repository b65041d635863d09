/* gateway/callers.c: see callers.h. Owns copies of names, hashes and lists; the counts are shared
 * with the lists before and after it, and freed with the last of them.
 *
 * SHA-256 is GLib's. A key is random, so that it needs no salt and no slow hash. GLib ends the
 * process when memory is out; it allocates in key_hasher_new only. */
#include "gateway/callers.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <glib.h>

#define HEADER_PREFIX "x-tierway-"
#define BEARER "Bearer "

/* Requests under way of one name. */
struct load {
    atomic_size_t holders;
    atomic_int_least64_t requests;
};

struct caller {
    const char *name;
    struct config_words attributes;
    int64_t limit; /* of requests under way; 0: none, and they are not counted */
    bool admin;
    struct load *load;
};

struct callers {
    struct arena arena; /* owns all that the others point to */
    struct config_words attributes;
    struct caller *items;
    uint8_t (*hashes)[KEY_HASH_BYTES];
    size_t count;
    bool required; /* a request needs a key */
};

enum { CALLERS_BYTES = 64 << 20 };

static bool copy_words(struct arena *arena, const struct config_words *from,
                       struct config_words *to)
{
    *to = (struct config_words){.given = from->given};
    to->items = ARENA_ARRAY(arena, const char *, from->count);
    for (size_t i = 0; i < from->count && to->items; i++)
        to->items[to->count++] = arena_text(arena, text_of(from->items[i])).data;
    return !arena->failed;
}

static uint8_t digit_value(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static struct load *load_hold(const struct callers *before, const char *name)
{
    for (size_t i = 0; before && i < before->count; i++)
        if (strcmp(before->items[i].name, name) == 0) {
            atomic_fetch_add(&before->items[i].load->holders, 1);
            return before->items[i].load;
        }
    struct load *load = calloc(1, sizeof *load);
    if (load)
        atomic_init(&load->holders, 1);
    return load;
}

static void load_release(struct load *load)
{
    if (atomic_fetch_sub(&load->holders, 1) == 1)
        free(load);
}

static bool add_caller(struct callers *callers, const struct config_caller *from,
                       const struct callers *before)
{
    struct caller *caller = &callers->items[callers->count];
    uint8_t *hash = callers->hashes[callers->count];
    caller->name = arena_text(&callers->arena, text_of(from->name)).data;
    caller->limit = from->requests;
    caller->admin = from->admin;
    copy_words(&callers->arena, &from->attributes, &caller->attributes);
    for (size_t i = 0; i < KEY_HASH_BYTES; i++)
        hash[i] =
            (uint8_t)(digit_value(from->sha256[2 * i]) << 4 | digit_value(from->sha256[2 * i + 1]));
    caller->load = callers->arena.failed ? NULL : load_hold(before, caller->name);
    callers->count += caller->load != NULL;
    return caller->load != NULL;
}

enum tw_status callers_open(const struct config *config, const struct callers *before,
                            struct callers **result)
{
    struct callers *callers = calloc(1, sizeof *callers);
    bool good = true;
    *result = NULL;
    if (!callers)
        return TW_NO_MEMORY;
    arena_init(&callers->arena, CALLERS_BYTES);
    callers->items = ARENA_ARRAY(&callers->arena, struct caller, config->caller_count);
    callers->hashes = arena_alloc(&callers->arena, config->caller_count, KEY_HASH_BYTES);
    copy_words(&callers->arena, &config->attributes, &callers->attributes);
    for (size_t i = 0; i < config->caller_count && good && !callers->arena.failed; i++)
        good = add_caller(callers, &config->callers[i], before);
    callers->required = callers->count > 0 || (before && before->required);
    if (!good || callers->arena.failed) {
        callers_close(callers);
        return TW_NO_MEMORY;
    }
    *result = callers;
    return TW_OK;
}

void callers_close(struct callers *callers)
{
    if (!callers)
        return;
    for (size_t i = 0; i < callers->count; i++)
        load_release(callers->items[i].load);
    arena_free(&callers->arena);
    free(callers);
}

bool callers_required(const struct callers *callers)
{
    return callers && callers->required;
}

static void describe_words(const struct config_words *words, struct buffer *out)
{
    buffer_string(out, words->given ? " attributes" : "");
    for (size_t i = 0; i < words->count; i++)
        buffer_format(out, " %s", words->items[i]);
    buffer_byte(out, '\n');
}

void callers_describe(const struct callers *callers, struct buffer *out)
{
    buffer_string(out, callers->required ? "keys" : "no keys");
    describe_words(&callers->attributes, out);
    for (size_t i = 0; i < callers->count; i++) {
        const struct caller *caller = &callers->items[i];
        buffer_format(out, "%s ", caller->name);
        key_hash_print(callers->hashes[i], out);
        buffer_format(out, " %lld%s", (long long)caller->limit, caller->admin ? " admin" : "");
        describe_words(&caller->attributes, out);
    }
}

/* --- keys --- */

struct key_hasher *key_hasher_new(void)
{
    return (struct key_hasher *)(void *)g_checksum_new(G_CHECKSUM_SHA256);
}

void key_hasher_free(struct key_hasher *hasher)
{
    if (hasher)
        g_checksum_free((GChecksum *)(void *)hasher);
}

void key_hash(struct key_hasher *hasher, struct text key, uint8_t hash[KEY_HASH_BYTES])
{
    GChecksum *checksum = (GChecksum *)(void *)hasher;
    gsize length = KEY_HASH_BYTES;
    g_checksum_reset(checksum);
    g_checksum_update(checksum, (const guchar *)key.data, (gssize)key.length);
    g_checksum_get_digest(checksum, hash, &length);
}

static const char *const key_headers[] = {"authorization", "x-api-key", "api-key"};

bool header_is_key(struct text name)
{
    for (size_t i = 0; i < sizeof key_headers / sizeof key_headers[0]; i++)
        if (http_name_is(name, key_headers[i]))
            return true;
    return false;
}

/* The value of a header that stands there once; empty where it does not. */
static struct text only_value(const struct http_request *request, const char *name)
{
    const struct http_header *found = NULL;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!http_name_is(request->headers[i].name, name))
            continue;
        if (found)
            return TEXT("");
        found = &request->headers[i];
    }
    return found ? found->value : TEXT("");
}

bool request_key(const struct http_request *request, struct text *key)
{
    const size_t scheme = strlen(BEARER);
    *key = TEXT("");
    for (size_t i = 0; i < sizeof key_headers / sizeof key_headers[0]; i++) {
        if (!http_header_find(request, key_headers[i]))
            continue;
        *key = only_value(request, key_headers[i]);
        if (i > 0)
            return key->length > 0;
        if (key->length <= scheme || strncasecmp(key->data, BEARER, scheme) != 0)
            return false;
        *key = text_trim((struct text){key->data + scheme, key->length - scheme});
        return key->length > 0;
    }
    return false;
}

static bool hash_equal(const uint8_t *a, const uint8_t *b)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < KEY_HASH_BYTES; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

struct caller *callers_find(const struct callers *callers, struct key_hasher *hasher,
                            const struct http_request *request)
{
    uint8_t hash[KEY_HASH_BYTES];
    struct text key;
    size_t found = SIZE_MAX;
    if (!request_key(request, &key) || key.length > KEY_BYTES_MAX)
        return NULL;
    key_hash(hasher, key, hash);
    for (size_t i = 0; i < callers->count; i++)
        found = hash_equal(callers->hashes[i], hash) ? i : found;
    return found == SIZE_MAX ? NULL : &callers->items[found];
}

const char *caller_name(const struct caller *caller)
{
    return caller ? caller->name : "";
}

bool caller_is_admin(const struct caller *caller)
{
    return !caller || caller->admin;
}

/* --- what a caller may set --- */

/* "max-tokens" of a header against "max_tokens" of a policy. */
static bool attribute_is(struct text in_header, const char *attribute)
{
    size_t length = strlen(attribute);
    if (in_header.length != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        char byte = in_header.data[i] == '-' ? '_' : in_header.data[i];
        if (g_ascii_tolower(byte) != attribute[i])
            return false;
    }
    return true;
}

bool caller_may_set(const struct callers *callers, const struct caller *caller, struct text header)
{
    const struct config_words *words =
        caller && caller->attributes.given ? &caller->attributes : &callers->attributes;
    const size_t prefix = strlen(HEADER_PREFIX);
    if (!words->given)
        return true;
    if (header.length <= prefix)
        return false;
    struct text name = {header.data + prefix, header.length - prefix};
    for (size_t i = 0; i < words->count; i++)
        if (attribute_is(name, words->items[i]))
            return true;
    return false;
}

bool caller_enter(struct caller *caller)
{
    if (!caller || caller->limit == 0)
        return true;
    if (atomic_fetch_add(&caller->load->requests, 1) < caller->limit)
        return true;
    atomic_fetch_sub(&caller->load->requests, 1);
    return false;
}

void caller_leave(struct caller *caller)
{
    if (caller && caller->limit > 0)
        atomic_fetch_sub(&caller->load->requests, 1);
}

/* --- new keys --- */

/* Base64 for URLs (RFC 4648, 5), without padding. */
void key_print(const uint8_t random[KEY_RANDOM_BYTES], struct buffer *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    buffer_string(out, "tw-");
    uint32_t bits = 0, count = 0;
    for (size_t i = 0; i < KEY_RANDOM_BYTES; i++) {
        bits = bits << 8 | random[i];
        for (count += 8; count >= 6; count -= 6)
            buffer_byte(out, digits[bits >> (count - 6) & 63]);
    }
    if (count)
        buffer_byte(out, digits[bits << (6 - count) & 63]);
}

void key_hash_print(const uint8_t hash[KEY_HASH_BYTES], struct buffer *out)
{
    for (size_t i = 0; i < KEY_HASH_BYTES; i++)
        buffer_format(out, "%02x", hash[i]);
}
