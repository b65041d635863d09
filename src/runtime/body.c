/* runtime/body.c: reads request bodies by spans, and splices what has to change.
 *
 * Takes bytes from callers that are not trusted; json_parse checks them once, before anything else
 * looks. Allocates nothing but the room in the caller's buffer. */
#include "runtime/body.h"

#include <string.h>

static const struct text known_members[] = {
#define BODY_MEMBER(name, text) {text, sizeof text - 1},
#include "runtime/body.def"
#undef BODY_MEMBER
};

static enum tw_status twice(struct tw_error *error, const char *name)
{
    return fail(error, TW_INVALID, "%s stands there more than once", name);
}

static struct json_value value_of(const struct body *body, enum body_member member)
{
    return body->members[member].value;
}

/* Text content, joined by one space. */
struct tally {
    int64_t messages;
    int64_t pieces;
    int64_t characters; /* without the spaces */
    const char *twice;  /* a member that stands twice in one object; NULL: none */
};

static void add_text(struct tally *tally, struct json_value string)
{
    tally->pieces++;
    tally->characters += (int64_t)json_string_characters(string);
}

static void add_content(struct tally *tally, struct json_value content)
{
    int64_t before = tally->pieces;
    struct json_value part;
    struct json_iterator parts = json_elements_begin(content);
    while (json_next_element(&parts, &part)) {
        struct json_value text = {0};
        if (json_find(part, TEXT("text"), &text) == TW_INVALID)
            tally->twice = "text of a part of content";
        if (text.kind == JSON_STRING)
            add_text(tally, text);
    }
    if (tally->pieces == before)
        add_text(tally, content);
}

/* An object: only its content is looked at. */
static void read_message(struct json_iterator *messages, struct tally *tally)
{
    struct json_iterator members = json_enter(messages);
    struct json_member member;
    struct json_value content = {0};
    while (json_next_member(&members, &member))
        if (json_key_is(&member, TEXT("content"))) {
            if (content.raw.data)
                tally->twice = "content of a message";
            content = member.value;
        }
    json_leave(messages, &members);
    add_content(tally, content);
}

/* The value of messages or input, which comes next. */
static struct json_value read_messages(struct json_iterator *iterator, struct tally *tally)
{
    struct json_value value;
    if (json_next_is(iterator, JSON_ARRAY)) {
        struct json_iterator messages = json_enter(iterator);
        for (bool more = true; more; tally->messages += more) {
            if (json_next_is(&messages, JSON_OBJECT))
                read_message(&messages, tally);
            else if ((more = json_next_element(&messages, &value)))
                tally->pieces++;
        }
        return json_leave(iterator, &messages);
    }
    json_next_element(iterator, &value);
    if (value.kind == JSON_STRING) {
        tally->messages++;
        add_text(tally, value);
    }
    return value;
}

static struct json_value read_instructions(struct json_iterator *iterator, struct tally *tally)
{
    struct json_value value;
    json_next_element(iterator, &value);
    if (value.kind == JSON_STRING)
        add_text(tally, value);
    return value;
}

static enum body_member known_member(const struct json_member *member)
{
    size_t i = 0;
    for (; i < BODY_MEMBER_COUNT; i++) {
        struct text name = known_members[i];
        if ((member->escaped || member->name.length == name.length) && json_key_is(member, name))
            break;
    }
    return (enum body_member)i;
}

/* Reads the value of the member whose name was read. */
static void read_value(struct json_iterator *iterator, enum body_member known, struct tally *tally,
                       struct json_value *value)
{
    *tally = (struct tally){0};
    if (known == BODY_MESSAGES || known == BODY_INPUT)
        *value = read_messages(iterator, tally);
    else if (known == BODY_INSTRUCTIONS)
        *value = read_instructions(iterator, tally);
    else
        json_next_element(iterator, value);
}

static enum tw_status read_members(struct body *body, struct tally *tallies, struct tw_error *error)
{
    struct json_member member;
    struct json_iterator iterator = json_members_begin(body->root);
    while (json_next_name(&iterator, &member)) {
        enum body_member known = known_member(&member);
        read_value(&iterator, known, &tallies[known], &member.value);
        body->member_count++;
        if (tallies[known].twice)
            return twice(error, tallies[known].twice);
        if (known == BODY_MEMBER_COUNT)
            continue;
        if (body_has(body, known))
            return twice(error, known_members[known].data);
        body->members[known] = member;
    }
    return TW_OK;
}

/* tallies: one a member. */
static void count_text(struct body *body, const struct tally *tallies)
{
    struct tally all = {0};
    for (size_t i = 0; i < BODY_MEMBER_COUNT; i++) {
        all.messages += tallies[i].messages;
        all.pieces += tallies[i].pieces;
        all.characters += tallies[i].characters;
    }
    body->messages = all.messages;
    body->characters = all.characters + (all.pieces > 1 ? all.pieces - 1 : 0);
    body->tokens = body->characters / 4;
}

static int64_t max_output_tokens(const struct body *body)
{
    static const enum body_member limits[] = {BODY_MAX_OUTPUT_TOKENS, BODY_MAX_COMPLETION_TOKENS,
                                              BODY_MAX_TOKENS};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        int64_t limit;
        if (json_integer(value_of(body, limits[i]), &limit) == TW_OK && limit >= 0)
            return limit;
    }
    return -1;
}

static enum tw_status read_stream_options(struct body *body, struct tw_error *error)
{
    enum tw_status status =
        json_find(value_of(body, BODY_STREAM_OPTIONS), TEXT("include_usage"), &body->include_usage);
    if (status == TW_INVALID)
        return twice(error, "stream_options.include_usage");
    body->usage_wanted = body->include_usage.kind == JSON_TRUE;
    return TW_OK;
}

