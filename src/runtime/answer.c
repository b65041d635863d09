/* runtime/answer.c: see answer.h. Takes bytes from the network, which json_parse checks first; owns
 * the texts that it keeps. */
#include "runtime/answer.h"

#include <string.h>

enum root_member {
#define ROOT(name, member) ROOT_##name,
#include "runtime/answer.def"
    ROOT_COUNT
};

static const struct text root_names[] = {
#define ROOT(name, member) {member, sizeof member - 1},
#include "runtime/answer.def"
};

/* The object that an answer or an event is; what it does not have is JSON_NULL without bytes. */
struct root {
    struct json_value members[ROOT_COUNT];
};

static const struct usage_row {
    size_t offset; /* in struct token_usage */
    struct text name, pointer;
} usage_rows[] = {
#define USAGE(member, name, pointer)                                                               \
    {offsetof(struct token_usage, member), {name, sizeof name - 1}, {pointer, sizeof pointer - 1}},
#include "runtime/answer.def"
};

static const struct tier_row {
    enum root_member root;
    struct text pointer;
} tier_rows[] = {
#define SERVED_TIER(root, pointer) {ROOT_##root, {pointer, sizeof pointer - 1}},
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
    buffer_init(&answer->model, ANSWER_WORD_MAX);
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
    act(&answer->model);
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

/* The members of these names, in one walk; of a name that stands there twice the last one counts.
 */
static void pick(struct json_value object, const struct text *names, size_t count,
                 struct json_value *values)
{
    struct json_member member;
    struct json_iterator iterator = json_members_begin(object);
    for (size_t i = 0; i < count; i++)
        values[i] = (struct json_value){JSON_NULL, {NULL, 0}};
    while (json_next_member(&iterator, &member))
        for (size_t i = 0; i < count; i++)
            if ((member.escaped || member.name.length == names[i].length) &&
                json_key_is(&member, names[i]))
                values[i] = member.value;
}

static void read_root(struct json_value object, struct root *root)
{
    pick(object, root_names, ROOT_COUNT, root->members);
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

static void read_count(struct json_value from, struct text pointer, int64_t *count)
{
    struct json_value value;
    int64_t number;
    if (json_pointer(from, pointer, &value) == TW_OK && json_integer(value, &number) == TW_OK &&
        number >= 0)
        *count = number;
}

static void read_usage(struct answer *answer, struct json_value usage)
{
    struct json_member member;
    struct json_iterator iterator = json_members_begin(usage);
    while (json_next_member(&iterator, &member)) {
        for (size_t i = 0; i < sizeof usage_rows / sizeof usage_rows[0]; i++) {
            char *place = (char *)&answer->usage + usage_rows[i].offset;
            if (json_key_is(&member, usage_rows[i].name))
                read_count(member.value, usage_rows[i].pointer, (int64_t *)(void *)place);
        }
        if (json_key_is(&member, TEXT("total_tokens")))
            read_count(member.value, TEXT(""), &answer->total_tokens);
    }
}

/* Usage, model and tier. Every event of a stream names the same model. */
static void read_figures(struct answer *answer, const struct root *root)
{
    read_usage(answer, root->members[ROOT_USAGE]);
    if (answer->model.length == 0 && is_text(root->members[ROOT_MODEL]))
        keep_word(&answer->model, root->members[ROOT_MODEL]);
    for (size_t i = 0; i < sizeof tier_rows / sizeof tier_rows[0]; i++) {
        struct json_value tier;
        if (json_pointer(root->members[tier_rows[i].root], tier_rows[i].pointer, &tier) != TW_OK ||
            !is_text(tier))
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
    static const struct text names[] = {
        {"delta", 5}, {"message", 7}, {"index", 5}, {"finish_reason", 13}};
    struct json_value choice, found[4];
    struct json_iterator iterator = json_elements_begin(choices);
    for (bool first = true; json_next_element(&iterator, &choice); first = false) {
        pick(choice, names, 4, found);
        struct json_value delta = found[0], index = found[2];
        if (found[3].kind == JSON_STRING)
            answer->begun = answer->complete = true;
        if (delta_begins(delta))
            answer->begun = true;
        if (answer->skip_text || !first || (index.raw.data && !text_is(index.raw, "0")))
            continue;
        add_message(answer, found[1]);
        add_message(answer, delta);
    }
}

static void read_output(struct answer *answer, struct json_value output)
{
    struct json_value item, part;
    struct json_iterator items = json_elements_begin(output);
    while (!answer->skip_text && json_next_element(&items, &item)) {
        struct json_iterator parts = json_elements_begin(member(item, "content"));
        while (json_next_element(&parts, &part)) {
            struct json_value text = member(part, "text");
            add_text(answer, is_text(text) ? text : member(part, "refusal"));
        }
    }
}

static bool is_error(struct json_value error)
{
    return error.kind == JSON_OBJECT || error.kind == JSON_STRING;
}

static enum tw_status text_status(const struct answer *answer)
{
    return answer->content.status;
}

enum tw_status answer_read(struct answer *answer, struct text body)
{
    struct json_value object;
    struct root root;
    enum tw_status status = json_parse(body, &object, NULL);
    if (status != TW_OK)
        return status;
    struct json_iterator elements = json_elements_begin(object);
    if (object.kind == JSON_ARRAY)
        json_next_element(&elements, &object);
    if (object.kind != JSON_OBJECT)
        return TW_INVALID;
    read_root(object, &root);
    struct json_value choices = root.members[ROOT_CHOICES], output = root.members[ROOT_OUTPUT];
    if (is_error(root.members[ROOT_ERROR]))
        read_error(answer, root.members[ROOT_ERROR]);
    read_figures(answer, &root);
    read_choices(answer, choices);
    read_output(answer, output);
    answer->complete = answer->failed || choices.kind == JSON_ARRAY || output.kind == JSON_ARRAY;
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
static void read_typed(struct answer *answer, struct json_value object, const struct root *root,
                       struct answer_event *event)
{
    struct json_value type = root->members[ROOT_TYPE];
    struct root response;
    struct text name = TEXT("");
    json_string_plain(type, &name);
    read_root(root->members[ROOT_RESPONSE], &response);
    if (!is_event(type, early_events))
        answer->begun = true;
    if (is_event(type, text_events))
        add_text(answer, root->members[ROOT_DELTA]);
    if (is_event(type, final_events)) {
        answer->complete = event->last = true;
        read_figures(answer, &response);
    }
    if (is_error(response.members[ROOT_ERROR]))
        read_error(answer, response.members[ROOT_ERROR]);
    else if (text_is(name, "error") && !is_error(root->members[ROOT_ERROR]))
        read_error(answer, object);
    else if (text_is(name, "response.failed"))
        answer->failed = true;
}

/* A chunk of a Chat Completions stream. */
static void read_chunk(struct answer *answer, const struct root *root, struct answer_event *event)
{
    struct json_value choices = root->members[ROOT_CHOICES], choice;
    struct json_iterator iterator = json_elements_begin(choices);
    event->usage_only = choices.kind == JSON_ARRAY && !json_next_element(&iterator, &choice) &&
                        root->members[ROOT_USAGE].kind == JSON_OBJECT;
    read_figures(answer, root);
    read_choices(answer, choices);
}

enum tw_status answer_read_event(struct answer *answer, struct text data,
                                 struct answer_event *event)
{
    struct answer_event unwanted;
    struct json_value object;
    struct root root;
    size_t before = answer->content.length;
    event = event ? event : &unwanted;
    *event = (struct answer_event){.text = TEXT("")};
    if (text_equal(text_trim(data), TEXT("[DONE]"))) {
        answer->complete = event->last = true;
        return TW_OK;
    }
    enum tw_status status = json_parse(data, &object, NULL);
    if (status != TW_OK || object.kind != JSON_OBJECT)
        return status ? status : TW_INVALID;
    read_root(object, &root);
    if (is_error(root.members[ROOT_ERROR]))
        read_error(answer, root.members[ROOT_ERROR]);
    if (is_text(root.members[ROOT_TYPE]))
        read_typed(answer, object, &root, event);
    else
        read_chunk(answer, &root, event);
    struct text all = buffer_view(&answer->content);
    event->text = (struct text){all.data + before, all.length - before};
    return text_status(answer);
}
