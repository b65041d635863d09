/* runtime/answer.c: see answer.h. Takes bytes from the network, which json_parse checks first; owns
 * the texts that it keeps. */
#include "runtime/answer.h"

#include <string.h>

static const struct usage_row {
    size_t offset; /* in struct token_usage */
    struct text pointer;
} usage_rows[] = {
#define USAGE(member, pointer)                                                                     \
    {offsetof(struct token_usage, member), {pointer, sizeof pointer - 1}},
#include "runtime/answer.def"
};

static const struct text tier_pointers[] = {
#define SERVED_TIER(pointer) {pointer, sizeof pointer - 1},
#include "runtime/answer.def"
};

static const char *const text_events[] = {
#define TEXT_EVENT(type) type,
#include "runtime/answer.def"
    NULL};

static const char *const early_events[] = {
#define EARLY_EVENT(type) type,
#include "runtime/answer.def"
    NULL};

static const char *const final_events[] = {
#define FINAL_EVENT(type) type,
#include "runtime/answer.def"
    NULL};

void answer_init(struct answer *answer)
{
    *answer = (struct answer){.failed = false};
    buffer_init(&answer->content, ANSWER_CONTENT_MAX);
    buffer_init(&answer->served_tier, ANSWER_WORD_MAX);
    buffer_init(&answer->error_type, ANSWER_WORD_MAX);
    buffer_init(&answer->error_code, ANSWER_WORD_MAX);
    buffer_init(&answer->error_param, ANSWER_WORD_MAX);
    buffer_init(&answer->error_message, ANSWER_MESSAGE_MAX);
    answer_clear(answer);
}

static void each_buffer(struct answer *answer, void (*act)(struct buffer *buffer))
{
    act(&answer->content);
    act(&answer->served_tier);
    act(&answer->error_type);
    act(&answer->error_code);
    act(&answer->error_param);
    act(&answer->error_message);
}

void answer_free(struct answer *answer)
{
    each_buffer(answer, buffer_free);
}

void answer_clear(struct answer *answer)
{
    each_buffer(answer, buffer_clear);
    answer->usage = (struct token_usage){-1, -1, -1, -1, -1};
    answer->total_tokens = -1;
    answer->failed = answer->begun = answer->complete = false;
}

/* The last member of this name counts; JSON null is no value. */
static struct json_value member(struct json_value object, const char *name)
{
    struct json_value value = {JSON_NULL, {NULL, 0}};
    json_find(object, text_of(name), &value);
    return value;
}

static bool is_text(struct json_value value)
{
    return value.kind == JSON_STRING && value.raw.length > 2;
}

/* A string, or a number as it stands there; anything else leaves the buffer empty. What is over the
 * buffer's limit is cut. */
static void keep_word(struct buffer *buffer, struct json_value value)
{
    struct buffer whole;
    buffer_init(&whole, ANSWER_CONTENT_MAX);
    if (value.kind == JSON_NUMBER)
        buffer_text(&whole, value.raw);
    else
        json_string_decode(value, &whole);
    struct text text = buffer_view(&whole);
    if (text.length > buffer->limit)
        text.length = buffer->limit;
    text.length = utf8_valid_prefix(text);
    buffer_clear(buffer);
    buffer_text(buffer, text);
    buffer_free(&whole);
}

static void read_count(struct json_value root, struct text pointer, int64_t *count)
{
    struct json_value value;
    int64_t number;
    if (json_pointer(root, pointer, &value) == TW_OK && json_integer(value, &number) == TW_OK &&
        number >= 0)
        *count = number;
}

/* Usage and tier, from the object that has them among its members. */
static void read_figures(struct answer *answer, struct json_value root)
{
    for (size_t i = 0; i < sizeof usage_rows / sizeof usage_rows[0]; i++) {
        char *place = (char *)&answer->usage + usage_rows[i].offset;
        read_count(root, usage_rows[i].pointer, (int64_t *)(void *)place);
    }
    read_count(root, TEXT("/usage/total_tokens"), &answer->total_tokens);
    for (size_t i = 0; i < sizeof tier_pointers / sizeof tier_pointers[0]; i++) {
        struct json_value tier;
        if (json_pointer(root, tier_pointers[i], &tier) != TW_OK || !is_text(tier))
            continue;
        keep_word(&answer->served_tier, tier);
        break;
    }
}

/* OpenAI's error object, or Gemini's, which has `status` for the type. */
static void read_error(struct answer *answer, struct json_value error)
{
    struct json_value type = member(error, "type");
    answer->failed = true;
    keep_word(&answer->error_type, is_text(type) ? type : member(error, "status"));
    keep_word(&answer->error_code, member(error, "code"));
    keep_word(&answer->error_param, member(error, "param"));
    keep_word(&answer->error_message, error.kind == JSON_STRING ? error : member(error, "message"));
}

static void add_text(struct answer *answer, struct json_value value)
{
    if (is_text(value) && !answer->skip_text)
        json_string_decode(value, &answer->content);
}

/* A message or a delta: the text, or what the model says in refusing. */
static void add_message(struct answer *answer, struct json_value message)
{
    struct json_value content = member(message, "content");
    add_text(answer, is_text(content) ? content : member(message, "refusal"));
}

