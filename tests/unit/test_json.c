/* tests/unit/test_json.c: the JSON scanner against tables of what is right. */
#include "unit.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>

static enum tw_status parse(struct text document, struct json_value *root)
{
    struct json_value ignored;
    return json_parse(document, root ? root : &ignored, NULL);
}

/* The text in memory of exactly its length, so that AddressSanitizer sees any byte read past it. */
static enum tw_status parse_exact(struct text document)
{
    char *copy = malloc(document.length + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    char *start = copy + 1; /* not aligned either */
    memcpy(start, document.data, document.length);
    enum tw_status status = parse((struct text){start, document.length}, NULL);
    free(copy);
    return status;
}

static struct json_value value_of(const char *document)
{
    struct json_value root = {0};
    CU_ASSERT_EQUAL(parse(text_of(document), &root), TW_OK);
    return root;
}

static void test_accepts(void)
{
    static const char *const documents[] = {"null",
                                            "true",
                                            "false",
                                            "0",
                                            "-0",
                                            "1",
                                            "-1",
                                            "10",
                                            "0.5",
                                            "1.50",
                                            "0e1",
                                            "0E+1",
                                            "1e-7",
                                            "-1.2e+30",
                                            "123456789012345678901234567890",
                                            "\"\"",
                                            "\"a\"",
                                            "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                                            "\"\\u0000\"",
                                            "\"\\uABCD\\uabcd\"",
                                            "\"\\ud83d\\ude00\"",
                                            "\"\\ud800\"",
                                            "\"\\udc00\\ud800\"",
                                            "\"\x7F\"",
                                            "\"\xC2\x80\xDF\xBF\"",
                                            "\"\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\"",
                                            "\"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"",
                                            "[]",
                                            "{}",
                                            "[[]]",
                                            "[{}]",
                                            "{\"\":{}}",
                                            "[1,2]",
                                            " \t\r\n[ 1 , \"a\" , null ] \n",
                                            "{ \"a\" : 1 , \"a\" : [ ] }",
                                            "[[],[[]],{\"a\":[{}]}]",
                                            "\"0123456789abcdef0123456789abcdef\"",
                                            "[true,false,null,-0.0E-0]"};
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        CU_ASSERT_EQUAL(parse_exact(text_of(documents[i])), TW_OK);
        struct json_value root = value_of(documents[i]);
        const char *first = documents[i] + strspn(documents[i], " \t\r\n");
        CU_ASSERT_PTR_EQUAL(root.raw.data, first);
        CU_ASSERT_EQUAL(strspn(first + root.raw.length, " \t\r\n"),
                        strlen(first + root.raw.length));
    }
    struct json_value root = value_of(" \t\r\n[ 1 ] \n");
    CU_ASSERT_TRUE(text_is(root.raw, "[ 1 ]"));
}

struct refused {
    const char *document;
    size_t length; /* 0: up to the NUL */
    const char *message;
};

