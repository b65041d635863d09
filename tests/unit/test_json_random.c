/* tests/unit/test_json_random.c: the JSON scanner against json-c on generated documents, and its
 * searches against their scalar twins. The same documents on every run. */
#include "unit.h"

#include "base/json.h"
#include "base/json_bytes.h"

#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

/* xorshift64 */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static size_t random_under(uint64_t *state, size_t limit)
{
    return (size_t)(random_next(state) >> 11) % limit;
}

static void test_searches_agree_with_their_twins(void)
{
    static const char alphabet[] = "aaaaaaaaaaaaaaaaaaaaaa\"\\[]{}\x1F\x20\x7F\x80\xBF\xC0\xFF;|Z";
    uint64_t state = 88172645463325252u;
    char bytes[80];
    for (int round = 0; round < 20000; round++) {
        size_t start = random_under(&state, 40), length = random_under(&state, 41);
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = alphabet[random_under(&state, sizeof alphabet - 1)];
        const char *at = bytes + start, *end = at + length;
        CU_ASSERT_PTR_EQUAL(json_next_special(at, end),
                            json_search_scalar(at, end, json_is_special));
        CU_ASSERT_PTR_EQUAL(json_next_quote(at, end), json_search_scalar(at, end, json_is_quote));
        CU_ASSERT_PTR_EQUAL(json_next_bracket(at, end),
                            json_search_scalar(at, end, json_is_bracket));
        CU_ASSERT_EQUAL(json_count(at, end), json_count_scalar(at, end));
    }
    /* Every byte value at every place of a block. */
    for (int byte = 0; byte < 256; byte++)
        for (size_t place = 0; place < 33; place++) {
            memset(bytes, 'a', 33);
            bytes[place] = (char)byte;
            CU_ASSERT_EQUAL(json_next_special(bytes, bytes + 33) - bytes,
                            json_is_special((unsigned char)byte) ? (long)place : 33);
            CU_ASSERT_EQUAL(json_next_bracket(bytes, bytes + 33) - bytes,
                            json_is_bracket((unsigned char)byte) ? (long)place : 33);
        }
}

static void random_string(struct buffer *out, uint64_t *state)
{
    static const char *const pieces[] = {
        "a",    "key", "\\n",          "\\\"",     "\\\\",
        "]",    "}",   "\\u0041",      "\xC3\xA9", "\\ud83d\\ude00",
        "text", ",",   "\xE2\x82\xAC", ":",        "0123456789abcdef"};
    buffer_byte(out, '"');
    for (size_t i = random_under(state, 6); i > 0; i--)
        buffer_string(out, pieces[random_under(state, sizeof pieces / sizeof pieces[0])]);
    buffer_byte(out, '"');
}

static void random_space(struct buffer *out, uint64_t *state)
{
    static const char *const spaces[] = {"", "", "", " ", "\n", "\t", "  ", "\r\n"};
    buffer_string(out, spaces[random_under(state, 8)]);
}

static void random_value(struct buffer *out, uint64_t *state, int depth)
{
    static const char *const scalars[] = {"null", "true", "false", "0",      "-0",
                                          "17",   "-1.5", "2e3",   "1.25E-2"};
    size_t choice = random_under(state, depth > 0 ? 6 : 4);
    random_space(out, state);
    if (choice < 2)
        buffer_string(out, scalars[random_under(state, 9)]);
    else if (choice < 4)
        random_string(out, state);
    else {
        buffer_byte(out, choice == 4 ? '[' : '{');
        random_space(out, state);
        for (size_t count = random_under(state, 4), i = 0; i < count; i++) {
            buffer_string(out, i ? "," : "");
            if (choice == 5) {
                random_space(out, state);
                random_string(out, state);
                random_space(out, state);
                buffer_byte(out, ':');
            }
            random_value(out, state, depth - 1);
        }
        buffer_byte(out, choice == 4 ? ']' : '}');
    }
    random_space(out, state);
}

/* json-c in strict mode, and with the end of the text made part of the document. */
static struct json_object *oracle_parse(struct text document, bool *accepted)
{
    struct json_tokener *tokener = json_tokener_new_ex(200);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokener);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *object =
        json_tokener_parse_ex(tokener, document.data, (int)document.length + 1);
    *accepted = json_tokener_get_error(tokener) == json_tokener_success &&
                json_tokener_get_parse_end(tokener) >= document.length;
    json_tokener_free(tokener);
    return object;
}

