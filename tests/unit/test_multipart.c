/* Forms as clients send them, and forms that are refused, each with its reason. */
#include "gateway/multipart.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#define TYPE "multipart/form-data; boundary=b"
#define NAMED "Content-Disposition: form-data; name=\"n\"\r\n\r\n"

/* Reads all; the status of the last call, and how many parts there were. */
static enum tw_status read_all(const char *type, struct text body, struct multipart_part *parts,
                               size_t *count, struct tw_error *error)
{
    struct multipart form;
    struct multipart_part part;
    bool found = true;
    *count = 0;
    enum tw_status status = multipart_begin(&form, text_of(type), body, error);
    while (status == TW_OK && found) {
        status = multipart_next(&form, &part, &found, error);
        if (status == TW_OK && found && *count < 4)
            parts[*count] = part;
        *count += status == TW_OK && found;
    }
    return status;
}

static void expect_refused(const char *type, const char *body, const char *reason)
{
    struct multipart_part parts[4];
    struct tw_error error = {.message = ""};
    char wanted[160];
    size_t count;
    snprintf(wanted, sizeof wanted, "The multipart body is malformed: %s.", reason);
    CU_ASSERT_EQUAL(read_all(type, text_of(body), parts, &count, &error), TW_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, wanted);
}

static void test_forms(void)
{
    static const char body[] = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n"
                               "batch\r\n--b\r\ncontent-disposition:form-data;filename=\"a\\\"b\""
                               " ; name=file\r\nContent-Type: text/plain\r\n"
                               "Content-Transfer-Encoding: binary\r\n\r\n"
                               "\r\n--B\n--b\r\nlines\r\n\r\n--b--\r\n";
    struct multipart_part parts[4];
    size_t count;
    CU_ASSERT_EQUAL(read_all(TYPE, text_of(body), parts, &count, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_TRUE(text_is(parts[0].name, "purpose"));
    CU_ASSERT_TRUE(text_is(parts[0].content, "batch"));
    CU_ASSERT_FALSE(parts[0].has_filename);
    CU_ASSERT_TRUE(text_is(parts[1].name, "file"));
    CU_ASSERT_TRUE(text_is(parts[1].filename, "a\\\"b"));
    CU_ASSERT_TRUE(parts[1].has_filename);
    CU_ASSERT_TRUE(text_is(parts[1].content, "\r\n--B\n--b\r\nlines\r\n"));
    CU_ASSERT_EQUAL(
        read_all("Multipart/Form-Data;Boundary=\"b\"", TEXT("--b--"), parts, &count, NULL), TW_OK);
    CU_ASSERT_EQUAL(count, 0);
}

static void test_types(void)
{
    CU_ASSERT_TRUE(multipart_is_form(TEXT("multipart/form-data")));
    CU_ASSERT_TRUE(multipart_is_form(TEXT("MULTIPART/form-data ;x=y")));
    CU_ASSERT_FALSE(multipart_is_form(TEXT("multipart/form-database")));
    CU_ASSERT_FALSE(multipart_is_form(TEXT("")));
    expect_refused("application/json", "{}", "its type is not multipart/form-data");
    expect_refused("multipart/form-data", "--b--", "its type names no boundary");
    expect_refused("multipart/form-data; boundary=b; boundary=c", "--b--", "it has two boundaries");
    expect_refused("multipart/form-data; boundary=\"b", "--b--",
                   "the parameters of its type cannot be read");
    expect_refused("multipart/form-data; boundary=b;", "--b--",
                   "the parameters of its type cannot be read");
    expect_refused("multipart/form-data; boundary=\"b \"", "--b --",
                   "its boundary is not of the letters that one may have");
    expect_refused("multipart/form-data; boundary=\"\"", "----",
                   "its boundary is not of the letters that one may have");
    expect_refused("multipart/form-data; boundary="
                   "12345678901234567890123456789012345678901234567890123456789012345678901",
                   "--", "its boundary is not of the letters that one may have");
}

static void test_bodies(void)
{
    const struct {
        const char *body, *reason;
    } cases[] = {
        {"", "it does not begin with its boundary"},
        {"x\r\n--b--", "it does not begin with its boundary"},
        {"--bb\r\n", "something stands behind a boundary"},
        {"--b\n" NAMED, "something stands behind a boundary"},
        {"--b--\r\nmore", "something stands behind the last boundary"},
        {"--b--more", "something stands behind a boundary"},
        {"--b\r\nContent-Disposition: form-data", "it ends within the headers of a part"},
        {"--b\r\n\r\nx\r\n--b--", "a part has no Content-Disposition"},
        {"--b\r\nno header\r\n\r\n", "a part has a line that is no header"},
        {"--b\r\nContent-Disposition : form-data; name=\"n\"\r\n\r\n",
         "a part has a line that is no header"},
        {"--b\r\nA: b\nC: d\r\n\r\n", "a header holds half of a line end"},
        {"--b\r\nContent-Disposition: attachment; name=\"n\"\r\n\r\n", "a part is not form-data"},
        {"--b\r\nContent-Disposition: form-data\r\n\r\n", "a part has no name"},
        {"--b\r\nContent-Disposition: form-data; name=\"n\r\n\r\n",
         "a Content-Disposition cannot be read"},
        {"--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n", "a part has two names"},
        {"--b\r\nContent-Disposition: form-data; name=a; filename=b; filename=c\r\n\r\n",
         "a part has two names"},
        {"--b\r\nContent-Disposition: form-data; name=a\r\n" NAMED,
         "a part has two Content-Dispositions"},
        {"--b\r\nContent-Transfer-Encoding: base64\r\n" NAMED, "a part is encoded"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refused(TYPE, cases[i].body, cases[i].reason);
    struct multipart_part parts[4];
    size_t count;
    CU_ASSERT_EQUAL(read_all(TYPE, TEXT("--b\r\n" NAMED "no end"), parts, &count, NULL),
                    TW_INVALID);
}

static void test_limits(void)
{
    struct multipart_part parts[4];
    struct tw_error error;
    struct buffer body;
    size_t count;
    buffer_init(&body, 1 << 20);
    for (int i = 0; i < MULTIPART_PARTS_MAX + 1; i++)
        buffer_string(&body, i ? "\r\n--b\r\n" NAMED : "--b\r\n" NAMED);
    buffer_string(&body, "\r\n--b--");
    CU_ASSERT_EQUAL(read_all(TYPE, buffer_view(&body), parts, &count, &error), TW_LIMIT);
    CU_ASSERT_EQUAL(count, MULTIPART_PARTS_MAX);
    CU_ASSERT_STRING_EQUAL(error.message, "The multipart body has more than 64 parts.");
    buffer_clear(&body);
    buffer_string(&body, "--b\r\nX: ");
    buffer_repeat(&body, 'x', MULTIPART_HEAD_MAX);
    buffer_string(&body, "\r\n" NAMED "\r\n--b--");
    CU_ASSERT_EQUAL(read_all(TYPE, buffer_view(&body), parts, &count, &error), TW_LIMIT);
    CU_ASSERT_STRING_EQUAL(error.message, "The headers of a part are too long.");
    buffer_free(&body);
}

static void expect_decoded(const char *written, const char *wanted)
{
    struct buffer out;
    buffer_init(&out, 1000);
    multipart_decode(text_of(written), &out);
    CU_ASSERT_TRUE(text_is(buffer_view(&out), wanted));
    buffer_free(&out);
}

static void test_names(void)
{
    expect_decoded("a.jsonl", "a.jsonl");
    expect_decoded("a\\\"b\\\\c", "a\"b\\c");
    expect_decoded("a%22b%0D%0Ac", "a\"b\r\nc");
    expect_decoded("100%", "100%");
    expect_decoded("a\\", "a\\");
    expect_decoded("%41\\n", "%41\\n");
}

UNIT_TESTS({"forms", test_forms}, {"types", test_types}, {"bodies", test_bodies},
           {"limits", test_limits}, {"names", test_names})