static const struct refused refused[] = {
    {"", 0, "byte 0: expected a value, but the document ends"},
    {"  ", 0, "byte 2: expected a value, but the document ends"},
    {"nul", 0, "byte 3: expected null, but the document ends"},
    {"nuLl", 0, "byte 2: expected null, found 'L'"},
    {"True", 0, "byte 0: expected a value, found 'T'"},
    {"trux", 0, "byte 3: expected true, found 'x'"},
    {"falsE", 0, "byte 4: expected false, found 'E'"},
    {"nullx", 0, "byte 4: expected the end of the document, found 'x'"},
    {"NaN", 0, "byte 0: expected a value, found 'N'"},
    {"-", 0, "byte 1: expected a digit, but the document ends"},
    {"+1", 0, "byte 0: expected a value, found '+'"},
    {"01", 0, "byte 1: expected the end of the document, found '1'"},
    {"-01", 0, "byte 2: expected the end of the document, found '1'"},
    {"1.", 0, "byte 2: expected a digit, but the document ends"},
    {".5", 0, "byte 0: expected a value, found '.'"},
    {"1.e1", 0, "byte 2: expected a digit, found 'e'"},
    {"1e", 0, "byte 2: expected a digit, but the document ends"},
    {"1e+", 0, "byte 3: expected a digit, but the document ends"},
    {"-Infinity", 0, "byte 1: expected a digit, found 'I'"},
    {"0x10", 0, "byte 1: expected the end of the document, found 'x'"},
    {"1 2", 0, "byte 2: expected the end of the document, found '2'"},
    {"[", 0, "byte 1: expected a value, but the document ends"},
    {"]", 0, "byte 0: expected a value, found ']'"},
    {"[1", 0, "byte 2: expected ',' or ']', but the document ends"},
    {"[1,", 0, "byte 3: expected a value, but the document ends"},
    {"[1,]", 0, "byte 3: expected a value, found ']'"},
    {"[,1]", 0, "byte 1: expected a value, found ','"},
    {"[1 2]", 0, "byte 3: expected ',' or ']', found '2'"},
    {"[1}", 0, "byte 2: expected ',' or ']', found '}'"},
    {"[]]", 0, "byte 2: expected the end of the document, found ']'"},
    {"{", 0, "byte 1: expected a member name or '}', but the document ends"},
    {"{a:1}", 0, "byte 1: expected a member name or '}', found 'a'"},
    {"{'a':1}", 0, "byte 1: expected a member name or '}', found '''"},
    {"{\"a\"}", 0, "byte 4: expected ':', found '}'"},
    {"{\"a\" 1}", 0, "byte 5: expected ':', found '1'"},
    {"{\"a\":}", 0, "byte 5: expected a value, found '}'"},
    {"{\"a\":1,}", 0, "byte 7: expected a member name, found '}'"},
    {"{\"a\":1]", 0, "byte 6: expected ',' or '}', found ']'"},
    {"{\"a\":1 \"b\":2}", 0, "byte 7: expected ',' or '}', found '\"'"},
    {"{1:2}", 0, "byte 1: expected a member name or '}', found '1'"},
    {"\"a", 0, "byte 2: expected the closing quote, but the document ends"},
    {"\"a\\\"", 0, "byte 4: expected the closing quote, but the document ends"},
    {"\"\\", 0, "byte 2: expected an escape (one of \"\\/bfnrtu), but the document ends"},
    {"\"\\x41\"", 0, "byte 2: expected an escape (one of \"\\/bfnrtu), found 'x'"},
    {"\"\\\0\"", 4, "byte 2: expected an escape (one of \"\\/bfnrtu), found byte 0x00"},
    {"\"\\u12g4\"", 0, "byte 5: expected a hexadecimal digit, found 'g'"},
    {"\"\\u123", 0, "byte 6: expected a hexadecimal digit, but the document ends"},
    {"\"\\U1234\"", 0, "byte 2: expected an escape (one of \"\\/bfnrtu), found 'U'"},
    {"\"a\nb\"", 0, "byte 2: expected an escape for a control character, found byte 0x0a"},
    {"\"a\0b\"", 5, "byte 2: expected an escape for a control character, found byte 0x00"},
    {"\"0123456789abcdefg\x1F\"", 0,
     "byte 18: expected an escape for a control character, found byte 0x1f"},
    {"1\0", 2, "byte 1: expected the end of the document, found byte 0x00"},
    {"\xEF\xBB\xBF{}", 0, "byte 0: expected a value, found byte 0xef"},
    {"[1]//", 0, "byte 3: expected the end of the document, found '/'"},
    {"[\v1]", 0, "byte 1: expected a value, found byte 0x0b"},
};

static void test_refuses_and_says_where(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct tw_error error = {TW_OK, ""};
        struct text document = text_of(refused[i].document);
        if (refused[i].length)
            document.length = refused[i].length;
        struct json_value root;
        CU_ASSERT_EQUAL(json_parse(document, &root, &error), TW_INVALID);
        CU_ASSERT_EQUAL(error.code, TW_INVALID);
        CU_ASSERT_STRING_EQUAL(error.message, refused[i].message);
        CU_ASSERT_EQUAL(parse_exact(document), TW_INVALID);
    }
}

