/* Lines of OpenAI's Batch API, in and out. */
#include "queue/batch_line.h"

#include "unit.h"

#define BODY "{\"model\":\"gpt-5-mini\",\"messages\":[]}"

static enum tw_status read_line(const char *line, struct batch_request *request)
{
    struct tw_error error;
    return batch_line_read(text_of(line), request, &error);
}

static void test_batch(void)
{
    struct batch_request request;
    CU_ASSERT_EQUAL(read_line("{\"custom_id\":\"a\\u00e9\",\"method\":\"POST\","
                              "\"url\":\"/v1/responses\",\"body\":" BODY "}",
                              &request),
                    TW_OK);
    CU_ASSERT_TRUE(text_is(buffer_view(&request.custom_id), "a\xc3\xa9"));
    CU_ASSERT_STRING_EQUAL(request.endpoint, "/responses");
    CU_ASSERT_TRUE(text_is(request.body, BODY));
    batch_request_free(&request);
}

static void test_body_alone(void)
{
    struct batch_request request;
    CU_ASSERT_EQUAL(read_line(BODY, &request), TW_OK);
    CU_ASSERT_EQUAL(request.custom_id.length, 0);
    CU_ASSERT_STRING_EQUAL(request.endpoint, "/chat/completions");
    batch_request_free(&request);
}

static void test_bad_lines(void)
{
    static const char *const lines[] = {
        "",
        "[]",
        "{\"model\":\"m\"",
        "{\"messages\":[]}",
        "{\"model\":\"m\",\"stream\":true}",
        "{\"custom_id\":\"\",\"url\":\"/v1/responses\",\"body\":" BODY "}",
        "{\"custom_id\":7,\"url\":\"/v1/responses\",\"body\":" BODY "}",
        "{\"custom_id\":\"a\",\"url\":\"/v1/embeddings\",\"body\":" BODY "}",
        "{\"custom_id\":\"a\",\"method\":\"GET\",\"url\":\"/v1/responses\",\"body\":" BODY "}",
        "{\"custom_id\":\"a\",\"url\":\"/v1/responses\",\"body\":[]}",
        "{\"custom_id\":\"a\",\"custom_id\":\"b\",\"url\":\"/v1/responses\",\"body\":" BODY "}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct batch_request request;
        CU_ASSERT_EQUAL(read_line(lines[i], &request), TW_INVALID);
        batch_request_free(&request);
    }
}

static void test_written(void)
{
    struct buffer out;
    buffer_init(&out, 4096);
    batch_line_write(&out, &(struct batch_answer){.number = 3,
                                                  .custom_id = TEXT("a"),
                                                  .status = 200,
                                                  .request_id = TEXT("req_1"),
                                                  .body = TEXT("{\n\"x\":1}")});
    CU_ASSERT_TRUE(text_is(buffer_view(&out),
                           "{\"id\":\"batch_req_3\",\"custom_id\":\"a\",\"response\":"
                           "{\"status_code\":200,\"request_id\":\"req_1\",\"body\":{ \"x\":1}},"
                           "\"error\":null}"));
    buffer_clear(&out);
    batch_line_write(&out, &(struct batch_answer){.number = 4,
                                                  .custom_id = TEXT("b"),
                                                  .code = TEXT("batch_expired"),
                                                  .message = TEXT("late")});
    CU_ASSERT_TRUE(text_is(buffer_view(&out),
                           "{\"id\":\"batch_req_4\",\"custom_id\":\"b\",\"response\":null,"
                           "\"error\":{\"code\":\"batch_expired\",\"message\":\"late\"}}"));
    buffer_free(&out);
}

UNIT_TESTS({"a line of a batch", test_batch}, {"a body alone", test_body_alone},
           {"bad lines", test_bad_lines}, {"answers", test_written})
