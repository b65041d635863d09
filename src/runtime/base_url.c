/* runtime/base_url.c: see base_url.h. Allocates nothing but the room in the caller's buffer. */
#include "runtime/base_url.h"

#include <string.h>
#include <strings.h>

static bool begins(struct text text, const char *word)
{
    return text.length >= strlen(word) && strncasecmp(text.data, word, strlen(word)) == 0;
}

/* What stands behind "http://" or "https://", or an empty text. */
static struct text behind_scheme(struct text url)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (begins(url, schemes[i]))
            return (struct text){url.data + strlen(schemes[i]), url.length - strlen(schemes[i])};
    return TEXT("");
}

/* Host and port. */
static struct text authority(struct text url)
{
    struct text rest = behind_scheme(url);
    const char *slash = memchr(rest.data, '/', rest.length);
    return slash ? (struct text){rest.data, (size_t)(slash - rest.data)} : rest;
}

static struct text host_of(struct text url)
{
    struct text host = authority(url);
    const char *bracket = memchr(host.data, ']', host.length);
    const char *colon = bracket ? NULL : memchr(host.data, ':', host.length);
    if (bracket)
        host.length = (size_t)(bracket - host.data) + 1;
    if (colon)
        host.length = (size_t)(colon - host.data);
    return host;
}

static bool port_is_good(struct text port)
{
    unsigned number = 0;
    if (port.length == 0)
        return true;
    if (port.length < 2 || port.length > 6 || port.data[0] != ':')
        return false;
    for (size_t i = 1; i < port.length; i++) {
        if (port.data[i] < '0' || port.data[i] > '9')
            return false;
        number = number * 10 + (unsigned)(port.data[i] - '0');
    }
    return number >= 1 && number <= 65535;
}

enum tw_status base_url_check(struct text url, struct tw_error *error)
{
    static const struct {
        char byte;
        const char *reason;
    } unwanted[] = {{'@', "no user and no password may stand in it"},
                    {'?', "it may have no query"},
                    {'#', "it may have no fragment"},
                    {'\\', "it may have no backslash"}};
    if (url.length > BASE_URL_MAX)
        return fail(error, TW_LIMIT, "the base URL is over %d bytes", BASE_URL_MAX);
    for (size_t i = 0; i < url.length; i++)
        if (url.data[i] <= ' ' || url.data[i] > '~')
            return fail(error, TW_INVALID, "the base URL: only visible ASCII may stand in it");
    for (size_t i = 0; i < sizeof unwanted / sizeof unwanted[0]; i++)
        if (memchr(url.data, unwanted[i].byte, url.length))
            return fail(error, TW_INVALID, "the base URL: %s", unwanted[i].reason);
    struct text whole = authority(url), host = host_of(url);
    struct text port = {whole.data + host.length, whole.length - host.length};
    if (behind_scheme(url).length == 0)
        return fail(error, TW_INVALID, "the base URL must begin with http:// or https://");
    if (host.length == 0 || !port_is_good(port))
        return fail(error, TW_INVALID, "the base URL has no %s that can be read",
                    host.length ? "port" : "host");
    return TW_OK;
}

static bool is_loopback_address(struct text host)
{
    unsigned dots = 0;
    for (size_t i = 0; i < host.length; i++) {
        dots += host.data[i] == '.';
        if (host.data[i] != '.' && (host.data[i] < '0' || host.data[i] > '9'))
            return false;
    }
    return dots == 3 && begins(host, "127.");
}

bool base_url_is_loopback(struct text url)
{
    struct text host = host_of(url);
    return (host.length == strlen("localhost") && begins(host, "localhost")) ||
           text_is(host, "[::1]") || is_loopback_address(host);
}

enum tw_status base_url_join(struct text url, struct text endpoint, struct buffer *out)
{
    while (url.length > 0 && url.data[url.length - 1] == '/')
        url.length--;
    buffer_text(out, url);
    buffer_text(out, endpoint);
    return out->status;
}
