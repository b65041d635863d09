/* gateway/config_check.c: what is wrong with a configuration as a whole.
 *
 * Takes a complete config, appends a line for each problem, changes nothing. */
#include "gateway/config.h"

#include "base/quotation.h"
#include "runtime/base_url.h"

#include <string.h>
#include <strings.h>

struct checking {
    const struct config *config;
    struct buffer *problems;
    bool bad;
};

static void complain(struct checking *checking, const char *message)
{
    const char *file = checking->config->file;
    checking->bad = true;
    buffer_format(checking->problems, "%s%s%s\n", file ? file : "", file ? ": " : "", message);
}

static void complain_of_caller(struct checking *checking, const struct config_caller *caller,
                               const char *message)
{
    checking->bad = true;
    buffer_format(checking->problems, "%s:%u:%u: %s\n", checking->config->file, caller->line,
                  caller->column, message);
}

static void check_required(struct checking *checking)
{
    if (!checking->config->policy)
        complain(checking, "`policy` is missing: the policy that decides");
    if (!checking->config->upstream_url)
        complain(checking, "`upstream.url` is missing: the provider's base URL, with its /v1");
}

static void check_attributes(struct checking *checking, const struct config_words *words)
{
    struct tw_error error;
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];
        if (word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0')
            continue;
        fail(&error, TW_INVALID, "`attributes`: %s is no attribute's name",
             quote(text_of(word)).text);
        complain(checking, error.message);
    }
}

static void check_words(struct checking *checking)
{
    const char *sync = checking->config->ledger_sync;
    const char *header = checking->config->upstream_key_header;
    const char *serve = checking->config->jobs_serve;
    if (strcmp(sync, "before") != 0 && strcmp(sync, "after") != 0)
        complain(checking, "`ledger_sync` is before or after");
    if (strcmp(serve, "on") != 0 && strcmp(serve, "off") != 0 && strcmp(serve, "auto") != 0)
        complain(checking, "`jobs.serve` is on, off or auto");
    if (strcmp(header, "authorization") != 0 && strcmp(header, "api-key") != 0)
        complain(checking, "`upstream.key_header` is authorization or api-key");
}

static void check_tls(struct checking *checking)
{
    const struct config *config = checking->config;
    if (!config->tls_certificate != !config->tls_key)
        complain(checking,
                 "`tls.certificate` and `tls.key` belong together: one of them is missing");
}

static void check_upstream(struct checking *checking)
{
    const struct config *config = checking->config;
    struct tw_error error, shown;
    if (config->upstream_url && base_url_check(text_of(config->upstream_url), &error) != TW_OK) {
        fail(&shown, TW_INVALID, "`upstream.url`: %s", error.message);
        complain(checking, shown.message);
    }
    if (config->upstream_http2 && config->upstream_url &&
        strncasecmp(config->upstream_url, "https:", 6) != 0)
        complain(checking, "`upstream.http2` needs an https URL: it is agreed on by TLS");
    if (config->upstream_key_file && config->upstream_key_env)
        complain(checking, "the provider's key comes from `upstream.key_file` or from "
                           "`upstream.key_env`, not from both");
}

static bool is_letter_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

/* Nothing that YAML, a log or a shell would read as something else. */
bool caller_name_valid(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++)
        if (!is_letter_or_digit(name[i]) && (i == 0 || !strchr("._-@", name[i])))
            return false;
    return length >= 1 && length <= 64;
}

static bool is_hash(const char *sha256)
{
    return strlen(sha256) == 64 && strspn(sha256, "0123456789abcdef") == 64;
}

/* Which earlier caller has the same name or the same key. */
static void check_repeated(struct checking *checking, size_t index)
{
    const struct config_caller *callers = checking->config->callers, *caller = &callers[index];
    for (size_t i = 0; i < index; i++) {
        if (callers[i].name && strcmp(callers[i].name, caller->name) == 0) {
            complain_of_caller(checking, caller, "another caller has this name");
            return;
        }
        if (callers[i].sha256 && strcmp(callers[i].sha256, caller->sha256) == 0) {
            complain_of_caller(checking, caller, "another caller has this key");
            return;
        }
    }
}

