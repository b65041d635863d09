/* The access log: what a line says, that none is lost or torn, and that a renamed file is let go.
 */
#include "unit.h"

#include "base/json.h"
#include "gateway/access_log.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

enum { WAIT_MS = 10000, THREADS = 4, EACH = 2000 };

static char folder[64], path[96], renamed[96];

static void begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/tierway-test-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/access.log", folder);
    snprintf(renamed, sizeof renamed, "%s/access.log.1", folder);
}

static void end(void)
{
    unlink(path);
    unlink(renamed);
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static struct access_record example(void)
{
    return (struct access_record){
        .instant = 1767225600123,
        .request_id = TEXT("req_1"),
        .caller = TEXT("web"),
        .method = TEXT("POST"),
        .path = TEXT("/v1/chat/completions"),
        .status = 200,
        .outcome = TEXT("answered"),
        .model = TEXT("gpt-5"),
        .chosen = TEXT("flex"),
        .served = TEXT("default"),
        .rule = TEXT("a \"b\"\n"),
        .policy = TEXT("0123456789abcdef"),
        .attempts = 2,
        .input = 10,
        .cached = 0,
        .output = 20,
        .reasoning = -1,
        .cost = 12500000,
        .default_cost = -1,
        .duration = 1234567,
        .first_byte = -1,
        .decision = 800,
        .received = 100,
        .sent = 2000,
    };
}

static void test_line(void)
{
    struct access_record record = example();
    struct buffer out;
    struct json_value root;
    buffer_init(&out, 1 << 16);
    access_record_print(&record, &out);
    CU_ASSERT_STRING_EQUAL(
        out.data,
        "{\"time\":\"2026-01-01T00:00:00.123Z\",\"request_id\":\"req_1\",\"caller\":\"web\","
        "\"method\":\"POST\",\"path\":\"/v1/chat/completions\",\"outcome\":\"answered\","
        "\"model\":\"gpt-5\",\"requested\":null,\"chosen\":\"flex\",\"served\":\"default\","
        "\"rule\":\"a \\\"b\\\"\\n\",\"policy\":\"0123456789abcdef\",\"status\":200,"
        "\"attempts\":2,\"input_tokens\":10,\"cached_tokens\":0,\"output_tokens\":20,"
        "\"reasoning_tokens\":null,\"received_bytes\":100,\"sent_bytes\":2000,"
        "\"cost\":\"0.0000125\",\"cost_at_default\":null,\"milliseconds\":1.234567,"
        "\"first_byte_milliseconds\":null,\"decision_milliseconds\":0.0008}\n");
    CU_ASSERT_EQUAL(json_parse(buffer_view(&out), &root, NULL), TW_OK);
    /* A long text is cut, and whatever bytes it has the line stays JSON. */
    char bytes[3 * ACCESS_TEXT_MAX];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    record.path = (struct text){bytes, sizeof bytes};
    buffer_clear(&out);
    access_record_print(&record, &out);
    CU_ASSERT_EQUAL(json_parse(buffer_view(&out), &root, NULL), TW_OK);
    CU_ASSERT_PTR_EQUAL(strchr(out.data, '\n'), out.data + out.length - 1);
    CU_ASSERT(out.length < 8 * ACCESS_TEXT_MAX);
    buffer_free(&out);
}

/* The lines of a file; each has to be a JSON object. */
static size_t count_lines(const char *file)
{
    char line[4096];
    size_t count = 0;
    FILE *stream = fopen(file, "r");
    if (!stream)
        return 0;
    while (fgets(line, sizeof line, stream)) {
        struct json_value root;
        CU_ASSERT_EQUAL(json_parse(text_of(line), &root, NULL), TW_OK);
        CU_ASSERT_EQUAL(line[strlen(line) - 1], '\n');
        count++;
    }
    fclose(stream);
    return count;
}

static void *write_many(void *context)
{
    struct access_record record = example();
    for (int i = 0; i < EACH; i++)
        access_log_write(context, &record);
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[THREADS];
    struct access_log *log;
    struct tw_error error;
    begin();
    CU_ASSERT_EQUAL_FATAL(access_log_open(path, &log, &error), TW_OK);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_many, log);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(access_log_lost(log), 0);
    access_log_close(log);
    CU_ASSERT_EQUAL(count_lines(path), THREADS * EACH);
    struct stat status;
    CU_ASSERT_EQUAL(stat(path, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 07, 0);
    end();
}

static bool appears(const char *file)
{
    for (int i = 0; i < WAIT_MS && access(file, F_OK) != 0; i++)
        poll(NULL, 0, 1);
    return access(file, F_OK) == 0;
}

static void test_reopening(void)
{
    struct access_record record = example();
    struct access_log *log;
    struct tw_error error;
    begin();
    CU_ASSERT_EQUAL_FATAL(access_log_open(path, &log, &error), TW_OK);
    access_log_write(log, &record);
    CU_ASSERT_EQUAL(rename(path, renamed), 0);
    access_log_write(log, &record);
    access_log_reopen(log);
    CU_ASSERT_TRUE(appears(path));
    access_log_write(log, &record);
    access_log_close(log);
    /* Lines that waited when the file was opened anew go to the new one; none is lost. */
    CU_ASSERT_EQUAL(count_lines(renamed) + count_lines(path), 3);
    CU_ASSERT(count_lines(path) >= 1);
    end();
}

/* The folder is gone when the file is to be opened anew: lines go on to the old one. */
static void test_reopening_fails(void)
{
    char moved[96], inside[128];
    struct access_record record = example();
    struct access_log *log;
    struct tw_error error;
    begin();
    CU_ASSERT_EQUAL_FATAL(access_log_open(path, &log, &error), TW_OK);
    snprintf(moved, sizeof moved, "%s-moved", folder);
    snprintf(inside, sizeof inside, "%s/access.log", moved);
    CU_ASSERT_EQUAL(rename(folder, moved), 0);
    access_log_reopen(log);
    access_log_write(log, &record);
    access_log_close(log);
    CU_ASSERT_EQUAL(count_lines(inside), 1);
    CU_ASSERT_EQUAL(rename(moved, folder), 0);
    end();
}

static void test_not_to_be_opened(void)
{
    struct access_log *log = (struct access_log *)&log;
    struct tw_error error;
    CU_ASSERT_EQUAL(access_log_open("/nowhere/at/all/x.log", &log, &error), TW_IO);
    CU_ASSERT_PTR_NULL(log);
    CU_ASSERT_STRING_EQUAL(error.message,
                           "the access log cannot be opened: No such file or directory");
    access_log_close(NULL);
    access_log_write(NULL, NULL);
    access_log_reopen(NULL);
    CU_ASSERT_EQUAL(access_log_lost(NULL), 0);
}

/* A full disk: lines are counted as lost, and once there is room lines are whole again. */
static void test_full(void)
{
    struct access_record record = example();
    struct access_log *log;
    struct tw_error error;
    struct rlimit before, small = {1000, 1000};
    begin();
    signal(SIGXFSZ, SIG_IGN);
    CU_ASSERT_EQUAL_FATAL(access_log_open(path, &log, &error), TW_OK);
    CU_ASSERT_EQUAL(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 10; i++)
        access_log_write(log, &record);
    for (int i = 0; i < WAIT_MS && access_log_lost(log) == 0; i++)
        poll(NULL, 0, 1);
    CU_ASSERT(access_log_lost(log) > 0);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
    access_log_write(log, &record);
    access_log_close(log);
    char line[4096] = "";
    FILE *stream = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    while (fgets(line, sizeof line, stream))
        continue;
    fclose(stream);
    struct json_value root;
    CU_ASSERT_EQUAL(json_parse(text_of(line), &root, NULL), TW_OK);
    end();
}

UNIT_TESTS({"a line", test_line}, {"threads", test_threads}, {"reopening", test_reopening},
           {"reopening fails", test_reopening_fails}, {"cannot be opened", test_not_to_be_opened},
           {"a full disk", test_full})
