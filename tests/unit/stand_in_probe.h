/* tests/unit/stand_in_probe.h: one request to the stand-in provider, and its answer taken apart. */
#ifndef TIERWAY_TESTS_STAND_IN_PROBE_H
#define TIERWAY_TESTS_STAND_IN_PROBE_H

#include "socket_probe.h"
#include "stand_in_thread.h"
#include "unit.h"

#include <json.h>

/* One answer, taken apart. */
struct answer {
    struct buffer bytes;
    int status;
    const char *body; /* inside bytes; as sent, chunk sizes included */
    enum probe_result end;
};

static inline struct stand_in_options quick(void)
{
    struct stand_in_options options = stand_in_options_default();
    memset(options.latency_ms, 0, sizeof options.latency_ms);
    return options;
}

static inline void ask(const char *address, const char *method, const char *path,
                       const char *headers, const char *body, struct answer *answer)
{
    struct buffer request;
    buffer_init(&request, 1 << 20);
    buffer_format(
        &request,
        "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n%s", method,
        path, strlen(body), headers, body);
    int probe = probe_connect(address);
    buffer_clear(&answer->bytes);
    probe_send(probe, request.data, request.length);
    answer->end = probe_read_all(probe, &answer->bytes);
    close(probe);
    buffer_free(&request);
    const char *start = answer->bytes.length ? answer->bytes.data : "";
    const char *blank = strstr(start, "\r\n\r\n");
    answer->status = strncmp(start, "HTTP/1.1 ", 9) == 0 ? atoi(start + 9) : 0;
    answer->body = blank ? blank + 4 : "";
}

static inline void answer_init(struct answer *answer)
{
    memset(answer, 0, sizeof *answer);
    buffer_init(&answer->bytes, PROBE_BYTES);
    answer->body = "";
}

#define CHAT "/v1/chat/completions"
#define RESPONSES "/v1/responses"
#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"Hello, world\"}]"

/* A chat request with further members, each ending in a comma. */
static inline void chat_with(struct stand_in_thread *stand_in, const char *headers,
                             const char *members, struct answer *answer)
{
    char body[1024];
    snprintf(body, sizeof body, "{\"model\":\"gpt-4.1\",%s" MESSAGES "}", members);
    ask(stand_in->address, "POST", CHAT, headers, body, answer);
}

static inline void responses_with(struct stand_in_thread *stand_in, const char *headers,
                                  const char *members, struct answer *answer)
{
    char body[1024];
    snprintf(body, sizeof body, "{\"model\":\"gpt-5\",%s\"input\":\"Hello, world\"}", members);
    ask(stand_in->address, "POST", RESPONSES, headers, body, answer);
}

/* The value at a path of members and indices ("choices/0/finish_reason") as text; the caller reads
 * it before the next call. */
static inline bool at_path(const char *document, const char *path, char *value, size_t room)
{
    struct json_object *root = json_tokener_parse(document);
    struct json_object *found = NULL;
    char pointer[128];
    snprintf(pointer, sizeof pointer, "/%s", path);
    bool there = json_pointer_get(root, pointer, &found) == 0;
    snprintf(value, room, "%s", found ? json_object_get_string(found) : "(none)");
    json_object_put(root);
    return there;
}

#define CHECK_PATH(document, path, expected)                                                       \
    do {                                                                                           \
        char value_[256];                                                                          \
        at_path(document, path, value_, sizeof value_);                                            \
        CU_ASSERT_STRING_EQUAL(value_, expected);                                                  \
        if (strcmp(value_, expected) != 0)                                                         \
            printf("\n  %s: '%s', not '%s'\n", path, value_, expected);                            \
    } while (0)

static inline size_t count_in(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

static inline int number_at(struct stand_in_thread *stand_in, const char *path)
{
    struct answer answer;
    char value[64];
    answer_init(&answer);
    ask(stand_in->address, "GET", "/fake/stats", "", "", &answer);
    bool there = at_path(answer.body, path, value, sizeof value);
    buffer_free(&answer.bytes);
    return there ? atoi(value) : -1;
}

static inline int set(struct stand_in_thread *stand_in, const char *path, const char *text)
{
    struct answer answer;
    answer_init(&answer);
    ask(stand_in->address, "POST", path, "", text, &answer);
    buffer_free(&answer.bytes);
    return answer.status;
}

#endif
