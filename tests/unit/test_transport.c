/* The transport of libcurl against the stand-in provider on loopback, and base URLs. */
#include "stand_in_thread.h"
#include "unit.h"

#include "base/clock.h"
#include "runtime/base_url.h"
#include "runtime/transport.h"

#include <pthread.h>
#include <strings.h>

static const char question[] =
    "{\"model\":\"gpt-5\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

struct talk {
    struct stand_in_thread *provider;
    struct transport *transport;
    struct transport_request request;
    struct transport_answer answer;
    struct transport_header headers[2];
    struct tw_error error;
    struct buffer body;
    char url[128];
    int status_in_header, headers_seen;
    size_t most; /* bytes after which the reader has enough; 0: no end */
    atomic_bool cancelled;
};

static void take_header(void *context, int status, struct text name, struct text value)
{
    struct talk *talk = context;
    talk->status_in_header = status;
    bool is_type = name.length == 12 && strncasecmp(name.data, "content-type", 12) == 0;
    talk->headers_seen += is_type && text_is(value, "application/json");
}

static bool take_piece(void *context, struct text piece)
{
    struct talk *talk = context;
    buffer_text(&talk->body, piece);
    return talk->most == 0 || talk->body.length < talk->most;
}

static void talk_open(struct talk *talk, const char *fault)
{
    memset(talk, 0, sizeof *talk);
    struct stand_in_options options = stand_in_options_default();
    options.faults = &fault;
    options.fault_count = fault != NULL;
    talk->provider = stand_in_thread_open(options);
    CU_ASSERT_EQUAL_FATAL(transport_curl_open("test", &talk->transport, NULL), TW_OK);
    snprintf(talk->url, sizeof talk->url, "http://%s/v1/chat/completions", talk->provider->address);
    buffer_init(&talk->body, 1 << 20);
    talk->request = (struct transport_request){.url = talk->url,
                                               .headers = talk->headers,
                                               .body = text_of(question),
                                               .timeout = 20000,
                                               .cancelled = &talk->cancelled,
                                               .context = talk,
                                               .on_header = take_header,
                                               .on_piece = take_piece};
}

static enum tw_status talk_send(struct talk *talk)
{
    buffer_clear(&talk->body);
    return transport_exchange(talk->transport, &talk->request, &talk->answer, &talk->error);
}

static void talk_close(struct talk *talk)
{
    transport_close(talk->transport);
    CU_ASSERT_TRUE(stand_in_thread_close(talk->provider));
    buffer_free(&talk->body);
}

static void test_whole_answers(void)
{
    struct talk talk;
    talk_open(&talk, NULL);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(talk_send(&talk), TW_OK);
        CU_ASSERT_EQUAL(talk.answer.status, 200);
        CU_ASSERT_TRUE(talk.answer.sent && !talk.answer.stopped);
        CU_ASSERT_EQUAL(talk.status_in_header, 200);
        CU_ASSERT_EQUAL(talk.headers_seen, i + 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(talk.body.data, "\"service_tier\":\"default\""));
    }
    talk_close(&talk);
}

static void test_an_error_is_an_answer(void)
{
    struct talk talk;
    talk_open(&talk, "503");
    CU_ASSERT_EQUAL(talk_send(&talk), TW_OK);
    CU_ASSERT_EQUAL(talk.answer.status, 503);
    CU_ASSERT_PTR_NOT_NULL(strstr(talk.body.data, "server_is_overloaded"));
    talk_close(&talk);
}

static void test_broken_off(void)
{
    static const char *const faults[] = {"reset", "close", "truncated"};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct talk talk;
        talk_open(&talk, faults[i]);
        CU_ASSERT_EQUAL(talk_send(&talk), TW_NETWORK);
        CU_ASSERT_TRUE(talk.answer.sent);
        CU_ASSERT_EQUAL(talk.answer.status, i == 2 ? 200 : 0);
        CU_ASSERT_TRUE(talk.error.message[0] != '\0');
        talk_close(&talk);
    }
}

static void test_timeout(void)
{
    struct talk talk;
    talk_open(&talk, "hang");
    talk.request.timeout = 50;
    CU_ASSERT_EQUAL(talk_send(&talk), TW_TIMEOUT);
    CU_ASSERT_TRUE(talk.answer.sent);
    CU_ASSERT_EQUAL(talk.answer.status, 0);
    talk_close(&talk);
}

static void test_not_reached(void)
{
    struct talk talk;
    talk_open(&talk, NULL);
    talk.request.url = "http://127.0.0.1:1/v1/chat/completions";
    CU_ASSERT_EQUAL(talk_send(&talk), TW_NETWORK);
    CU_ASSERT_FALSE(talk.answer.sent);
    talk.request.url = "file:///etc/passwd";
    CU_ASSERT_EQUAL(talk_send(&talk), TW_INVALID);
    CU_ASSERT_EQUAL(talk.body.length, 0);
    talk_close(&talk);
}

static void test_reader_has_enough(void)
{
    struct talk talk;
    talk_open(&talk, NULL);
    talk.most = 1;
    CU_ASSERT_EQUAL(talk_send(&talk), TW_OK);
    CU_ASSERT_TRUE(talk.answer.stopped);
    talk.most = 0;
    CU_ASSERT_EQUAL(talk_send(&talk), TW_OK);
    CU_ASSERT_FALSE(talk.answer.stopped);
    talk_close(&talk);
}

