/* What paths lead to, and which climb out of where they seem to be. */
#include "unit.h"

#include "gateway/request_path.h"

#define CHAT "/v1/chat/completions"

static void test_leads(void)
{
    static const char *const same[] = {
        CHAT,
        "//v1/chat/completions",
        "/v1//chat///completions",
        "/v1/./chat/completions",
        "/v1/x/../chat/completions",
        "/v1/x%2f../chat/completions",
        "/v1/x%2Fy/../chat/completions",
        "/a/b/../../v1/chat/completions/c/..",
        "/./v1/chat/completions/.",
        CHAT "/",
        CHAT "//",
        CHAT "/./",
        "/v1/%63hat/completions",
        "/%76%31%2fchat%2Fcompletions",
        "/v1/%2e/chat/completions%2F",
    };
    static const char *const others[] = {
        "",
        "/",
        "/v1/chat",
        "/v1/chat/completions2",
        "/v1/chat/completions/x",
        "v1/chat/completions",
        "/v1/chat/.completions",
        "/v1/chat./completions",
        "/v1/Chat/completions",
        "/v1/../chat/completions",
        "/v1/chat/completions/..",
        "/v1/%43hat/completions",
        "/v1/%chat/completions",
        "/v1/%6/completions",
        "/v1/%2563hat/completions",
        "/v1/chat%00/completions",
        "/v1/chat/completions%",
        "/v1/chat/completions/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        CU_ASSERT_TRUE(path_leads_to(text_of(same[i]), CHAT));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CU_ASSERT_FALSE(path_leads_to(text_of(others[i]), CHAT));
}

static void test_climbs(void)
{
    static const char *const climbing[] = {
        "/..",
        "/../",
        "/v1/../../x",
        "/v1/%2e./.%2E/x",
        "/v1/..%2f..",
        "..",
        "/./..",
        "//../v1",
        "/a%2fb/../../x",
        "/a/b/../../..",
        "/v1/%2e%2e%2f%2e%2e%2fadmin",
    };
    static const char *const staying[] = {
        "",
        "/",
        "/v1/...",
        "/v1/..a/../x",
        "/v1/../x",
        "/v1/a/../..",
        "/%252e%252e",
        "/v1/.a/b/..",
        "/v1/a%2f../x",
    };
    for (size_t i = 0; i < sizeof climbing / sizeof climbing[0]; i++)
        CU_ASSERT_TRUE(path_climbs(text_of(climbing[i])));
    for (size_t i = 0; i < sizeof staying / sizeof staying[0]; i++)
        CU_ASSERT_FALSE(path_climbs(text_of(staying[i])));
}

UNIT_TESTS({"leads to", test_leads}, {"climbs", test_climbs})
