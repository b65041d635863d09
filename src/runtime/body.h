/* runtime/body.h: what the router needs from a request body, and the changes it makes there.
 *
 * The body stays where it is: a struct body points into the bytes it was read from, which must stay
 * unchanged as long as it is used. Nothing to free. Safe for all threads. */
#ifndef TIERWAY_RUNTIME_BODY_H
#define TIERWAY_RUNTIME_BODY_H

#include "base/json.h"

enum body_member {
#define BODY_MEMBER(name, text) BODY_##name,
#include "runtime/body.def"
#undef BODY_MEMBER
    BODY_MEMBER_COUNT
};

struct body {
    struct text document;
    struct json_value root;
    size_t member_count;                           /* all top-level members, known or not */
    struct json_member members[BODY_MEMBER_COUNT]; /* absent: value.raw.data is NULL */
    struct json_value include_usage;               /* of stream_options; absent: raw.data is NULL */
    int64_t messages;                              /* elements of messages and input; text is one */
    int64_t characters;                            /* code points of all text content, see tokens */
    int64_t tokens;                                /* estimate: characters / 4, rounded down */
    int64_t max_output_tokens; /* -1: none of the three members holds a number from 0 up */
    bool stream;               /* the body says true */
    bool usage_wanted;         /* stream_options.include_usage is true */
    bool tools;                /* the list of tools is not empty */
};

/* Reads a body. What is counted as text (docs/language.md, `tokens`): the content of each message
 * or input item, the input where it is a string, and the instructions, joined by one space each.
 * Content is a string, or parts of which each `text` counts, joined by one space; a message without
 * text counts as an empty one, so that it still has its space. An escape counts as the code point
 * it stands for.
 *
 * The types of members are not checked: a body that is wrong in that way is the provider's to
 * refuse. TW_INVALID: not JSON, no object, or a member twice that may stand there once. TW_LIMIT:
 * nested too deep. error (may be NULL) says which. The caller limits the length. */
enum tw_status body_scan(struct text document, struct body *body, struct tw_error *error) MUST_USE;

static inline bool body_has(const struct body *body, enum body_member member)
{
    return body->members[member].value.raw.data != NULL;
}

/* Appends the body byte for byte, but for these changes:
 *
 * tier           NULL takes service_tier out. Otherwise it replaces the value in place, or the
 *                member becomes the first one.
 * include_usage  true sets stream_options.include_usage: in place, or as the first member of
 *                stream_options, or of the body. Where stream_options or include_usage has a value
 *                of a type that the provider has to refuse, it is left alone.
 * Returns the buffer's status. */
enum tw_status body_splice(const struct body *body, const struct text *tier, bool include_usage,
                           struct buffer *out);

#endif
