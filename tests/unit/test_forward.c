/* Which headers and which targets go on. */
#include "unit.h"

#include "gateway/forward.h"

static void expect_target(const char *base_url, const char *target, const char *wanted)
{
    struct forward forward = forward_of(text_of(base_url));
    struct buffer out;
    buffer_init(&out, 1024);
    forward_target(&forward, text_of(target), &out);
    CU_ASSERT_STRING_EQUAL(out.data, wanted);
    buffer_free(&out);
}

static void test_targets(void)
{
    expect_target("http://host/v1", "/v1/models?a=b", "/v1/models?a=b");
    expect_target("http://host/v1/", "/v1/models", "/v1/models");
    expect_target("https://host:8443/openai/v1", "/v1/models", "/openai/v1/models");
    expect_target("https://host/openai/v1", "/elsewhere", "/openai/elsewhere");
    expect_target("http://host/api", "/v1/models", "/api/models");
    expect_target("http://host/api", "/v1", "/api/");
    expect_target("http://host/api", "/v1?x", "/api/?x");
    expect_target("http://host/api", "/v11/models", "/api/v11/models");
    expect_target("http://host", "/v1/models", "/models");
    expect_target("http://host", "/", "/");
    expect_target("http://host/xv1", "/v1/models", "/xv1/models");
}

/* The chosen headers as "name=value;". */
static void expect_answer(const struct http_header *headers, size_t count, bool decoded,
                          const char *wanted)
{
    struct header_list list = {.failed = false};
    struct buffer out;
    buffer_init(&out, 4096);
    buffer_string(&out, "");
    forward_answer(headers, count, decoded, &list);
    for (size_t i = 0; i < list.count; i++)
        buffer_format(&out, "%.*s=%.*s;", TEXT_ARGUMENTS(list.items[i].name),
                      TEXT_ARGUMENTS(list.items[i].value));
    CU_ASSERT_STRING_EQUAL(out.data, wanted);
    CU_ASSERT_FALSE(list.failed);
    header_list_free(&list);
    buffer_free(&out);
}

#define HEADER(name, value)                                                                        \
    {                                                                                              \
        TEXT(name), TEXT(value)                                                                    \
    }

static void test_connection(void)
{
    const struct http_header headers[] = {HEADER("Connection", "close, X-One ,x-two"),
                                          HEADER("X-One", "1"),
                                          HEADER("X-TWO", "2"),
                                          HEADER("X-Three", "3"),
                                          HEADER("connection", "x-four"),
                                          HEADER("X-Four", "4"),
                                          HEADER("Keep-Alive", "timeout=5"),
                                          HEADER("TE", "trailers"),
                                          HEADER("Trailer", "X"),
                                          HEADER("Transfer-Encoding", "chunked"),
                                          HEADER("Upgrade", "h2c"),
                                          HEADER("Proxy-Connection", "close"),
                                          HEADER("Proxy-Authenticate", "Basic"),
                                          HEADER("Proxy-Authorization", "Basic x"),
                                          HEADER("Content-Length", "3"),
                                          HEADER("Host", "a"),
                                          HEADER("Expect", "100-continue"),
                                          HEADER("x-one-more", "5")};
    expect_answer(headers, sizeof headers / sizeof headers[0], false, "X-Three=3;x-one-more=5;");
}

static void test_kept(void)
{
    const struct http_header headers[] = {HEADER("Set-Cookie", "a"),
                                          HEADER("Set-Cookie", "b"),
                                          HEADER("X-Empty", ""),
                                          HEADER("Content-Encoding", "gzip"),
                                          HEADER("X-Tierway-Tier", "flex"),
                                          HEADER("x-tierwayish", "1"),
                                          HEADER("Retry-After", "300")};
    size_t count = sizeof headers / sizeof headers[0];
    expect_answer(headers, count, false,
                  "Set-Cookie=a;Set-Cookie=b;X-Empty=;Content-Encoding=gzip;x-tierwayish=1;"
                  "Retry-After=300;");
    expect_answer(headers, count, true,
                  "Set-Cookie=a;Set-Cookie=b;X-Empty=;x-tierwayish=1;Retry-After=300;");
    expect_answer(headers, 0, false, "");
}

static void test_many(void)
{
    struct header_list list = {.failed = false};
    for (size_t i = 0; i < 1000; i++)
        header_list_add(&list, TEXT("a"), TEXT("b"));
    CU_ASSERT_EQUAL(list.count, 1000);
    CU_ASSERT_TRUE(text_is(list.items[999].name, "a"));
    header_list_free(&list);
    CU_ASSERT_PTR_NULL(list.items);
}

UNIT_TESTS({"targets", test_targets}, {"headers of the connection", test_connection},
           {"headers that are kept", test_kept}, {"many headers", test_many})
