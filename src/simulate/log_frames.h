/* simulate/log_frames.h: a file cut into requests, before anything is known of what they say.
 *
 * Reads large blocks and hands out spans of them, so nothing is allocated for a request. */
#ifndef TIERWAY_SIMULATE_LOG_FRAMES_H
#define TIERWAY_SIMULATE_LOG_FRAMES_H

#include "base/text.h"

enum log_framing {
    FRAME_LINES,   /* one request a line */
    FRAME_ROWS,    /* CSV: a line may go on within quotes */
    FRAME_OBJECTS, /* JSON objects, wherever their lines end, in an array or one behind another */
    FRAME_UNKNOWN  /* not yet looked at */
};

struct log_frames {
    int descriptor; /* the caller's */
    enum log_framing framing;
    struct buffer bytes; /* what was read and is not yet handed out, from `at` on */
    size_t at;
    int64_t line;       /* of the last frame's start, from 1 */
    int64_t next_line;  /* of the next one's */
    int64_t bytes_read; /* so far, in all */
    bool ended;
};

enum frame_result { FRAME_READ, FRAME_TOO_LONG, FRAME_END, FRAME_FAILED };

void log_frames_init(struct log_frames *frames, int descriptor);
void log_frames_free(struct log_frames *frames);
/* The next frame that is not blank, without its line end; it lives until the next call. The first
 * call settles what kind of frames there are. FRAME_TOO_LONG: one of more than LOG_LINE_MAX bytes,
 * which is passed over. FRAME_FAILED: reading failed; error (not NULL) says why: TW_IO,
 * TW_NO_MEMORY. */
enum frame_result log_frames_next(struct log_frames *frames, struct text *frame,
                                  struct tw_error *error);

#endif
