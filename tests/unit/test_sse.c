/* Server-sent events: the standard's rules, limits, and that no split changes anything. */
#include "unit.h"

#include "runtime/retry.h"
#include "runtime/sse.h"

/* Events as "name|data;" */
static enum tw_status note(void *context, const struct sse_event *event)
{
    struct buffer *log = context;
    buffer_text(log, event->name);
    buffer_byte(log, '|');
    buffer_text(log, event->data);
    buffer_byte(log, ';');
    return TW_OK;
}

static enum tw_status feed(struct text stream, size_t piece, struct buffer *log)
{
    struct sse sse;
    enum tw_status status = TW_OK;
    sse_init(&sse, 1 << 16);
    for (size_t at = 0; status == TW_OK && at < stream.length; at += piece) {
        size_t length = stream.length - at < piece ? stream.length - at : piece;
        status = sse_feed(&sse, (struct text){stream.data + at, length}, note, log);
    }
    sse_free(&sse);
    return status;
}

static void expect(struct text stream, struct text wanted)
{
    struct buffer log;
    buffer_init(&log, 1 << 20);
    for (size_t piece = 1; piece <= stream.length; piece++) {
        buffer_clear(&log);
        CU_ASSERT_EQUAL(feed(stream, piece, &log), TW_OK);
        if (!text_equal(buffer_view(&log), wanted))
            printf("\n  %.*s is not %s", (int)log.length, log.data ? log.data : "", wanted.data);
        CU_ASSERT_TRUE(text_equal(buffer_view(&log), wanted));
    }
    buffer_free(&log);
}

static void test_rules(void)
{
    expect(TEXT("data: one\n\ndata: two\n\n"), TEXT("|one;|two;"));
    expect(TEXT("data: one\r\n\r\ndata: two\r\rdata: three\n\r"), TEXT("|one;|two;|three;"));
    expect(TEXT("event: e\ndata: x\n\ndata: y\n\n"), TEXT("e|x;|y;"));
    expect(TEXT("data: a\ndata: b\ndata:\n\n"), TEXT("|a\nb\n;"));
    expect(TEXT("data:  two blanks\n\n"), TEXT("| two blanks;"));
    expect(TEXT("data\n\n"), TEXT("|;"));
    expect(TEXT(": comment\n\n:\n\ndata: x\n\n"), TEXT("|x;"));
    expect(TEXT("event: lost\n\ndata: x\n\n"), TEXT("|x;"));
    expect(TEXT("id: 7\nretry: 9\nnonsense\ndatax: y\ndata: x\n\n"), TEXT("|x;"));
    expect(TEXT("data: cut"), TEXT(""));
    expect(TEXT("data: cut\n"), TEXT(""));
    expect(TEXT("\n\n\r\n\r"), TEXT(""));
    expect(TEXT("\xEF\xBB\xBF"
                "data: x\n\ndata: \xEF\xBB\xBF\n\n"),
           TEXT("|x;|\xEF\xBB\xBF;"));
    expect(TEXT("event: a\nevent: b\ndata: [DONE]\n\n"), TEXT("b|[DONE];"));
    expect(TEXT("data: nul\0byte\n\n"), TEXT("|nul\0byte;"));
}

/* Random streams out of the parts that matter, cut at random. */
static void test_random_splits(void)
{
    static const char *const parts[] = {"data: x", "data:", "event: e", ":", "\r", "\n",
                                        "\r\n",    "\n\n",  "data",     "q", " ",  "\r\n\r\n"};
    struct random random = {42};
    struct buffer stream, whole, pieces;
    buffer_init(&stream, 1 << 16);
    buffer_init(&whole, 1 << 16);
    buffer_init(&pieces, 1 << 16);
    for (int round = 0; round < 2000; round++) {
        struct sse sse;
        buffer_clear(&stream);
        buffer_clear(&whole);
        buffer_clear(&pieces);
        for (int i = 0; i < 40; i++)
            buffer_string(&stream, parts[random_next(&random) % (sizeof parts / sizeof parts[0])]);
        CU_ASSERT_EQUAL(feed(buffer_view(&stream), stream.length, &whole), TW_OK);
        sse_init(&sse, 1 << 16);
        for (size_t at = 0; at < stream.length;) {
            size_t length = random_next(&random) % (stream.length - at + 1);
            sse_feed(&sse, (struct text){stream.data + at, length}, note, &pieces);
            at += length;
        }
        sse_free(&sse);
        CU_ASSERT_TRUE(text_equal(buffer_view(&whole), buffer_view(&pieces)));
    }
    buffer_free(&stream);
    buffer_free(&whole);
    buffer_free(&pieces);
}