/* Holds our reading of a value against json-c's. */
static void compare_values(struct json_value value, struct json_object *oracle)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    struct json_member member;
    struct json_value element;
    struct json_object *inner;
    size_t count = 0;
    switch (json_object_get_type(oracle)) {
    case json_type_null:
        CU_ASSERT_EQUAL(value.kind, JSON_NULL);
        break;
    case json_type_boolean:
        CU_ASSERT_EQUAL(value.kind, json_object_get_boolean(oracle) ? JSON_TRUE : JSON_FALSE);
        break;
    case json_type_int:
    case json_type_double:
        CU_ASSERT_EQUAL(value.kind, JSON_NUMBER);
        CU_ASSERT_EQUAL(strtod(value.raw.data, NULL), json_object_get_double(oracle));
        break;
    case json_type_string:
        CU_ASSERT_EQUAL(json_string_decode(value, &text), TW_OK);
        CU_ASSERT_TRUE(text_equal(buffer_view(&text),
                                  (struct text){json_object_get_string(oracle),
                                                (size_t)json_object_get_string_len(oracle)}));
        CU_ASSERT_EQUAL(json_string_characters(value), utf8_count(buffer_view(&text)));
        break;
    case json_type_array:
        CU_ASSERT_EQUAL(value.kind, JSON_ARRAY);
        for (struct json_iterator it = json_elements_begin(value); json_next_element(&it, &element);
             count++)
            compare_values(element, json_object_array_get_idx(oracle, count));
        CU_ASSERT_EQUAL(count, json_object_array_length(oracle));
        break;
    case json_type_object:
        CU_ASSERT_EQUAL(value.kind, JSON_OBJECT);
        for (struct json_iterator it = json_members_begin(value); json_next_member(&it, &member);) {
            struct json_value name = {JSON_STRING, {member.name.data - 1, member.name.length + 2}};
            buffer_clear(&text);
            CU_ASSERT_EQUAL(json_string_decode(name, &text), TW_OK);
            CU_ASSERT_TRUE(json_key_is(&member, buffer_view(&text)));
            CU_ASSERT_TRUE(json_object_object_get_ex(oracle, buffer_view(&text).data, &inner));
            if (json_find(value, buffer_view(&text), &element) == TW_OK)
                compare_values(member.value, inner);
        }
        break;
    }
    buffer_free(&text);
}

static void test_random_documents_against_json_c(void)
{
    uint64_t state = 4101842887655102017u;
    for (int round = 0; round < 5000; round++) {
        struct buffer document;
        struct json_value root;
        bool accepted;
        buffer_init(&document, 1 << 20);
        random_value(&document, &state, 5);
        struct json_object *oracle = oracle_parse(buffer_view(&document), &accepted);
        CU_ASSERT_TRUE_FATAL(accepted);
        CU_ASSERT_EQUAL_FATAL(json_parse(buffer_view(&document), &root, NULL), TW_OK);
        compare_values(root, oracle);
        json_object_put(oracle);
        buffer_free(&document);
    }
}

/* One or two bytes of the document are taken out or become another one. */
static void mutate(struct buffer *document, uint64_t *state)
{
    static const char bytes[] = "\"\\{}[],:0123456789.eE+-truefalsn u/\n\xC3\xA9";
    for (size_t i = 1 + random_under(state, 2); i > 0 && document->length > 0; i--) {
        size_t at = random_under(state, document->length);
        if (random_under(state, 3) == 0) {
            memmove(document->data + at, document->data + at + 1, document->length - at);
            document->length--;
        } else {
            document->data[at] = bytes[random_under(state, sizeof bytes - 1)];
        }
    }
}

static bool digit_at(struct text document, size_t at)
{
    return at < document.length && document.data[at] >= '0' && document.data[at] <= '9';
}

/* "1.", "-.5" and "01". */
static bool loose_number_at(struct text document, size_t at)
{
    bool digit_before = at > 0 && digit_at(document, at - 1);
    if (document.data[at] == '.')
        return !digit_before || !digit_at(document, at + 1);
    bool number_goes_on = at > 0 && strchr(".eE+", document.data[at - 1]);
    return document.data[at] == '0' && digit_at(document, at + 1) && !digit_before &&
           !number_goes_on;
}

/* What json-c lets pass even when strict: raw control characters in strings, UTF-8 that it does not
 * look at, and three spellings of numbers. */
static bool known_difference(struct text document)
{
    bool quoted = false;
    for (size_t i = 0; i < document.length; i++) {
        if (document.data[i] == '\\')
            i++;
        else if (document.data[i] == '"')
            quoted = !quoted;
        else if (quoted ? (unsigned char)document.data[i] < 0x20 : loose_number_at(document, i))
            return true;
    }
    return utf8_valid_prefix(document) < document.length;
}

/* The document in memory of exactly its length, so that AddressSanitizer sees any byte read past
 * it. */
static bool accepted_by_us(struct text document)
{
    struct json_value root;
    char *copy = malloc(document.length + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    char *start = copy + 1; /* not aligned either */
    memcpy(start, document.data, document.length);
    enum tw_status status = json_parse((struct text){start, document.length}, &root, NULL);
    free(copy);
    return status == TW_OK;
}

static void test_random_mutations_against_json_c(void)
{
    uint64_t state = 1181783497276652981u;
    size_t refusals = 0, acceptances = 0;
    for (int round = 0; round < 20000; round++) {
        struct buffer document;
        bool accepted;
        buffer_init(&document, 1 << 20);
        random_value(&document, &state, 3);
        mutate(&document, &state);
        bool ours = accepted_by_us(buffer_view(&document));
        struct json_object *oracle = oracle_parse(buffer_view(&document), &accepted);
        if (ours != accepted && (ours || !known_difference(buffer_view(&document)))) {
            fprintf(stderr, "json-c %d, ours %d: %s\n", accepted, ours, document.data);
            CU_FAIL("json-c and we differ");
        }
        json_object_put(oracle);
        refusals += !ours;
        acceptances += ours;
        buffer_free(&document);
    }
    CU_ASSERT_TRUE(refusals > 5000 && acceptances > 2000);
}

UNIT_TESTS({"searches and their scalar twins", test_searches_agree_with_their_twins},
           {"random documents, json-c", test_random_documents_against_json_c},
           {"random mutations, json-c", test_random_mutations_against_json_c})