/* Whether a delta has more than its role and empty members. */
static bool delta_begins(struct json_value delta)
{
    struct json_member part;
    struct json_iterator parts = json_members_begin(delta);
    while (json_next_member(&parts, &part)) {
        bool empty = part.value.kind == JSON_NULL || part.value.raw.length <= 2;
        if (!empty && !json_key_is(&part, TEXT("role")))
            return true;
    }
    return false;
}

static void read_choices(struct answer *answer, struct json_value choices)
{
    struct json_value choice;
    struct json_iterator iterator = json_elements_begin(choices);
    for (bool first = true; json_next_element(&iterator, &choice); first = false) {
        struct json_value delta = member(choice, "delta");
        struct json_value index = member(choice, "index");
        if (member(choice, "finish_reason").kind == JSON_STRING)
            answer->begun = answer->complete = true;
        if (delta_begins(delta))
            answer->begun = true;
        if (!first || (index.raw.data && !text_is(index.raw, "0")))
            continue;
        add_message(answer, member(choice, "message"));
        add_message(answer, delta);
    }
}

static void read_output(struct answer *answer, struct json_value output)
{
    struct json_value item, part;
    struct json_iterator items = json_elements_begin(output);
    while (json_next_element(&items, &item)) {
        struct json_iterator parts = json_elements_begin(member(item, "content"));
        while (json_next_element(&parts, &part)) {
            struct json_value text = member(part, "text");
            add_text(answer, is_text(text) ? text : member(part, "refusal"));
        }
    }
}

static bool has_error(struct json_value object)
{
    enum json_kind kind = member(object, "error").kind;
    return kind == JSON_OBJECT || kind == JSON_STRING;
}

static enum tw_status text_status(const struct answer *answer)
{
    return answer->content.status;
}

enum tw_status answer_read(struct answer *answer, struct text body)
{
    struct json_value root;
    enum tw_status status = json_parse(body, &root, NULL);
    if (status != TW_OK)
        return status;
    struct json_iterator elements = json_elements_begin(root);
    if (root.kind == JSON_ARRAY)
        json_next_element(&elements, &root);
    if (root.kind != JSON_OBJECT)
        return TW_INVALID;
    if (has_error(root))
        read_error(answer, member(root, "error"));
    read_figures(answer, root);
    read_choices(answer, member(root, "choices"));
    read_output(answer, member(root, "output"));
    answer->complete = answer->failed || member(root, "choices").kind == JSON_ARRAY ||
                       member(root, "output").kind == JSON_ARRAY;
    answer->begun = answer->complete && !answer->failed;
    return text_status(answer);
}

static bool is_event(struct json_value type, const char *const *list)
{
    struct text name;
    if (!json_string_plain(type, &name))
        return false;
    for (; *list; list++)
        if (text_is(name, *list))
            return true;
    return false;
}

/* An event of a Responses stream. */
static void read_typed(struct answer *answer, struct json_value root, struct json_value type,
                       struct answer_event *event)
{
    struct json_value response = member(root, "response");
    struct text name = TEXT("");
    json_string_plain(type, &name);
    if (!is_event(type, early_events))
        answer->begun = true;
    if (is_event(type, text_events))
        add_text(answer, member(root, "delta"));
    if (is_event(type, final_events)) {
        answer->complete = event->last = true;
        read_figures(answer, response);
    }
    if (has_error(response))
        read_error(answer, member(response, "error"));
    else if (text_is(name, "error") && !has_error(root))
        read_error(answer, root);
    else if (text_is(name, "response.failed"))
        answer->failed = true;
}

/* A chunk of a Chat Completions stream. */
static void read_chunk(struct answer *answer, struct json_value root, struct answer_event *event)
{
    struct json_value choices = member(root, "choices"), choice;
    struct json_iterator iterator = json_elements_begin(choices);
    event->usage_only = choices.kind == JSON_ARRAY && !json_next_element(&iterator, &choice) &&
                        member(root, "usage").kind == JSON_OBJECT;
    read_figures(answer, root);
    read_choices(answer, choices);
}

enum tw_status answer_read_event(struct answer *answer, struct text data,
                                 struct answer_event *event)
{
    struct answer_event unwanted;
    struct json_value root;
    size_t before = answer->content.length;
    event = event ? event : &unwanted;
    *event = (struct answer_event){.text = TEXT("")};
    if (text_equal(text_trim(data), TEXT("[DONE]"))) {
        answer->complete = event->last = true;
        return TW_OK;
    }
    enum tw_status status = json_parse(data, &root, NULL);
    if (status != TW_OK || root.kind != JSON_OBJECT)
        return status ? status : TW_INVALID;
    struct json_value type = member(root, "type");
    if (has_error(root))
        read_error(answer, member(root, "error"));
    if (is_text(type))
        read_typed(answer, root, type, event);
    else
        read_chunk(answer, root, event);
    struct text all = buffer_view(&answer->content);
    event->text = (struct text){all.data + before, all.length - before};
    return text_status(answer);
}
