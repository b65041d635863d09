/* gateway/stand_in_question.c: the body of an API request to what the stand-in needs of it.
 *
 * Read with json-c on purpose, not with the project's own scanner: where the two disagree about a
 * body, a test that compares the two sides shows it. Takes the body, gives a struct question or a
 * complaint; owns nothing afterwards. */
#include "gateway/stand_in_internal.h"

#include <stdio.h>
#include <string.h>

#include <json.h>

enum { NESTING_MOST = 64 };

static const struct complaint not_json = {
    400,
    0,
    "invalid_request_error",
    "",
    NULL,
    "We could not parse the JSON body of your request. The OpenAI API expects a JSON payload."};
static const struct complaint no_model = {400, 0,    "invalid_request_error",
                                          "",  NULL, "you must provide a model parameter"};
static const struct complaint no_messages = {400,
                                             0,
                                             "invalid_request_error",
                                             "missing_required_parameter",
                                             "messages",
                                             "Missing required parameter: 'messages'."};
static const struct complaint no_input = {400,
                                          0,
                                          "invalid_request_error",
                                          "missing_required_parameter",
                                          "input",
                                          "Missing required parameter: 'input'."};
static const struct complaint bad_tier = {400,
                                          0,
                                          "invalid_request_error",
                                          "invalid_value",
                                          "service_tier",
                                          "Invalid service_tier argument"};

static struct json_object *parse_strictly(struct text body)
{
    struct json_tokener *tokener = json_tokener_new_ex(NESTING_MOST);
    if (!tokener)
        return NULL;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *root = json_tokener_parse_ex(tokener, body.data, (int)body.length);
    if (json_tokener_get_error(tokener) != json_tokener_success) {
        json_object_put(root);
        root = NULL;
    }
    json_tokener_free(tokener);
    return root;
}

static struct json_object *member(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;
    if (json_object_is_type(object, json_type_object))
        json_object_object_get_ex(object, name, &value);
    return value;
}

static struct text string_of(struct json_object *value)
{
    if (!json_object_is_type(value, json_type_string))
        return (struct text){"", 0};
    return (struct text){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
}

/* A string, or the strings inside arrays and inside the members "content" and "text". */
static void take_text(struct question *question, struct json_object *value)
{
    if (json_object_is_type(value, json_type_string)) {
        question->characters += utf8_count(string_of(value));
        question->hash = text_hash(string_of(value), question->hash);
    } else if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            take_text(question, json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        take_text(question, member(value, "content"));
        take_text(question, member(value, "text"));
    }
}

static void take_limit(struct question *question, struct json_object *root)
{
    static const char *const names[] = {"max_tokens", "max_completion_tokens", "max_output_tokens"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct json_object *value = member(root, names[i]);
        int64_t limit = json_object_get_int64(value);
        if (json_object_is_type(value, json_type_int) && limit > 0)
            question->token_limit = limit;
    }
}

static bool take_tier(struct question *question, struct json_object *root)
{
    static const struct {
        const char *word;
        enum stand_in_tier tier;
    } rows[] = {
#define STAND_IN_WORD(name, word, tier) {word, STAND_IN_##tier},
#include "gateway/stand_in_tiers.def"
    };
    struct json_object *value = member(root, "service_tier");
    struct text asked = string_of(value);
    if (value && asked.length == 0)
        return false; /* json null reads as no value at all */
    for (size_t i = 0; i < TIER_WORDS; i++)
        if (text_is(asked, rows[i].word)) {
            question->asked = (enum tier_word)i;
            question->tier = rows[i].tier;
            return question->tier != STAND_IN_ULTRAFAST || question->api == API_RESPONSES;
        }
    return false;
}

static const struct complaint *take_members(struct question *question, struct json_object *root)
{
    const char *text_name = question->api == API_CHAT ? "messages" : "input";
    struct text model = string_of(member(root, "model"));
    if (model.length == 0 || model.length >= sizeof question->model)
        return &no_model;
    if (!member(root, text_name))
        return question->api == API_CHAT ? &no_messages : &no_input;
    memcpy(question->model, model.data, model.length);
    question->hash = text_hash(model, 0);
    take_text(question, member(root, "instructions"));
    take_text(question, member(root, text_name));
    take_limit(question, root);
    question->stream = json_object_get_boolean(member(root, "stream"));
    struct json_object *stream_options = member(root, "stream_options");
    question->include_usage = json_object_get_boolean(member(stream_options, "include_usage"));
    return take_tier(question, root) ? NULL : &bad_tier;
}

const struct complaint *question_read(struct text body, enum api api, struct question *question)
{
    *question = (struct question){.api = api};
    struct json_object *root = parse_strictly(body);
    const struct complaint *complaint = &not_json;
    if (json_object_is_type(root, json_type_object))
        complaint = take_members(question, root);
    json_object_put(root);
    return complaint;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* OpenAI's table of flex models and a list probed on 2026-08-17: the first row that fits. */
bool model_offers_flex(const char *model)
{
    static const struct {
        const char *prefix;
        bool offered;
    } rows[] = {{"o3-mini", false},   {"o3", true},    {"o4-mini", true},
                {"gpt-5-pro", false}, {"gpt-5", true}, {"gpt-6", true}};
    if (strstr(model, "-chat-latest") || strstr(model, "-codex"))
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (starts_with(model, rows[i].prefix))
            return rows[i].offered;
    return false;
}

bool model_reasons(const char *model)
{
    static const char *const prefixes[] = {"o1", "o3", "o4", "gpt-5", "gpt-6"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (starts_with(model, prefixes[i]))
            return true;
    return false;
}
