/* Which requests the HTTP server takes and which it refuses: the usual conformance table, and
 * whatever two parsers could read in two ways. */
#include "server_fixture.h"

struct shape {
    const char *request;
    int status;
    const char *code; /* in the answer */
};

static void check_shapes(const struct shape *shapes, size_t count)
{
    struct fixture *fixture = open_usual();
    struct buffer answer;
    buffer_init(&answer, PROBE_BYTES);
    for (size_t i = 0; i < count; i++) {
        int status = probe_ask(fixture->address, shapes[i].request, &answer);
        if (status != shapes[i].status || !strstr(answer.data ? answer.data : "", shapes[i].code))
            printf("\n  %s\n  -> %.*s\n", shapes[i].request, (int)answer.length, answer.data);
        CU_ASSERT_EQUAL(status, shapes[i].status);
        CU_ASSERT_EQUAL(probe_count(&answer, "connection: close\r\n"), 1);
        CU_ASSERT_EQUAL(probe_count(&answer, shapes[i].code), 1);
    }
    buffer_free(&answer);
    close_fixture(fixture);
}

#define CHECK_SHAPES(shapes) check_shapes(shapes, sizeof(shapes) / sizeof(shapes)[0])

static void test_accepted(void)
{
    static const struct shape shapes[] = {
        {"GET /a?b=c HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 200, "GET /a?b=c []"},
        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", 200, "GET / []"},
        {"GET / HTTP/1.0\r\n\r\n", 200, "GET / []"},
        {START CLOSE "Content-Length: 2\r\n\r\nhi", 200, "POST /echo [hi]"},
        {START CLOSE "Content-Length: 0\r\n\r\n", 200, "POST /echo []"},
        {START CLOSE "X:\r\nY:  \r\n\r\n", 200, "POST /echo []"},
        {START CLOSE "X: caf\xc3\xa9\r\n\r\n", 200, "POST /echo []"},
        {START "Connection: upgrade, close\r\nUpgrade: h2c\r\n\r\n", 200, "POST /echo []"},
        {CHUNKED "2\r\nhi\r\n0\r\n\r\n", 200, "POST /echo [hi]"},
        {CHUNKED "2\r\nhi\r\n00A\r\n0123456789\r\n0\r\n\r\n", 200, "POST /echo [hi0123456789]"},
        {CHUNKED "2;name=value\r\nhi\r\n0\r\n\r\n", 200, "POST /echo [hi]"},
        {CHUNKED "0\r\n\r\n", 200, "POST /echo []"},
    };
    CHECK_SHAPES(shapes);
}

static void test_ambiguous_framing(void)
{
    static const struct shape shapes[] = {
        {START "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "two_lengths"},
        {START "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n", 400, "two_lengths"},
        {START "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", 400, "two_lengths"},
        {START "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", 400, "two_lengths"},
        {START "Content-Length: 2, 2\r\n\r\nhi", 400, "invalid_content_length"},
        {START "Content-Length: +2\r\n\r\nhi", 400, "invalid_content_length"},
        {START "Content-Length: -2\r\n\r\nhi", 400, "invalid_content_length"},
        {START "Content-Length: 2 3\r\n\r\nhi", 400, "invalid_content_length"},
        {START "Content-Length: 0x2\r\n\r\nhi", 400, "invalid_content_length"},
        {START "Content-Length:\r\n\r\nhi", 400, "invalid_content_length"},
        {START "Content-Length: 99999999999999999999\r\n\r\n", 400, "invalid_content_length"},
        {START "Transfer-Encoding: xchunked\r\n\r\n", 501, "transfer_encoding_not_supported"},
        {START "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "transfer_encoding_not_supported"},
        {START "Transfer-Encoding: identity\r\n\r\n", 501, "transfer_encoding_not_supported"},
        {START "Transfer-Encoding: chunked, identity\r\n\r\n", 501, "transfer_encoding_not"},
        {START "Transfer-Encoding:\r\n\r\n", 501, "transfer_encoding_not_supported"},
        {START "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501,
         "transfer_"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501,
         "transfer_encoding"},
    };
    CHECK_SHAPES(shapes);
}

static void test_bad_chunks(void)
{
    static const struct shape shapes[] = {
        {CHUNKED "2\nhi\r\n0\r\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "2\r\nhi\n0\r\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "2\r\nhi\r\n0\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "2\r\nhi\r\n0\r\n\n", 400, "invalid_chunk"},
        {CHUNKED "2;a\nhi\r\n0\r\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "2;a\rx\r\nhi\r\n0\r\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "0x2\r\nhi\r\n0\r\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "2 \r\nhi\r\n0\r\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "-2\r\nhi\r\n0\r\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "+2\r\nhi\r\n0\r\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "\r\nhi\r\n0\r\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "2\r\nhiX\r\n0\r\n\r\n", 400, "invalid_chunk"},
        {CHUNKED "fffffffffffffffff\r\nhi", 400, "invalid_chunk"},
        {CHUNKED "ffffffffffffffff\r\nhi", 413, "body_too_large"},
        {CHUNKED "2\r\nhi\r\n0\r\nA: b\r\n\r\n", 400, "trailer"},
    };
    CHECK_SHAPES(shapes);
}

static void test_bad_heads(void)
{
    static const struct shape shapes[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400, "host_header"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "host_header"},
        {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, "host_header"},
        {START "A: b\r\n c\r\n\r\n", 400, "folded_header"},
        {START "A: b\r\n\tc\r\n\r\n", 400, "folded_header"},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "folded_header"},
        {START "A: b\n\r\n", 400, "bad_line_end"},
        {"GET / HTTP/1.1\nHost: a\n\n", 400, "bad_line_end"},
        {START "A: b\rc: d\r\n\r\n", 400, "bad_line_end"},
        {START "\n", 400, "bad_line_end"},
        {START "A : b\r\n\r\n", 400, "invalid_header_name"},
        {START "A\t: b\r\n\r\n", 400, "\"error\""},
        {START "A b: c\r\n\r\n", 400, "invalid_header_name"},
        {START ": c\r\n\r\n", 400, "invalid_header_name"},
        {START "A(): c\r\n\r\n", 400, "\"invalid_header\""},
        {START "no colon\r\n\r\n", 400, "\"error\""},
        {START "A: b\001\r\n\r\n", 400, "\"invalid_header\""},
        {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_request_line"},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_request_line"},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_request_line"},
        {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_request_line"},
        {"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_request_line"},
        {"GET /\r\n\r\n", 400, "malformed_request_line"},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_request_line"},
        {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid_target"},
        {"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid_target"},
        {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid_target"},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid_target"},
        {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_supported"},
        {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_supported"},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "version_not_supported"},
        {"GET / RTSP/1.0\r\nHost: a\r\n\r\n", 505, "version_not_supported"},
        {START "Expect: 200-ok\r\n\r\n", 417, "expectation_failed"},
        {"\x16\x03\x01\x02\r\n\r\n", 400, "malformed_request_line"},
    };
    CHECK_SHAPES(shapes);
}

UNIT_TESTS({"accepted shapes", test_accepted}, {"ambiguous framing", test_ambiguous_framing},
           {"bad chunks", test_bad_chunks}, {"bad heads", test_bad_heads})
