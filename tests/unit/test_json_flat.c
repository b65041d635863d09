/* tests/unit/test_json_flat.c: flat objects read in one pass, against the scanner that knows all of
 * JSON: whatever is taken as flat is JSON, and has the members that walking finds. */
#include "unit.h"

#include "base/json.h"

enum { ROOM = 8 };

static bool read_flat(const char *text, struct json_member *members, size_t *count)
{
    return json_flat_members(text_of(text), members, ROOM, count);
}

static void test_members(void)
{
    struct json_member members[ROOM];
    size_t count;
    CU_ASSERT_TRUE(read_flat(" { \"a\":1 ,\"b\" : \"two\",\"c\":-0.5,\"d\":true,\"e\":false,"
                             "\"f\":null } \r\n",
                             members, &count));
    static const struct {
        const char *name, *raw;
        enum json_kind kind;
    } wanted[] = {{"a", "1", JSON_NUMBER},    {"b", "\"two\"", JSON_STRING},
                  {"c", "-0.5", JSON_NUMBER}, {"d", "true", JSON_TRUE},
                  {"e", "false", JSON_FALSE}, {"f", "null", JSON_NULL}};
    CU_ASSERT_EQUAL_FATAL(count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_TRUE(text_is(members[i].name, wanted[i].name));
        CU_ASSERT_TRUE(text_is(members[i].value.raw, wanted[i].raw));
        CU_ASSERT_EQUAL(members[i].value.kind, wanted[i].kind);
        CU_ASSERT_FALSE(members[i].escaped);
    }
}

/* JSON that is not flat, and what is no JSON: both are left to json_parse. */
static void test_the_rest_is_left(void)
{
    static const char *const others[] = {
        "",
        "{}",
        "[]",
        "{\"a\":{}}",
        "{\"a\":[1]}",
        "{\"a\":\"\\n\"}",
        "{\"a\\u0041\":1}",
        "{\"a\":\"caf\xC3\xA9\"}",
        "{\"a\":1e3}",
        "{\"a\":01}",
        "{\"a\":-}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":+1}",
        "{\"a\":truex}",
        "{\"a\":tru",
        "{\"a\":1",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{\"a\"",
        "{\"a\":",
        "{a:1}",
        "{\"a\":1}x",
        "{\"a\":1}{\"b\":2}",
        "{\"a\":\"b}",
        "{\"a\":\"\x01\"}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1}",
    };
    struct json_member members[ROOM];
    size_t count;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (read_flat(others[i], members, &count)) {
            fprintf(stderr, "taken as flat: %s\n", others[i]);
            CU_FAIL("taken as flat");
        }
}

static uint64_t random_next(uint64_t *state) /* xorshift64 */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static bool same_members(struct text document, const struct json_member *members, size_t count)
{
    struct json_value root;
    struct json_member walked;
    size_t at = 0;
    if (json_parse(document, &root, NULL) != TW_OK)
        return false;
    struct json_iterator iterator = json_members_begin(root);
    while (json_next_member(&iterator, &walked)) {
        if (at == count || !text_equal(walked.name, members[at].name) ||
            walked.value.kind != members[at].value.kind ||
            !text_equal(walked.value.raw, members[at].value.raw))
            return false;
        at++;
    }
    return at == count;
}

/* Every document is one that is flat, with some bytes changed. */
static void test_changed_documents(void)
{
    static const char start[] = "{\"model\":\"gpt-5\",\"tokens\": 120.5,\"a\":null,\"b\":true}";
    static const char alphabet[] = "{}[]:,\"\\ 0123.-etrufalsn\x1F\x80\n";
    uint64_t state = 88172645463325252u;
    size_t taken = 0;
    for (int round = 0; round < 200000; round++) {
        char bytes[sizeof start];
        struct json_member members[ROOM];
        size_t count;
        memcpy(bytes, start, sizeof start);
        for (uint64_t change = random_next(&state) % 3; change > 0; change--)
            bytes[random_next(&state) % (sizeof start - 1)] =
                alphabet[random_next(&state) % (sizeof alphabet - 1)];
        struct text document = {bytes, sizeof start - 1};
        if (!json_flat_members(document, members, ROOM, &count))
            continue;
        taken++;
        if (!same_members(document, members, count)) {
            fprintf(stderr, "wrongly taken: %s\n", bytes);
            CU_FAIL("wrongly taken");
        }
    }
    CU_ASSERT_TRUE(taken > 50000 && taken < 200000);
}

UNIT_TESTS({"members", test_members}, {"the rest is left", test_the_rest_is_left},
           {"changed documents", test_changed_documents})
