/* runtime/sse.h: server-sent events out of bytes that arrive in pieces cut anywhere.
 *
 * As the HTML standard has it: lines end in CR, LF or CRLF; a line that starts with a colon is a
 * comment; one blank behind the first colon is not part of the value; several data lines are joined
 * by LF; an empty line ends an event, and an event without data is none; a byte order mark at the
 * very start is skipped; what stands behind the last empty line is lost. `id` and `retry` are not
 * for this reader. */
#ifndef TIERWAY_RUNTIME_SSE_H
#define TIERWAY_RUNTIME_SSE_H

#include "base/text.h"

#define SSE_EVENT_MAX (16 << 20) /* bytes of one line, and of one event's data */

/* Its texts live until the visitor returns. */
struct sse_event {
    struct text name; /* empty where the event has none */
    struct text data;
    struct text raw; /* where that is kept: all bytes since the event before, this one's line ends
                        included */
    bool has_data;   /* false only where raw bytes are kept: comments, or other fields */
};

/* TW_OK to go on; anything else ends the reading and is its result. */
typedef enum tw_status (*sse_visitor)(void *context, const struct sse_event *event);

struct sse {
    struct buffer line, name, data, raw;
    const char *unclaimed; /* while bytes are fed: what belongs to no event yet */
    bool keep_raw;         /* set it before the first bytes */
    bool after_return;     /* an LF now belongs to the CR before */
    bool begun;            /* the first line is read */
    bool has_data;
};

void sse_init(struct sse *sse, size_t event_max);
void sse_free(struct sse *sse);
/* Visits each event that the bytes complete. TW_LIMIT: a line or an event is over event_max;
 * TW_NO_MEMORY; else what the visitor said. After a failure only sse_free may follow. */
enum tw_status sse_feed(struct sse *sse, struct text bytes, sse_visitor visit, void *context);
/* Where raw bytes are kept: those behind the last event. Until the next bytes are fed. */
struct text sse_rest(const struct sse *sse);

#endif
