/* gateway/forward.c: see forward.h. Copies no texts; its one failure is memory for the list. */
#include "gateway/forward.h"

#include "gateway/callers.h"
#include "gateway/request_path.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OWN_PREFIX "x-tierway-"

static const struct text connection_headers[] = {
#define CONNECTION_HEADER(name)                                                                    \
    {                                                                                              \
        name, sizeof name - 1                                                                      \
    }
    CONNECTION_HEADER("connection"),
    CONNECTION_HEADER("keep-alive"),
    CONNECTION_HEADER("proxy-connection"),
    CONNECTION_HEADER("proxy-authenticate"),
    CONNECTION_HEADER("te"),
    CONNECTION_HEADER("proxy-authorization"),
    CONNECTION_HEADER("trailer"),
    CONNECTION_HEADER("transfer-encoding"),
    CONNECTION_HEADER("upgrade"),
    CONNECTION_HEADER("content-length"),
    CONNECTION_HEADER("host"),
    CONNECTION_HEADER("expect"),
#undef CONNECTION_HEADER
};

static struct text path_of(struct text url)
{
    const char *scheme = memmem(url.data, url.length, "://", 3);
    const char *start = scheme ? scheme + 3 : url.data;
    size_t left = url.length - (size_t)(start - url.data);
    const char *slash = memchr(start, '/', left);
    return slash ? (struct text){slash, left - (size_t)(slash - start)} : TEXT("");
}

struct forward forward_of(struct text base_url)
{
    struct text path = path_of(base_url);
    while (path.length > 0 && path.data[path.length - 1] == '/')
        path.length--;
    bool versioned = path.length >= 3 && memcmp(path.data + path.length - 3, "/v1", 3) == 0;
    if (versioned)
        path.length -= 3;
    return (struct forward){.base = path, .strip_v1 = !versioned};
}

static bool is_under_v1(struct text target)
{
    return target.length >= 3 && memcmp(target.data, "/v1", 3) == 0 &&
           (target.length == 3 || target.data[3] == '/' || target.data[3] == '?');
}

static struct text without_v1(const struct forward *forward, struct text target)
{
    size_t stripped = forward->strip_v1 && is_under_v1(target) ? 3 : 0;
    return (struct text){target.data + stripped, target.length - stripped};
}

bool forward_leaves(const struct forward *forward, struct text path)
{
    return path_climbs(without_v1(forward, path));
}

void forward_target(const struct forward *forward, struct text target, struct buffer *out)
{
    buffer_text(out, forward->base);
    target = without_v1(forward, target);
    if (target.length == 0 || target.data[0] != '/')
        buffer_byte(out, '/');
    buffer_text(out, target);
}

void header_list_free(struct header_list *list)
{
    free(list->items);
    *list = (struct header_list){.failed = false};
}

void header_list_add(struct header_list *list, struct text name, struct text value)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16;
        struct http_header *items = realloc(list->items, capacity * sizeof *items);
        if (!items) {
            list->failed = true;
            return;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct http_header){name, value};
}

static bool is_own(struct text name)
{
    size_t prefix = sizeof OWN_PREFIX - 1;
    return name.length >= prefix && strncasecmp(name.data, OWN_PREFIX, prefix) == 0;
}

static bool is_for_connection(struct text name)
{
    for (size_t i = 0; i < sizeof connection_headers / sizeof connection_headers[0]; i++)
        if (http_name_equal(name, connection_headers[i]))
            return true;
    return name.length == 0 || is_own(name);
}

/* Whether a Connection header names this one: a list of names, separated by commas. */
static bool names(struct text list, struct text name)
{
    while (list.length > 0) {
        const char *comma = memchr(list.data, ',', list.length);
        size_t length = comma ? (size_t)(comma - list.data) : list.length;
        struct text item = text_trim((struct text){list.data, length});
        if (http_name_equal(item, name))
            return true;
        size_t used = comma ? length + 1 : length;
        list = (struct text){list.data + used, list.length - used};
    }
    return false;
}

static bool named_by_connection(const struct http_header *headers, size_t count, struct text name)
{
    for (size_t i = 0; i < count; i++)
        if (http_name_is(headers[i].name, "connection") && names(headers[i].value, name))
            return true;
    return false;
}

static bool has_connection(const struct http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (http_name_is(headers[i].name, "connection"))
            return true;
    return false;
}

/* left_out: a name, or empty. */
static void add_passed(const struct http_header *headers, size_t count, struct text left_out,
                       struct header_list *list)
{
    bool listed = has_connection(headers, count);
    for (size_t i = 0; i < count; i++) {
        struct text name = headers[i].name;
        if (is_for_connection(name) || http_name_equal(name, left_out) ||
            (listed && named_by_connection(headers, count, name)))
            continue;
        header_list_add(list, name, headers[i].value);
    }
}

static void drop_keys(struct header_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!header_is_key(list->items[i].name))
            list->items[kept++] = list->items[i];
    list->count = kept;
}

void forward_request(const struct forward *forward, const struct http_request *request,
                     bool identity, bool own_key, struct header_list *list)
{
    add_passed(request->headers, request->header_count,
               identity ? TEXT("accept-encoding") : TEXT(""), list);
    if (own_key || forward->drop_keys)
        drop_keys(list);
    if (forward->key.length)
        header_list_add(list, forward->key_header, forward->key);
}

void forward_answer(const struct http_header *headers, size_t count, bool decoded,
                    struct header_list *list)
{
    add_passed(headers, count, decoded ? TEXT("content-encoding") : TEXT(""), list);
}
