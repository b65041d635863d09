/* Callbacks: what a job may name, what a worker allows, what is sent, how it is signed, and running
 * a program within its bounds. */
#include "queue/callback.h"

#include "base/clock.h"
#include "queue/program_run.h"
#include "queue/webhook.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_names(void)
{
    static const char *const good[] = {"command", "a_B-9", "https://a.example/x?y=1",
                                       "http://[::1]:80/"};
    static const char *const bad[] = {"",
                                      "/bin/sh",
                                      "a b",
                                      "../x",
                                      "ftp://a",
                                      "https://user@a.example/",
                                      "https://a.example/#x",
                                      "https://a.example/ x",
                                      "https://",
                                      "https:///x",
                                      "https://a.example\\@b.example/",
                                      "https://a.example/\n",
                                      "javascript:alert(1)"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CU_ASSERT_EQUAL(callback_check(text_of(good[i]), NULL), TW_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_EQUAL(callback_check(text_of(bad[i]), NULL), TW_INVALID);
    CU_ASSERT_EQUAL(callback_check((struct text){"a\0b", 3}, NULL), TW_INVALID);
    char *long_one = malloc(JOB_CALLBACK_MAX + 2);
    memset(long_one, 'a', JOB_CALLBACK_MAX + 1);
    CU_ASSERT_EQUAL(callback_check((struct text){long_one, JOB_CALLBACK_MAX}, NULL), TW_OK);
    CU_ASSERT_EQUAL(callback_check((struct text){long_one, JOB_CALLBACK_MAX + 1}, NULL), TW_LIMIT);
    free(long_one);
}

static void test_allowed_urls(void)
{
    static const struct {
        const char *url, *allowed;
        bool is_allowed;
    } cases[] = {
        {"https://a.example/hook", "https://a.example/hook", true},
        {"https://a.example/hook?x=1", "https://a.example/hook", false},
        {"https://a.example/hooks", "https://a.example/hook", false},
        {"https://a.example/h/one-2.3", "https://a.example/h/", true},
        {"https://a.example/h/", "https://a.example/h/", true},
        {"https://a.example/h/a/b", "https://a.example/h/", true},
        {"https://a.example/h/..", "https://a.example/h/", false},
        {"https://a.example/h/a/../../x", "https://a.example/h/", false},
        {"https://a.example/h/%2e%2e/x", "https://a.example/h/", false},
        {"https://a.example/h/a?x=1", "https://a.example/h/", false},
        {"https://a.example/h/..a", "https://a.example/h/", true},
        {"https://a.example.evil/", "https://a.example", false},
        {"http://a.example/h/x", "https://a.example/h/", false},
        {"https://a.example/h", "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CU_ASSERT_EQUAL(callback_url_allowed(text_of(cases[i].url), text_of(cases[i].allowed)),
                        cases[i].is_allowed);
}

static void test_body(void)
{
    struct buffer out;
    struct callback_message message = {.number = 7,
                                       .ended = 1772668800123,
                                       .state = JOB_DONE,
                                       .id = TEXT("a\"b"),
                                       .result = TEXT("{\"id\":\"batch_req_7\"}")};
    buffer_init(&out, 4096);
    callback_write(&out, &message);
    CU_ASSERT_STRING_EQUAL(out.data,
                           "{\"type\":\"job.done\",\"timestamp\":\"2026-03-05T00:00:00.123Z\","
                           "\"data\":{\"id\":\"a\\\"b\",\"state\":\"done\",\"result\":"
                           "{\"id\":\"batch_req_7\"}}}");
    message.state = JOB_CANCELLED;
    message.result = TEXT("");
    message.batch = TEXT("batch_1");
    buffer_clear(&out);
    callback_write(&out, &message);
    CU_ASSERT_STRING_EQUAL(out.data,
                           "{\"type\":\"job.cancelled\",\"timestamp\":\"2026-03-05T00:00:00.123Z\","
                           "\"data\":{\"id\":\"a\\\"b\",\"batch\":\"batch_1\","
                           "\"state\":\"cancelled\",\"result\":null}}");
    buffer_free(&out);
}

/* The example of the specification's own libraries. */
static void test_signature(void)
{
    struct webhook_secret secret;
    struct buffer out;
    CU_ASSERT_EQUAL_FATAL(
        webhook_secret_read(TEXT("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), &secret, NULL),
        TW_OK);
    buffer_init(&out, 1024);
    webhook_sign(&secret, TEXT("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
                 TEXT("{\"test\": 2432232314}"), &out);
    CU_ASSERT_STRING_EQUAL(out.data, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    CU_ASSERT_EQUAL_FATAL(webhook_secret_read(TEXT("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n\n"
                                                   "  whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                                              &secret, NULL),
                          TW_OK);
    buffer_clear(&out);
    webhook_sign(&secret, TEXT("a"), 1, TEXT("b"), &out);
    CU_ASSERT_EQUAL(out.length, 2 * (3 + 44) + 1);
    buffer_free(&out);
}

static void test_bad_secrets(void)
{
    static const char *const bad[] = {"",
                                      "\n\n",
                                      "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                      "whsec_",
                                      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
                                      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",
                                      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La-_Sw",
                                      "whsec_AAAA"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct webhook_secret secret;
        struct tw_error error = {.message = ""};
        CU_ASSERT_EQUAL(webhook_secret_read(text_of(bad[i]), &secret, &error), TW_INVALID);
        CU_ASSERT_PTR_NULL(strstr(error.message, "MfKQ"));
    }
}

/* --- programs --- */

struct script {
    char folder[32], path[64];
};

static struct script script_make(const char *text)
{
    struct script script = {.folder = "/tmp/tierway-callback-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(script.folder));
    snprintf(script.path, sizeof script.path, "%s/script", script.folder);
    FILE *file = fopen(script.path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    fclose(file);
    chmod(script.path, 0700);
    return script;
}

static void script_remove(const struct script *script)
{
    unlink(script->path);
    rmdir(script->folder);
}

static enum tw_status run(const char *text, struct text input, int64_t timeout,
                          struct buffer *output)
{
    static char *const environment[] = {"PATH=/usr/bin:/bin", "ONLY=this", NULL};
    struct script script = script_make(text);
    const struct program_order order = {.path = script.path,
                                        .environment = environment,
                                        .input = input,
                                        .timeout = timeout,
                                        .output = output};
    struct tw_error error;
    enum tw_status status = program_run(&order, &error);
    script_remove(&script);
    return status;
}

static void test_program(void)
{
    struct buffer output;
    buffer_init(&output, 4096);
    CU_ASSERT_EQUAL(run("cat; echo err >&2", TEXT("hello "), 20000, &output), TW_OK);
    CU_ASSERT_TRUE(text_is(buffer_view(&output), "hello err\n"));
    buffer_clear(&output);
    CU_ASSERT_EQUAL(run("exit 3", TEXT(""), 20000, &output), TW_INVALID);
    CU_ASSERT_EQUAL(run("kill -9 $$", TEXT(""), 20000, &output), TW_INVALID);
    setenv("OPENAI_API_KEY", "secret", 1);
    CU_ASSERT_EQUAL(run("env | grep -c -e ONLY -e OPENAI", TEXT(""), 20000, &output), TW_OK);
    CU_ASSERT_TRUE(text_is(buffer_view(&output), "1\n"));
    unsetenv("OPENAI_API_KEY");
    buffer_free(&output);
}

static void test_program_is_bounded(void)
{
    struct buffer output;
    char *large = malloc(1 << 20);
    memset(large, 'x', 1 << 20);
    buffer_init(&output, 100);
    CU_ASSERT_EQUAL(run("cat", (struct text){large, 1 << 20}, 20000, &output), TW_OK);
    CU_ASSERT_EQUAL(output.length, 100);
    CU_ASSERT_EQUAL(run("exit 0", (struct text){large, 1 << 20}, 20000, &output), TW_OK);
    int64_t begun = clock_monotonic();
    CU_ASSERT_EQUAL(run("sleep 60 & sleep 60", TEXT(""), 100, &output), TW_TIMEOUT);
    CU_ASSERT_EQUAL(run("sleep 60 &", TEXT(""), 20000, &output), TW_OK);
    CU_ASSERT_TRUE(clock_monotonic() - begun < 10 * INT64_C(1000000000));
    free(large);
    buffer_free(&output);
}

static void test_no_program(void)
{
    static char *const environment[] = {NULL};
    struct buffer output;
    struct tw_error error;
    buffer_init(&output, 100);
    const struct program_order order = {.path = "/nonexistent/file",
                                        .environment = environment,
                                        .input = TEXT("x"),
                                        .timeout = 1000,
                                        .output = &output};
    CU_ASSERT_EQUAL(program_run(&order, &error), TW_IO);
    buffer_free(&output);
}

UNIT_TESTS({"names", test_names}, {"allowed URLs", test_allowed_urls}, {"body", test_body},
           {"signature", test_signature}, {"bad secrets", test_bad_secrets},
           {"program", test_program}, {"a program is bounded", test_program_is_bounded},
           {"no program", test_no_program})
