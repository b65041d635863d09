/* tests/unit/test_json_object.c: an object read in one pass, against the scanner and the walk: both
 * take the same documents, and give the same members. */
#include "unit.h"

#include "base/json.h"

enum { ROOM = 8 };

static bool read_object(const char *text, struct json_member *members, size_t *count)
{
    static const struct json_shape no_names;
    return json_object_members(text_of(text), &no_names, members, ROOM, count);
}

static bool same_member(const struct json_member *one, const struct json_member *other)
{
    return text_equal(one->name, other->name) && one->escaped == other->escaped &&
           one->value.kind == other->value.kind && text_equal(one->value.raw, other->value.raw);
}

/* Whether json_parse and the walk say the same as json_object_members did. */
static bool same_answer(struct text document, bool taken, const struct json_member *members,
                        size_t count)
{
    struct json_value root;
    struct json_member walked;
    size_t at = 0;
    if (json_parse(document, &root, NULL) != TW_OK || root.kind != JSON_OBJECT)
        return !taken;
    struct json_iterator iterator = json_members_begin(root);
    for (; json_next_member(&iterator, &walked); at++)
        if (taken && (at == count || !same_member(&walked, &members[at])))
            return false;
    return taken ? at == count : at > ROOM;
}

static void test_members(void)
{
    struct json_member members[ROOM];
    size_t count;
    CU_ASSERT_TRUE(read_object(" { \"a\":1 ,\"b\" : \"two\",\"c\":-0.5,\"d\":[true,{}],\"e\\n\":"
                               "false,\"f\":null } \r\n",
                               members, &count));
    static const struct {
        const char *name, *raw;
        enum json_kind kind;
        bool escaped;
    } wanted[] = {{"a", "1", JSON_NUMBER, false},      {"b", "\"two\"", JSON_STRING, false},
                  {"c", "-0.5", JSON_NUMBER, false},   {"d", "[true,{}]", JSON_ARRAY, false},
                  {"e\\n", "false", JSON_FALSE, true}, {"f", "null", JSON_NULL, false}};
    CU_ASSERT_EQUAL_FATAL(count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_TRUE(text_is(members[i].name, wanted[i].name));
        CU_ASSERT_TRUE(text_is(members[i].value.raw, wanted[i].raw));
        CU_ASSERT_EQUAL(members[i].value.kind, wanted[i].kind);
        CU_ASSERT_EQUAL(members[i].escaped, wanted[i].escaped);
    }
}

/* What is taken and what is not, by hand: the expectation does not come from json_parse. */
static void test_documents(void)
{
    static const struct {
        const char *text;
        bool taken;
    } documents[] = {
        {"{}", true},
        {" { } ", true},
        {"{\"a\":{\"b\":[1,2,{}]}}", true},
        {"{\"a\":\"\\n\"}", true},
        {"{\"a\\u0041\":1}", true},
        {"{\"caf\xC3\xA9\":\"caf\xC3\xA9\"}", true},
        {"{\"a\":1e3,\"b\":-0,\"c\":0.5E-1}", true},
        {"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1}", true},
        {"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1}", false},
        {"", false},
        {"[]", false},
        {"1", false},
        {"{", false},
        {"{,}", false},
        {"{\"a\":01}", false},
        {"{\"a\":-}", false},
        {"{\"a\":1.}", false},
        {"{\"a\":.5}", false},
        {"{\"a\":+1}", false},
        {"{\"a\":1e}", false},
        {"{\"a\":truex}", false},
        {"{\"a\":tru", false},
        {"{\"a\":1", false},
        {"{\"a\":1,}", false},
        {"{\"a\" 1}", false},
        {"{\"a\"", false},
        {"{\"a\":", false},
        {"{\"a\":}", false},
        {"{\"a\":{]}", false},
        {"{\"a\":[1}", false},
        {"{a:1}", false},
        {"{\"a\":1}x", false},
        {"{\"a\":1}{\"b\":2}", false},
        {"{\"a\":\"b}", false},
        {"{\"a\":\"\x01\"}", false},
        {"{\"a\":\"\xC3\"}", false},
        {"{\"a\\x\":1}", false},
        {"{\"a\":\"\\u12\"}", false},
        {"{\"a\":1 \"b\":2}", false},
    };
    struct json_member members[ROOM];
    size_t count;
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        bool taken = read_object(documents[i].text, members, &count);
        if (taken != documents[i].taken ||
            !same_answer(text_of(documents[i].text), taken, members, count)) {
            fprintf(stderr, "wrongly %s: %s\n", taken ? "taken" : "left", documents[i].text);
            CU_FAIL("wrong");
        }
    }
}

