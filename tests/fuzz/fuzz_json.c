/* tests/fuzz/fuzz_json.c: what we accept, json-c accepts in strict mode; an object read in one pass
 * is the same; what a splice gives is again a body, with the tier that was asked for. json-c is
 * laxer than RFC 8259 (control characters, "1.", "01"), so that the other direction cannot hold. */
#include "runtime/body.h"

#include <stdlib.h>

#include <json-c/json.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare_with_json_c(struct text document)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH + 2);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    json_object_put(json_tokener_parse_ex(tokener, document.data, (int)document.length));
    enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error != json_tokener_success && error != json_tokener_continue)
        abort(); /* continue: a number may go on */
    json_tokener_free(tokener);
}

/* An object read in one pass is what the scanner and the walk give. The names of its first half are
 * expected. */
static void compare_members(struct text document, bool is_object, struct json_value root)
{
    struct json_member members[JSON_SHAPE_PLACES], walked;
    struct json_shape shape = {0};
    size_t count, again, at = 0;
    bool taken = json_object_members(document, &shape, members, JSON_SHAPE_PLACES, &count);
    if (taken && !is_object)
        abort();
    for (size_t place = 0; taken && place < count / 2; place++)
        json_shape_keep(&shape, place, &members[place]);
    if (json_object_members(document, &shape, members, JSON_SHAPE_PLACES, &again) != taken)
        abort();
    struct json_iterator iterator = json_members_begin(root);
    for (; is_object && json_next_member(&iterator, &walked); at++)
        if (taken && (at == count || !text_equal(walked.name, members[at].name) ||
                      !text_equal(walked.value.raw, members[at].value.raw)))
            abort();
    if (is_object && (taken ? at != count : at <= JSON_SHAPE_PLACES))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text document = {(const char *)data, size}, tier = TEXT("fl\"ex");
    struct json_value root = {0};
    struct body body, again;
    struct buffer out;
    buffer_init(&out, size + 200);
    bool good = json_parse(document, &root, NULL) == TW_OK;
    if (good)
        compare_with_json_c(document);
    compare_members(document, good && root.kind == JSON_OBJECT, root);
    if (body_scan(document, &body, NULL) == TW_OK && body_splice(&body, &tier, true, &out) == TW_OK)
        if (body_scan(buffer_view(&out), &again, NULL) != TW_OK || again.tokens != body.tokens ||
            !text_is(again.members[BODY_SERVICE_TIER].value.raw, "\"fl\\\"ex\""))
            abort();
    buffer_free(&out);
    return 0;
}