static void test_bad_utf8(void)
{
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2\x41",
                                      "\xE0\x9F\xBF",
                                      "\xE1\x80",
                                      "\xE1\x80\x41",
                                      "\xE1\x41\x80",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xEF\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF0\x90\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF"};
    char document[64];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (int before = 0; before < 20; before++) {
            snprintf(document, sizeof document, "[\"%.*s%s\"]", before, "aaaaaaaaaaaaaaaaaaaa",
                     bad[i]);
            struct tw_error error = {TW_OK, ""};
            char wanted[80];
            snprintf(wanted, sizeof wanted, "byte %d: expected valid UTF-8, found byte 0x%02x",
                     before + 2, (unsigned char)bad[i][0]);
            struct json_value root;
            CU_ASSERT_EQUAL(json_parse(text_of(document), &root, &error), TW_INVALID);
            CU_ASSERT_STRING_EQUAL(error.message, wanted);
        }
}

/* Every proper prefix of an object is incomplete; the error is where the text ends. */
static void test_every_prefix_is_refused(void)
{
    struct text whole =
        TEXT("{\"a\\u00e9\": [true, false, null, -1.5e+3, \"\xC3\xA9 0123456789abcdef\"], "
             "\"b\": {\"c\": [[], {}]}}");
    CU_ASSERT_EQUAL(parse_exact(whole), TW_OK);
    for (size_t length = 0; length < whole.length; length++)
        CU_ASSERT_EQUAL(parse_exact((struct text){whole.data, length}), TW_INVALID);
}

/* A byte that is nowhere allowed, put in the place of each byte in turn, is found just there. */
static void test_bad_byte_at_every_place(void)
{
    static const char whole[] = "{\"ab\":[true,\"\\n\\u0041xyz\",-1.5e+3,{\"c\":null}], \"d\":0}";
    for (size_t at = 0; at < sizeof whole - 1; at++) {
        char document[sizeof whole], prefix[24];
        memcpy(document, whole, sizeof whole);
        document[at] = '\x01';
        struct tw_error error = {TW_OK, ""};
        struct json_value root;
        CU_ASSERT_EQUAL(json_parse((struct text){document, sizeof whole - 1}, &root, &error),
                        TW_INVALID);
        snprintf(prefix, sizeof prefix, "byte %zu: ", at);
        CU_ASSERT_EQUAL(strncmp(error.message, prefix, strlen(prefix)), 0);
    }
}

static enum tw_status parse_nested(size_t depth, const char *opening, const char *closing,
                                   struct tw_error *error)
{
    struct buffer document;
    buffer_init(&document, 1 << 24);
    for (size_t i = 0; i < depth; i++)
        buffer_string(&document, opening);
    buffer_string(&document, "1");
    for (size_t i = 0; i < depth; i++)
        buffer_string(&document, closing);
    struct json_value root;
    enum tw_status status = json_parse(buffer_view(&document), &root, error);
    buffer_free(&document);
    return status;
}

static void test_depth(void)
{
    struct tw_error error = {TW_OK, ""};
    CU_ASSERT_EQUAL(parse_nested(JSON_MAX_DEPTH, "[", "]", &error), TW_OK);
    CU_ASSERT_EQUAL(parse_nested(JSON_MAX_DEPTH, "{\"a\":", "}", &error), TW_OK);
    CU_ASSERT_EQUAL(parse_nested(JSON_MAX_DEPTH / 2, "{\"a\":[", "]}", &error), TW_OK);
    CU_ASSERT_EQUAL(parse_nested(JSON_MAX_DEPTH + 1, "[", "]", &error), TW_LIMIT);
    CU_ASSERT_STRING_EQUAL(error.message, "byte 128: nested deeper than 128 levels");
    CU_ASSERT_EQUAL(parse_nested(JSON_MAX_DEPTH + 1, "{\"a\":", "}", &error), TW_LIMIT);
    CU_ASSERT_EQUAL(parse_nested(1000000, "[", "]", &error), TW_LIMIT);
}