/* A line end in a header would begin another one. */
static void test_headers_that_cannot_be_sent(void)
{
    struct talk talk;
    talk_open(&talk, NULL);
    talk.request.header_count = 1;
    talk.headers[0] = (struct transport_header){TEXT("Authorization"), TEXT("Bearer a\r\nX: y")};
    CU_ASSERT_EQUAL(talk_send(&talk), TW_INVALID);
    CU_ASSERT_PTR_NULL(strstr(talk.error.message, "Bearer"));
    CU_ASSERT_EQUAL(talk.answer.status, 0);
    talk.headers[0].value = TEXT("Bearer a");
    CU_ASSERT_EQUAL(talk_send(&talk), TW_OK);
    talk_close(&talk);
}

/* From another thread, most likely once the provider has the request; earlier is as good. */
static void *cancel_it(void *context)
{
    struct talk *talk = context;
    usleep(50000);
    atomic_store(&talk->cancelled, true);
    transport_wake(talk->transport);
    return NULL;
}

static void test_cancel(void)
{
    struct talk talk;
    pthread_t thread;
    talk_open(&talk, "hang");
    int64_t start = clock_monotonic();
    pthread_create(&thread, NULL, cancel_it, &talk);
    CU_ASSERT_EQUAL(talk_send(&talk), TW_OK);
    CU_ASSERT_TRUE(talk.answer.stopped);
    transport_pause(talk.transport, 60000, &talk.cancelled); /* gone at once as well */
    CU_ASSERT_TRUE(clock_monotonic() - start < 10000000000);
    pthread_join(thread, NULL);
    talk_close(&talk);
}

static void test_pause(void)
{
    struct talk talk;
    talk_open(&talk, NULL);
    CU_ASSERT_EQUAL(talk_send(&talk), TW_OK);
    int64_t start = clock_monotonic();
    transport_pause(talk.transport, 30, &talk.cancelled);
    CU_ASSERT_TRUE(clock_monotonic() - start >= 29000000);
    talk_close(&talk);
}

static void test_base_urls(void)
{
    static const char *const good[] = {"https://api.openai.com/v1", "http://127.0.0.1:8080/v1/",
                                       "HTTP://localhost",          "http://[::1]:80/v1",
                                       "https://host/a/b%20c",      "http://host:65535"};
    static const char *const bad[] = {"",
                                      "api.openai.com/v1",
                                      "ftp://host/v1",
                                      "file:///etc/passwd",
                                      "http://",
                                      "http:///v1",
                                      "http://:80/v1",
                                      "http://user@host/v1",
                                      "http://user:word@host/v1",
                                      "http://host/v1?key=1",
                                      "http://host/v1#part",
                                      "http://host:0/v1",
                                      "http://host:65536/v1",
                                      "http://host:8x/v1",
                                      "http://[::1]x/v1",
                                      "http://ho st/v1",
                                      "http://host/\r\nX: y",
                                      "http://h\xC3\xB6st/v1",
                                      "http://host\\@other/v1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CU_ASSERT_EQUAL(base_url_check(text_of(good[i]), NULL), TW_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tw_error error;
        CU_ASSERT_EQUAL(base_url_check(text_of(bad[i]), &error), TW_INVALID);
        CU_ASSERT_PTR_NULL(strstr(error.message, "word@"));
    }
}

static void test_loopback(void)
{
    CU_ASSERT_TRUE(base_url_is_loopback(TEXT("http://127.0.0.1:9/v1")));
    CU_ASSERT_TRUE(base_url_is_loopback(TEXT("http://127.8.8.8")));
    CU_ASSERT_TRUE(base_url_is_loopback(TEXT("http://LocalHost:9/v1")));
    CU_ASSERT_TRUE(base_url_is_loopback(TEXT("http://[::1]:9/v1")));
    CU_ASSERT_FALSE(base_url_is_loopback(TEXT("http://127.0.0.1.example.com/v1")));
    CU_ASSERT_FALSE(base_url_is_loopback(TEXT("http://localhost.example.com/v1")));
    CU_ASSERT_FALSE(base_url_is_loopback(TEXT("http://10.0.0.1/v1")));
    CU_ASSERT_FALSE(base_url_is_loopback(TEXT("http://127.1/v1")));
}

static void test_join(void)
{
    static const char *const bases[] = {"http://host/v1", "http://host/v1/", "http://host/v1//"};
    struct buffer url;
    buffer_init(&url, 100);
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        buffer_clear(&url);
        CU_ASSERT_EQUAL(base_url_join(text_of(bases[i]), TEXT("/responses"), &url), TW_OK);
        CU_ASSERT_STRING_EQUAL(url.data, "http://host/v1/responses");
    }
    buffer_free(&url);
}

UNIT_TESTS({"whole answers", test_whole_answers},
           {"an error is an answer", test_an_error_is_an_answer}, {"broken off", test_broken_off},
           {"timeout", test_timeout}, {"not reached", test_not_reached},
           {"the reader has enough", test_reader_has_enough},
           {"headers that cannot be sent", test_headers_that_cannot_be_sent},
           {"cancel", test_cancel}, {"pause", test_pause}, {"base URLs", test_base_urls},
           {"loopback", test_loopback}, {"join", test_join})
