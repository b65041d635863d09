/* gateway/multipart.h: a whole body of type multipart/form-data, part by part, where it stands.
 * Sources: RFC 7578, RFC 2046 section 5.1, and what browsers, undici, curl and Python send.
 *
 * Strict: nothing before the first boundary, CR LF at the end of every line, a boundary that closes
 * the body, and nothing behind it but one line end. What two parsers could take apart in two ways
 * is refused. Allocates nothing; parts point into the body and live as long. */
#ifndef TIERWAY_GATEWAY_MULTIPART_H
#define TIERWAY_GATEWAY_MULTIPART_H

#include "base/text.h"

enum {
    MULTIPART_BOUNDARY_MAX = 70,   /* RFC 2046 */
    MULTIPART_PARTS_MAX = 64,      /* of one body */
    MULTIPART_HEAD_MAX = 16 * 1024 /* bytes of a part's headers */
};

struct multipart {
    struct text rest; /* of the body, from behind the last boundary line that was read */
    size_t parts;     /* that were read */
    bool closed;
    char delimiter[4 + MULTIPART_BOUNDARY_MAX]; /* CR LF "--" boundary */
    size_t delimiter_length;
};

struct multipart_part {
    struct text name;     /* as written, between the quotes; see multipart_decode */
    struct text filename; /* likewise */
    bool has_filename;
    struct text content;
};

/* Whether a Content-Type names multipart/form-data, whatever its parameters. */
bool multipart_is_form(struct text content_type);
/* TW_INVALID: the type has no usable boundary, or the body does not begin with it. */
enum tw_status multipart_begin(struct multipart *multipart, struct text content_type,
                               struct text body, struct tw_error *error);
/* The next part; *found is false behind the last one. TW_INVALID: the body is not as it has to be;
 * TW_LIMIT: it has too many parts, or a part's headers are too long. */
enum tw_status multipart_next(struct multipart *multipart, struct multipart_part *part, bool *found,
                              struct tw_error *error);
/* Appends a name without its escapes: \" and \\ as curl and Python write them, %22, %0D and %0A as
 * browsers do. */
void multipart_decode(struct text written, struct buffer *out);

#endif