/* The deepest document that there may be, and one level more. */
static void test_depth(void)
{
    for (size_t depth = JSON_MAX_DEPTH - 1; depth <= JSON_MAX_DEPTH + 1; depth++) {
        struct json_member members[ROOM];
        size_t count;
        struct buffer text;
        buffer_init(&text, 1000);
        buffer_string(&text, "{\"a\":");
        for (size_t i = 1; i < depth; i++)
            buffer_byte(&text, '[');
        for (size_t i = 1; i < depth; i++)
            buffer_byte(&text, ']');
        buffer_byte(&text, '}');
        bool taken = read_object(text.data, members, &count);
        CU_ASSERT_EQUAL(taken, depth <= JSON_MAX_DEPTH);
        CU_ASSERT_TRUE(same_answer(buffer_view(&text), taken, members, count));
        buffer_free(&text);
    }
}

static uint64_t random_next(uint64_t *state) /* xorshift64 */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* Names that a shape has are found without being looked at; any others are read as ever. */
static void test_shape(void)
{
    static const struct {
        const char *text;
        bool expected[3];
    } lines[] = {
        {"{\"a\":1,\"bcd\":2,\"e\":3}", {false, false, false}},
        {"{\"a\" : 1, \"bcd\" :2,\"e\":3}", {true, true, true}},
        {"{\"a\":1,\"bcde\":2,\"e\":3}", {true, false, true}},
        {"{\"a\":1,\"bcd\":2,\"bcde\":3}", {true, false, false}},
        {"{\"b\":1,\"bcd\":2,\"bcde\":3}", {false, true, true}},
        {"{\"\":1,\"a name of thirty-eight bytes, and quote\":2,\"x\":3}", {false, false, false}},
        {"{\"\":1,\"a name of thirty-eight bytes, and quote\":2,\"x\":3}", {true, false, true}},
        {"{\"\\n\":1,\"b\":2,\"x\":3}", {false, false, true}},
        {"{\"\\n\":1,\"b\":2,\"x\":3}", {false, true, true}},
    };
    struct json_shape shape = {0};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct json_member members[ROOM];
        size_t count;
        CU_ASSERT_TRUE_FATAL(
            json_object_members(text_of(lines[i].text), &shape, members, ROOM, &count));
        CU_ASSERT_EQUAL_FATAL(count, 3);
        CU_ASSERT_TRUE(same_answer(text_of(lines[i].text), true, members, count));
        for (size_t place = 0; place < count; place++) {
            CU_ASSERT_EQUAL(members[place].expected, lines[i].expected[place]);
            json_shape_keep(&shape, place, &members[place]);
        }
    }
    static const char *const broken[] = {"{\"\"", "{\"\":", "{\"\" 1}", "{\"", "{\"\"x:1}"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct json_member members[ROOM];
        size_t count;
        CU_ASSERT_FALSE(json_object_members(text_of(broken[i]), &shape, members, ROOM, &count));
    }
}

/* Every document is a good one, with some bytes changed. */
static void test_changed_documents(void)
{
    static const char *const starts[] = {
        "{\"model\":\"gpt-5\",\"tokens\": 120.5,\"a\":null,\"b\":true}",
        "{\"model\":\"gpt-5\",\"usage\":{\"in\":[1,2],\"out\":3e1},\"\\u0061\":\"\\n\xC3\xA9\"}",
    };
    static const char alphabet[] = "{}[]:,\"\\ 0123.-etrufalsn\x1F\x80\n";
    uint64_t state = 88172645463325252u;
    size_t taken_count = 0, expected = 0;
    struct json_shape shape = {0};
    enum { ROUNDS = 200000 };
    for (int round = 0; round < ROUNDS; round++) {
        char bytes[100];
        struct json_member members[ROOM];
        size_t count, length = strlen(starts[round % 2]);
        memcpy(bytes, starts[round % 2], length + 1);
        for (uint64_t change = random_next(&state) % 3; change > 0; change--)
            bytes[random_next(&state) % length] = alphabet[random_next(&state) % sizeof alphabet];
        struct text document = {bytes, length};
        bool taken = json_object_members(document, &shape, members, ROOM, &count);
        if (!same_answer(document, taken, members, count)) {
            fprintf(stderr, "wrongly %s: %s\n", taken ? "taken" : "left", bytes);
            CU_FAIL_FATAL("wrong");
        }
        for (size_t place = 0; taken && place < count; place++) {
            expected += members[place].expected;
            json_shape_keep(&shape, place, &members[place]);
        }
        taken_count += taken;
    }
    CU_ASSERT_TRUE(taken_count > ROUNDS / 4 && taken_count < ROUNDS);
    CU_ASSERT_TRUE(expected > taken_count / 2);
}

UNIT_TESTS({"members", test_members}, {"documents", test_documents}, {"depth", test_depth},
           {"shape", test_shape}, {"changed documents", test_changed_documents})