static void test_limits(void)
{
    struct buffer log;
    struct sse sse;
    buffer_init(&log, 1 << 20);
    sse_init(&sse, 8);
    CU_ASSERT_EQUAL(sse_feed(&sse, TEXT("data: xx\n\n"), note, &log), TW_OK);
    CU_ASSERT_EQUAL(sse_feed(&sse, TEXT("data: xxx"), note, &log), TW_LIMIT);
    sse_free(&sse);
    sse_init(&sse, 8);
    CU_ASSERT_EQUAL(sse_feed(&sse, TEXT("data:abc\ndata:def\n"), note, &log), TW_OK);
    CU_ASSERT_EQUAL(sse_feed(&sse, TEXT("data:gh\n"), note, &log), TW_LIMIT);
    sse_free(&sse);
    CU_ASSERT_TRUE(text_is(buffer_view(&log), "|xx;"));
    buffer_free(&log);
}

static enum tw_status stop_at_two(void *context, const struct sse_event *event)
{
    int *count = context;
    (void)event;
    return ++*count == 2 ? TW_BUSY : TW_OK;
}

static void test_visitor_ends_it(void)
{
    struct sse sse;
    int count = 0;
    sse_init(&sse, 100);
    CU_ASSERT_EQUAL(sse_feed(&sse, TEXT("data: 1\n\ndata: 2\n\ndata: 3\n\n"), stop_at_two, &count),
                    TW_BUSY);
    CU_ASSERT_EQUAL(count, 2);
    sse_free(&sse);
}

/* Raw bytes: together they are the stream, and each event has its own. */
static enum tw_status note_raw(void *context, const struct sse_event *event)
{
    struct buffer *log = context;
    buffer_text(log, event->raw);
    buffer_string(log, event->has_data ? "#" : "~");
    return TW_OK;
}

static void expect_raw(struct text stream, const char *wanted)
{
    struct buffer log;
    buffer_init(&log, 1 << 20);
    for (size_t piece = stream.length; piece > 0; piece--) {
        struct sse sse;
        buffer_clear(&log);
        sse_init(&sse, 1 << 16);
        sse.keep_raw = true;
        for (size_t at = 0; at < stream.length; at += piece) {
            size_t length = stream.length - at < piece ? stream.length - at : piece;
            struct text bytes = {stream.data + at, length};
            CU_ASSERT_EQUAL(sse_feed(&sse, bytes, note_raw, &log), TW_OK);
        }
        buffer_text(&log, sse_rest(&sse));
        sse_free(&sse);
        if (piece == stream.length)
            CU_ASSERT_STRING_EQUAL(log.data, wanted);
        size_t kept = 0;
        for (size_t i = 0; i < log.length; i++)
            if (log.data[i] != '#' && log.data[i] != '~')
                log.data[kept++] = log.data[i];
        CU_ASSERT_TRUE(text_equal((struct text){log.data, kept}, stream));
    }
    buffer_free(&log);
}

static void test_raw(void)
{
    expect_raw(TEXT("data: a\n\ndata: b\n\n"), "data: a\n\n#data: b\n\n#");
    expect_raw(TEXT("data: a\r\n\r\n: c\r\n\r\ndata: b\r\n\r\n"),
               "data: a\r\n\r\n#: c\r\n\r\n~data: b\r\n\r\n#");
    expect_raw(TEXT("data: a\r\rdata: b\r\r"), "data: a\r\r#data: b\r\r#");
    expect_raw(TEXT("id: 1\n\n\ndata:a\n\ntail"), "id: 1\n\n~\n~data:a\n\n#tail");
    expect_raw(TEXT("\xEF\xBB\xBF"
                    "event: x\ndata: a\n\n"),
               "\xEF\xBB\xBF"
               "event: x\ndata: a\n\n#");
}

UNIT_TESTS({"raw bytes", test_raw}, {"the standard's rules", test_rules},
           {"random splits", test_random_splits}, {"limits", test_limits},
           {"the visitor ends it", test_visitor_ends_it})
