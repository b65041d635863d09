/* queue/job_body.c: see job_body.h. Reads what a store holds, so it believes none of it. */
#include "queue/job_body.h"

#include "base/json.h"
#include "queue/batch_line.h"

enum { WORD_MAX = 64 << 10 };

void job_body_write(struct buffer *out, const struct job_body *job)
{
    buffer_byte(out, '{');
    if (job->custom_id.length) {
        buffer_string(out, "\"custom_id\":");
        json_write_string(out, job->custom_id);
        buffer_byte(out, ',');
    }
    buffer_format(out, "\"url\":\"/v1%s\",\"attributes\":{", job->endpoint);
    for (size_t i = 0; i < job->attribute_count; i++) {
        buffer_string(out, i ? "," : "");
        json_write_string(out, text_of(job->attributes[i].name));
        buffer_byte(out, ':');
        json_write_string(out, text_of(job->attributes[i].value));
    }
    buffer_string(out, "},\"body\":");
    buffer_text(out, job->body);
    buffer_byte(out, '}');
}

/* A copy in the arena that ends in NUL; empty for what is no string. */
static struct text string_of(struct arena *arena, struct json_value value)
{
    struct buffer word;
    buffer_init(&word, WORD_MAX);
    json_string_decode(value, &word);
    struct text copy = arena_text(arena, buffer_view(&word));
    buffer_free(&word);
    return copy;
}

static bool read_attributes(struct json_value object, struct arena *arena, struct job_body *job)
{
    struct json_iterator all = json_members_begin(object);
    struct json_member member;
    size_t count = 0;
    while (json_next_member(&all, &member))
        count++;
    job->attributes = ARENA_ARRAY(arena, struct tw_pair, count + 1);
    all = json_members_begin(object);
    while (job->attributes && json_next_member(&all, &member))
        job->attributes[job->attribute_count++] = (struct tw_pair){
            arena_text(arena, member.name).data, string_of(arena, member.value).data};
    return !arena->failed;
}

enum tw_status job_body_read(struct text stored, struct arena *arena, struct job_body *job,
                             struct tw_error *error)
{
    struct json_value root, url, attributes, body, id;
    struct text word;
    *job = (struct job_body){.endpoint = NULL};
    if (json_parse(stored, &root, error) != TW_OK || json_find(root, TEXT("url"), &url) != TW_OK ||
        json_find(root, TEXT("attributes"), &attributes) != TW_OK ||
        json_find(root, TEXT("body"), &body) != TW_OK || !json_string_plain(url, &word) ||
        body.kind != JSON_OBJECT)
        return fail(error, TW_INVALID, "the stored job is not one of `tierway jobs submit`");
    job->endpoint = batch_endpoint(word);
    job->body = body.raw;
    if (!job->endpoint)
        return fail(error, TW_INVALID, "the stored job has no usable url");
    if (json_find(root, TEXT("custom_id"), &id) == TW_OK)
        job->custom_id = string_of(arena, id);
    return read_attributes(attributes, arena, job) ? TW_OK
                                                   : fail(error, TW_NO_MEMORY, "out of memory");
}