static void test_iterates(void)
{
    struct json_value root = value_of(
        " { \"a\" : [1, {\"x]\":\"}\\\\\"} ,\"\\\\\\\"]\"] ,\"\\u0062\":-1.5e3 , \"\":null,"
        "\"d\":true,\"e\":{ } } ");
    struct json_iterator members = json_members_begin(root);
    struct json_member member;
    static const struct {
        const char *name, *raw;
        enum json_kind kind;
    } wanted[] = {{"a", "[1, {\"x]\":\"}\\\\\"} ,\"\\\\\\\"]\"]", JSON_ARRAY},
                  {"\\u0062", "-1.5e3", JSON_NUMBER},
                  {"", "null", JSON_NULL},
                  {"d", "true", JSON_TRUE},
                  {"e", "{ }", JSON_OBJECT}};
    for (size_t i = 0; i < 5; i++) {
        CU_ASSERT_TRUE_FATAL(json_next_member(&members, &member));
        CU_ASSERT_TRUE(text_is(member.name, wanted[i].name));
        CU_ASSERT_TRUE(text_is(member.value.raw, wanted[i].raw));
        CU_ASSERT_EQUAL(member.value.kind, wanted[i].kind);
        CU_ASSERT_EQUAL(member.escaped, i == 1);
    }
    CU_ASSERT_FALSE(json_next_member(&members, &member));
    CU_ASSERT_FALSE(json_next_member(&members, &member));
    struct json_value element;
    CU_ASSERT_EQUAL(json_find(root, TEXT("a"), &element), TW_OK);
    struct json_iterator elements = json_elements_begin(element);
    static const char *const raws[] = {"1", "{\"x]\":\"}\\\\\"}", "\"\\\\\\\"]\""};
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT_TRUE_FATAL(json_next_element(&elements, &element));
        CU_ASSERT_TRUE(text_is(element.raw, raws[i]));
    }
    CU_ASSERT_FALSE(json_next_element(&elements, &element));
}

static void test_enters_and_leaves(void)
{
    struct json_value root =
                          value_of("{\"a\" : [ 1 , {\"b\":\"]\"} , [ ] ] , \"c\" : { } ,\"d\":7 }"),
                      value;
    struct json_iterator outer = json_members_begin(root), inner, innermost;
    struct json_member member;
    CU_ASSERT_TRUE_FATAL(json_next_name(&outer, &member) && text_is(member.name, "a"));
    CU_ASSERT_FALSE(json_next_is(&outer, JSON_OBJECT));
    CU_ASSERT_TRUE_FATAL(json_next_is(&outer, JSON_ARRAY));
    inner = json_enter(&outer);
    CU_ASSERT_FALSE(json_next_is(&inner, JSON_OBJECT));
    CU_ASSERT_TRUE(json_next_element(&inner, &value) && text_is(value.raw, "1"));
    CU_ASSERT_TRUE_FATAL(json_next_is(&inner, JSON_OBJECT));
    innermost = json_enter(&inner);
    CU_ASSERT_TRUE(json_next_member(&innermost, &member) && text_is(member.value.raw, "\"]\""));
    CU_ASSERT_FALSE(json_next_member(&innermost, &member));
    value = json_leave(&inner, &innermost);
    CU_ASSERT_TRUE(value.kind == JSON_OBJECT && text_is(value.raw, "{\"b\":\"]\"}"));
    CU_ASSERT_TRUE(json_next_element(&inner, &value) && text_is(value.raw, "[ ]"));
    CU_ASSERT_FALSE(json_next_is(&inner, JSON_ARRAY));
    CU_ASSERT_FALSE(json_next_element(&inner, &value));
    value = json_leave(&outer, &inner);
    CU_ASSERT_TRUE(value.kind == JSON_ARRAY && text_is(value.raw, "[ 1 , {\"b\":\"]\"} , [ ] ]"));
    CU_ASSERT_TRUE(json_next_name(&outer, &member) && text_is(member.name, "c"));
    CU_ASSERT_TRUE_FATAL(json_next_is(&outer, JSON_OBJECT));
    inner = json_enter(&outer);
    CU_ASSERT_FALSE(json_next_name(&inner, &member));
    CU_ASSERT_TRUE(text_is(json_leave(&outer, &inner).raw, "{ }"));
    CU_ASSERT_TRUE(json_next_member(&outer, &member) && text_is(member.value.raw, "7"));
    CU_ASSERT_FALSE(json_next_name(&outer, &member));
}