static void check_caller(struct checking *checking, size_t index)
{
    const struct config_caller *caller = &checking->config->callers[index];
    if (!caller->name)
        complain_of_caller(checking, caller, "this caller has no `name`");
    else if (!caller_name_valid(caller->name))
        complain_of_caller(checking, caller, "a caller's name is " CALLER_NAME_RULE);
    if (!caller->sha256)
        complain_of_caller(checking, caller,
                           "this caller has no `sha256`; `tierway keys new NAME` makes a key");
    else if (!is_hash(caller->sha256))
        complain_of_caller(checking, caller,
                           "`sha256` is the hash of a key: 64 digits, 0 to 9 and a to f");
    if (caller->name && caller->sha256)
        check_repeated(checking, index);
}

bool config_is_local(const struct config *config)
{
    struct text host = text_of(config->listen);
    const char *colon = memrchr(host.data, ':', host.length);
    host.length = colon ? (size_t)(colon - host.data) : host.length;
    return text_is(host, "localhost") || text_is(host, "[::1]") ||
           (host.length > 4 && memcmp(host.data, "127.", 4) == 0);
}

/* One switch: with callers every path needs a key, without them nobody but this machine gets in. */
static void check_open(struct checking *checking)
{
    const struct config *config = checking->config;
    struct tw_error error;
    if (config->caller_count || config->allow_anyone || config_is_local(config))
        return;
    fail(&error, TW_INVALID,
         "other machines can reach %s, and no caller needs a key: name `callers`, listen on "
         "127.0.0.1, or say `allow_anyone: true`",
         config->listen);
    complain(checking, error.message);
}

/* A provider elsewhere wants a key, and where none is configured each caller brings its own. */
static bool has_upstream_key(const struct config *config)
{
    return config->upstream_key_file || config->upstream_key_env || !config->upstream_url ||
           base_url_is_loopback(text_of(config->upstream_url));
}

/* A caller's key must not be sent on, so that the provider's has to come from here. */
static void check_upstream_key(struct checking *checking)
{
    const struct config *config = checking->config;
    if (config->caller_count && !has_upstream_key(config))
        complain(checking, "with `callers`, the provider's key has to come from "
                           "`upstream.key_file` or `upstream.key_env`");
}

static bool outlives_the_process(const char *store)
{
    return strcmp(store, "off") != 0 && strncmp(store, "memory:", 7) != 0;
}

bool config_serves_jobs(const struct config *config)
{
    if (strcmp(config->jobs_serve, "auto") != 0)
        return strcmp(config->jobs_serve, "on") == 0;
    return outlives_the_process(config->store) && has_upstream_key(config) &&
           strcmp(config->upstream_key_header, "authorization") == 0;
}

/* Jobs have to be kept where others find them, and are sent with no caller's key. */
static void check_jobs(struct checking *checking)
{
    const struct config *config = checking->config;
    if (!config_serves_jobs(config))
        return;
    if (!outlives_the_process(config->store))
        complain(checking, "with `jobs.serve: on`, `store` has to be a database that outlives the "
                           "process");
    if (config->jobs_concurrency && strcmp(config->upstream_key_header, "authorization") != 0)
        complain(checking, "with `jobs.serve: on`, `upstream.key_header` has to be authorization: "
                           "that is how jobs are sent");
    if (config->jobs_concurrency && !has_upstream_key(config))
        complain(checking, "with `jobs.serve: on`, the provider's key has to come from "
                           "`upstream.key_file` or `upstream.key_env`: no caller is there to give "
                           "one");
}

enum tw_status config_check(const struct config *config, struct buffer *problems)
{
    struct checking checking = {.config = config, .problems = problems};
    check_required(&checking);
    check_words(&checking);
    check_tls(&checking);
    check_upstream(&checking);
    check_attributes(&checking, &config->attributes);
    for (size_t i = 0; i < config->caller_count; i++) {
        check_caller(&checking, i);
        check_attributes(&checking, &config->callers[i].attributes);
    }
    check_open(&checking);
    check_upstream_key(&checking);
    check_jobs(&checking);
    return checking.bad ? TW_INVALID : TW_OK;
}