enum tw_status body_scan(struct text document, struct body *body, struct tw_error *error)
{
    *body = (struct body){.document = document};
    enum tw_status status = json_parse(document, &body->root, error);
    if (status != TW_OK)
        return status;
    if (body->root.kind != JSON_OBJECT)
        return fail(error, TW_INVALID, "the body must be a JSON object");
    struct tally tallies[BODY_MEMBER_COUNT + 1] = {0}; /* the last one: of unknown members */
    status = read_members(body, tallies, error);
    if (status == TW_OK)
        status = read_stream_options(body, error);
    if (status != TW_OK)
        return status;
    struct json_value tool;
    struct json_iterator tools = json_elements_begin(value_of(body, BODY_TOOLS));
    body->tools = json_next_element(&tools, &tool);
    body->stream = value_of(body, BODY_STREAM).kind == JSON_TRUE;
    body->max_output_tokens = max_output_tokens(body);
    count_text(body, tallies);
    return TW_OK;
}

/* A span of the document and what stands there instead. Where nothing changes, both are empty. */
struct edit {
    struct text old;
    struct text prefix;
    const struct text *tier; /* written as a JSON string behind the prefix; NULL for none */
};

/* A member with the comma that goes with it. The body is checked: blanks end at a bracket, a comma
 * or a name on either side. */
static struct text member_span(const struct json_member *member)
{
    const char *first = member->name.data - 1;
    const char *last = member->value.raw.data + member->value.raw.length;
    const char *after = last;
    while (json_is_space(*after))
        after++;
    if (*after == ',') {
        do
            after++;
        while (json_is_space(*after));
        return (struct text){first, (size_t)(after - first)};
    }
    const char *before = first - 1;
    while (json_is_space(*before))
        before--;
    if (*before == ',')
        first = before;
    return (struct text){first, (size_t)(last - first)};
}

static struct edit tier_edit(const struct body *body, const struct text *tier)
{
    if (!body_has(body, BODY_SERVICE_TIER))
        return (struct edit){0};
    if (tier)
        return (struct edit){.old = value_of(body, BODY_SERVICE_TIER).raw, .tier = tier};
    return (struct edit){.old = member_span(&body->members[BODY_SERVICE_TIER])};
}

static struct edit usage_edit(const struct body *body)
{
    struct json_value options = value_of(body, BODY_STREAM_OPTIONS);
    struct json_value usage = body->include_usage;
    struct json_member member;
    if (usage.raw.data)
        return usage.kind == JSON_FALSE || usage.kind == JSON_NULL
                   ? (struct edit){.old = usage.raw, .prefix = TEXT("true")}
                   : (struct edit){0};
    if (options.raw.data && options.kind == JSON_NULL)
        return (struct edit){.old = options.raw, .prefix = TEXT("{\"include_usage\":true}")};
    if (options.kind != JSON_OBJECT)
        return (struct edit){0};
    struct json_iterator members = json_members_begin(options);
    bool empty = !json_next_member(&members, &member);
    return (struct edit){.old = {options.raw.data + 1, 0},
                         .prefix = empty ? TEXT("\"include_usage\":true")
                                         : TEXT("\"include_usage\":true,")};
}

/* Copies the document from *at up to the edit, and writes what the edit says. */
static void apply(const struct edit *edit, const char **at, struct buffer *out)
{
    if (!edit->old.data)
        return;
    buffer_append(out, *at, (size_t)(edit->old.data - *at));
    buffer_text(out, edit->prefix);
    if (edit->tier)
        json_write_string(out, *edit->tier);
    *at = edit->old.data + edit->old.length;
}

/* Members that the body does not have become its first ones. */
static void insert_members(const struct body *body, const struct text *tier, bool include_usage,
                           struct buffer *out)
{
    bool has_tier = body_has(body, BODY_SERVICE_TIER);
    bool insert_tier = tier && !has_tier;
    bool insert_usage = include_usage && !body_has(body, BODY_STREAM_OPTIONS);
    bool more = body->member_count > (has_tier && !tier);
    if (insert_tier) {
        buffer_string(out, "\"service_tier\":");
        json_write_string(out, *tier);
        buffer_string(out, insert_usage || more ? "," : "");
    }
    if (insert_usage) {
        buffer_string(out, "\"stream_options\":{\"include_usage\":true}");
        buffer_string(out, more ? "," : "");
    }
}

/* Makes room in one step. The exact length is not known yet: asking for more than the buffer's
 * limit would mark it as failed, so ask for less then. */
static void reserve(struct buffer *out, size_t document)
{
    enum { INSERTED = 80 }; /* both members, without the tier's name */
    size_t room = out->limit - out->length;
    buffer_reserve(out, document + INSERTED < room ? document + INSERTED : room);
}

enum tw_status body_splice(const struct body *body, const struct text *tier, bool include_usage,
                           struct buffer *out)
{
    reserve(out, body->document.length + (tier ? tier->length : 0));
    const char *at = body->document.data, *inside = body->root.raw.data + 1;
    buffer_append(out, at, (size_t)(inside - at));
    insert_members(body, tier, include_usage, out);
    at = inside;
    struct edit edits[2] = {tier_edit(body, tier), {{0}, {0}, NULL}};
    if (include_usage)
        edits[1] = usage_edit(body);
    size_t first = edits[0].old.data > edits[1].old.data;
    apply(&edits[first], &at, out);
    apply(&edits[!first], &at, out);
    buffer_append(out, at, (size_t)(body->document.data + body->document.length - at));
    return out->status;
}