static void test_iterating_the_wrong_kind_gives_nothing(void)
{
    struct json_member member;
    struct json_value element;
    static const char *const documents[] = {"null", "1", "\"{}\"", "[1]", "{\"a\":1}", "{}", "[]"};
    for (size_t i = 0; i < 7; i++) {
        struct json_iterator members = json_members_begin(value_of(documents[i]));
        CU_ASSERT_EQUAL(json_next_member(&members, &member), i == 4);
        struct json_iterator elements = json_elements_begin(value_of(documents[i]));
        CU_ASSERT_EQUAL(json_next_element(&elements, &element), i == 3);
    }
}

static void test_names_resolve_escapes(void)
{
    static const struct {
        const char *document, *name;
        bool equal;
    } cases[] = {{"{\"service_tier\":1}", "service_tier", true},
                 {"{\"service\\u005ftier\":1}", "service_tier", true},
                 {"{\"service\\u005Ftie\":1}", "service_tier", false},
                 {"{\"service\\u005ftiers\":1}", "service_tier", false},
                 {"{\"\\u0073ervice_tier\":1}", "service_tier", true},
                 {"{\"service_tie\\u0072\":1}", "service_tier", true},
                 {"{\"service_tie\\n\":1}", "service_tier", false},
                 {"{\"Service_tier\":1}", "service_tier", false},
                 {"{\"a\\nb\":1}", "a\\nb", false},
                 {"{\"a\\nb\":1}", "a\nb", true},
                 {"{\"\":1}", "", true},
                 {"{\"\":1}", "a", false},
                 {"{\"\\ud83d\\ude00\":1}", "\xF0\x9F\x98\x80", true},
                 {"{\"\\ud83d\":1}", "\xEF\xBF\xBD", true},
                 {"{\"~1\":1}", "~1", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_iterator members = json_members_begin(value_of(cases[i].document));
        struct json_member member;
        CU_ASSERT_TRUE_FATAL(json_next_member(&members, &member));
        CU_ASSERT_EQUAL(json_key_is(&member, text_of(cases[i].name)), cases[i].equal);
    }
}

static void test_find(void)
{
    struct json_value root = value_of("{\"a\":1,\"b\":2,\"\\u0061\":3,\"c\":{\"d\":4}}"),
                      value = {0};
    CU_ASSERT_EQUAL(json_find(root, TEXT("b"), &value), TW_OK);
    CU_ASSERT_TRUE(text_is(value.raw, "2"));
    CU_ASSERT_EQUAL(json_find(root, TEXT("a"), &value), TW_INVALID);
    CU_ASSERT_TRUE(text_is(value.raw, "3"));
    CU_ASSERT_EQUAL(json_find(root, TEXT("d"), &value), TW_NOT_FOUND);
    CU_ASSERT_EQUAL(json_find(value, TEXT("d"), &value), TW_NOT_FOUND);
}

/* The examples of RFC 6901, section 5, and what it says of indexes. */
static void test_pointer(void)
{
    struct json_value root = value_of(
        "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
        "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,\"two\":1,\"two\":2,\"o\":{\"0\":[[9]]},"
        "\"p\\/\\u007e1\":10}");
    static const struct {
        const char *pointer, *raw; /* raw NULL: status is not TW_OK */
        enum tw_status status;
    } cases[] = {{"/foo", "[\"bar\",\"baz\"]", TW_OK},
                 {"/foo/0", "\"bar\"", TW_OK},
                 {"/foo/1", "\"baz\"", TW_OK},
                 {"/", "0", TW_OK},
                 {"/a~1b", "1", TW_OK},
                 {"/c%d", "2", TW_OK},
                 {"/e^f", "3", TW_OK},
                 {"/g|h", "4", TW_OK},
                 {"/i\\j", "5", TW_OK},
                 {"/k\"l", "6", TW_OK},
                 {"/ ", "7", TW_OK},
                 {"/m~0n", "8", TW_OK},
                 {"/o/0/0/0", "9", TW_OK},
                 {"/p~1~01", "10", TW_OK},
                 {"/foo/2", NULL, TW_NOT_FOUND},
                 {"/foo/01", NULL, TW_NOT_FOUND},
                 {"/foo/-", NULL, TW_NOT_FOUND},
                 {"/foo/", NULL, TW_NOT_FOUND},
                 {"/foo/18446744073709551616", NULL, TW_NOT_FOUND},
                 {"/foo/0/x", NULL, TW_NOT_FOUND},
                 {"/none", NULL, TW_NOT_FOUND},
                 {"/two", NULL, TW_INVALID},
                 {"foo", NULL, TW_INVALID},
                 {"/m~n", NULL, TW_INVALID},
                 {"/m~2", NULL, TW_INVALID},
                 {"/m~", NULL, TW_INVALID}};
    struct json_value value;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CU_ASSERT_EQUAL(json_pointer(root, text_of(cases[i].pointer), &value), cases[i].status);
        if (cases[i].raw)
            CU_ASSERT_TRUE(text_is(value.raw, cases[i].raw));
    }
    CU_ASSERT_EQUAL(json_pointer(root, TEXT(""), &value), TW_OK);
    CU_ASSERT_TRUE(text_equal(value.raw, root.raw));
    CU_ASSERT_TRUE(json_pointer_valid(TEXT("/a~0~1/b")) && !json_pointer_valid(TEXT("a")));
}

static void test_integer(void)
{
    static const struct {
        const char *document;
        enum tw_status status;
        int64_t value;
    } cases[] = {{"0", TW_OK, 0},
                 {"-0", TW_OK, 0},
                 {"0.000", TW_OK, 0},
                 {"0e99999999999999999999999", TW_OK, 0},
                 {"0e-99999999999999999999999", TW_OK, 0},
                 {"42", TW_OK, 42},
                 {"-42", TW_OK, -42},
                 {"1.0", TW_OK, 1},
                 {"1e3", TW_OK, 1000},
                 {"1E+3", TW_OK, 1000},
                 {"10e-1", TW_OK, 1},
                 {"1.5e1", TW_OK, 15},
                 {"0.0025e4", TW_OK, 25},
                 {"1000.000e-3", TW_OK, 1},
                 {"100200300", TW_OK, 100200300},
                 {"9223372036854775807", TW_OK, INT64_MAX},
                 {"9223372036854775807.00", TW_OK, INT64_MAX},
                 {"92233720368547758070e-1", TW_OK, INT64_MAX},
                 {"-9223372036854775808", TW_OK, INT64_MIN},
                 {"9223372036854775808", TW_LIMIT, 0},
                 {"-9223372036854775809", TW_LIMIT, 0},
                 {"18446744073709551616", TW_LIMIT, 0},
                 {"123456789012345678901234567890", TW_LIMIT, 0},
                 {"1e19", TW_LIMIT, 0},
                 {"1e99999999999999999999999", TW_LIMIT, 0},
                 {"1.5", TW_INVALID, 0},
                 {"1e-1", TW_INVALID, 0},
                 {"1e-99999999999999999999999", TW_INVALID, 0},
                 {"123456789012345678901.5", TW_INVALID, 0},
                 {"\"1\"", TW_INVALID, 0},
                 {"true", TW_INVALID, 0},
                 {"[]", TW_INVALID, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 7;
        CU_ASSERT_EQUAL(json_integer(value_of(cases[i].document), &value), cases[i].status);
        CU_ASSERT_EQUAL(value, cases[i].status == TW_OK ? cases[i].value : 7);
    }
}

static void test_decode(void)
{
    static const struct {
        const char *document, *text;
        size_t characters;
    } cases[] = {
        {"\"\"", "", 0},
        {"\"plain\"", "plain", 5},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC", 3},
        {"\"\\ud83d\\ude00x\"", "\xF0\x9F\x98\x80x", 2},
        {"\"\\uDBFF\\uDFFF\"", "\xF4\x8F\xBF\xBF", 1},
        {"\"\\ud83d\"", "\xEF\xBF\xBD", 1},
        {"\"\\ude00\"", "\xEF\xBF\xBD", 1},
        {"\"\\ud83d\\n\"", "\xEF\xBF\xBD\n", 2},
        {"\"\\ud83d\\u0041\"",
         "\xEF\xBF\xBD"
         "A",
         2},
        {"\"\\ud83d\\ud83d\\ude00\"", "\xEF\xBF\xBD\xF0\x9F\x98\x80", 2},
        {"\"\\ude00\\ud83d\"", "\xEF\xBF\xBD\xEF\xBF\xBD", 2},
        {"\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 3},
        {"\"\\\\u0041\"", "\\u0041", 6},
        {"\"0123456789abcde\xC3\xA9\\n0123456789abcdef\"",
         "0123456789abcde\xC3\xA9\n0123456789abcdef", 33}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_value value = value_of(cases[i].document);
        struct buffer buffer;
        struct text plain = {NULL, 0};
        buffer_init(&buffer, 1000);
        buffer_string(&buffer, ">");
        CU_ASSERT_EQUAL(json_string_decode(value, &buffer), TW_OK);
        struct text decoded = {buffer.data + 1, buffer.length - 1};
        CU_ASSERT_TRUE(text_is(decoded, cases[i].text));
        CU_ASSERT_EQUAL(json_string_characters(value), cases[i].characters);
        bool is_plain = strchr(cases[i].document, '\\') == NULL;
        CU_ASSERT_EQUAL(json_string_plain(value, &plain), is_plain);
        CU_ASSERT_TRUE(!is_plain || text_is(plain, cases[i].text));
        buffer_free(&buffer);
    }
}

static void test_decode_failures(void)
{
    struct buffer buffer;
    struct text plain;
    buffer_init(&buffer, 4);
    CU_ASSERT_EQUAL(json_string_decode(value_of("1"), &buffer), TW_INVALID);
    CU_ASSERT_FALSE(json_string_plain(value_of("1"), &plain));
    CU_ASSERT_EQUAL(json_string_characters(value_of("[\"a\"]")), 0);
    CU_ASSERT_EQUAL(json_string_decode(value_of("\"abcd\""), &buffer), TW_OK);
    CU_ASSERT_EQUAL(json_string_decode(value_of("\"e\""), &buffer), TW_LIMIT);
    buffer_free(&buffer);
    buffer_init(&buffer, 0);
    CU_ASSERT_EQUAL(json_string_decode(value_of("\"\\n\""), &buffer), TW_LIMIT);
    buffer_free(&buffer);
}

static void test_write_string(void)
{
    static const struct {
        struct text text;
        const char *written;
    } cases[] = {{{"", 0}, "\"\""},
                 {{"plain text of more than 16 bytes", 32}, "\"plain text of more than 16 bytes\""},
                 {{"\"\\/\b\f\n\r\t", 8}, "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
                 {{"a\0b\x01\x1F\x7F", 6}, "\"a\\u0000b\\u0001\\u001f\x7F\""},
                 {{"\xC3\xA9\xF0\x9F\x98\x80", 6}, "\"\xC3\xA9\xF0\x9F\x98\x80\""},
                 {{"a\xFFz", 3}, "\"a\xEF\xBF\xBDz\""},
                 {{"\xE2\x82", 2}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
                 {{"\xED\xA0\x80", 3}, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer buffer;
        buffer_init(&buffer, 1000);
        json_write_string(&buffer, cases[i].text);
        CU_ASSERT_STRING_EQUAL(buffer.data, cases[i].written);
        CU_ASSERT_EQUAL(parse(buffer_view(&buffer), NULL), TW_OK);
        buffer_free(&buffer);
    }
}

UNIT_TESTS({"the grammar is accepted", test_accepts},
           {"errors say where and what was expected", test_refuses_and_says_where},
           {"bad UTF-8 is refused at its place", test_bad_utf8},
           {"every prefix is refused", test_every_prefix_is_refused},
           {"a bad byte is found at every place", test_bad_byte_at_every_place},
           {"depth at and past the limit", test_depth}, {"iteration", test_iterates},
           {"entering and leaving", test_enters_and_leaves},
           {"iteration over other kinds", test_iterating_the_wrong_kind_gives_nothing},
           {"names resolve escapes", test_names_resolve_escapes}, {"find", test_find},
           {"JSON pointers", test_pointer}, {"integers", test_integer}, {"decode", test_decode},
           {"decode fails", test_decode_failures}, {"write strings", test_write_string})
