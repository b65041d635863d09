/* simulate/log_frames.c: see log_frames.h. Owns one buffer of at most LOG_LINE_MAX and a block. */
#include "simulate/log_frames.h"

#include "base/json.h"
#include "simulate/log_record.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 17 };

void log_frames_init(struct log_frames *frames, int descriptor)
{
    *frames = (struct log_frames){
        .descriptor = descriptor, .framing = FRAME_UNKNOWN, .line = 1, .next_line = 1};
    buffer_init(&frames->bytes, LOG_LINE_MAX + 2 * BLOCK);
}

void log_frames_free(struct log_frames *frames)
{
    buffer_free(&frames->bytes);
}

static struct text rest_of(const struct log_frames *frames)
{
    const char *data = frames->bytes.data ? frames->bytes.data : "";
    return (struct text){data + frames->at, frames->bytes.length - frames->at};
}

/* Moves what is left to the front and reads a block behind it. False where reading failed. */
static bool read_block(struct log_frames *frames, struct tw_error *error)
{
    struct text rest = rest_of(frames);
    if (frames->at)
        memmove(frames->bytes.data, rest.data, rest.length);
    frames->bytes.length = rest.length;
    frames->at = 0;
    if (!buffer_reserve(&frames->bytes, BLOCK)) {
        fail(error, frames->bytes.status, "%s", tw_status_text(frames->bytes.status));
        return false;
    }
    ssize_t got;
    do
        got = read(frames->descriptor, frames->bytes.data + frames->bytes.length, BLOCK);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        fail(error, TW_IO, "cannot read the log: %s", strerror(errno));
        return false;
    }
    frames->ended = got == 0;
    frames->bytes.length += (size_t)got;
    frames->bytes_read += got;
    return true;
}

/* Each of these gives the length of the first frame of the input, or SIZE_MAX where it has no end
 * yet. */

static size_t find_line_end(struct text input)
{
    const char *end = memchr(input.data, '\n', input.length);
    return end ? (size_t)(end - input.data) : SIZE_MAX;
}

static size_t find_row_end(struct text input)
{
    bool quoted = false;
    for (size_t i = 0; i < input.length; i++) {
        if (input.data[i] == '"')
            quoted = !quoted;
        else if (input.data[i] == '\n' && !quoted)
            return i;
    }
    return SIZE_MAX;
}

/* The object's length, from its brace on. */
static size_t find_object_end(struct text input)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < input.length; i++) {
        char byte = input.data[i];
        if (quoted && byte == '\\')
            i++;
        else if (byte == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (byte == '{' || byte == '[')
            depth++;
        else if ((byte == '}' || byte == ']') && (depth == 0 || --depth == 0))
            return i + 1;
    }
    return SIZE_MAX;
}

static size_t find_end(const struct log_frames *frames, struct text input)
{
    switch (frames->framing) {
    case FRAME_LINES:
        return find_line_end(input);
    case FRAME_ROWS:
        return find_row_end(input);
    case FRAME_OBJECTS:
        return find_object_end(input);
    case FRAME_UNKNOWN:
        break;
    }
    return SIZE_MAX;
}

/* Blanks between frames; between objects also what an array has there. */
static bool is_between(const struct log_frames *frames, char byte)
{
    return json_is_space(byte) ||
           (frames->framing == FRAME_OBJECTS && (byte == ',' || byte == '[' || byte == ']'));
}

static void pass_blanks(struct log_frames *frames)
{
    struct text rest = rest_of(frames);
    size_t blanks = 0;
    while (blanks < rest.length && is_between(frames, rest.data[blanks]))
        frames->next_line += rest.data[blanks++] == '\n';
    frames->at += blanks;
}

static int64_t count_lines(struct text text)
{
    int64_t lines = 0;
    const char *end = text.data + text.length;
    for (const char *at = text.data; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    return lines;
}

static void take_frame(struct log_frames *frames, size_t length, struct text *frame)
{
    *frame = (struct text){rest_of(frames).data, length};
    frames->at += length;
    frames->line = frames->next_line;
    if (frames->framing != FRAME_LINES)
        frames->next_line += count_lines(*frame);
    while (frame->length && frame->data[frame->length - 1] == '\r')
        frame->length--;
}

/* Drops the frame that does not end, up to the next line. */
static enum frame_result pass_long(struct log_frames *frames, struct tw_error *error)
{
    frames->line = frames->next_line;
    for (;;) {
        struct text rest = rest_of(frames);
        size_t end = find_line_end(rest);
        frames->at += end == SIZE_MAX ? rest.length : end;
        if (end != SIZE_MAX || frames->ended)
            return FRAME_TOO_LONG;
        if (!read_block(frames, error))
            return FRAME_FAILED;
    }
}

/* By how the file begins: `[`, or a brace alone on its line, as programs that indent put it; a
 * brace; anything else is the first row of a CSV file. */
static enum log_framing framing_of(struct text start)
{
    size_t end = find_line_end(start);
    struct text line = {start.data, end == SIZE_MAX ? start.length : end};
    while (line.length && json_is_space(line.data[line.length - 1]))
        line.length--;
    if (line.length && (line.data[0] == '[' || text_is(line, "{")))
        return FRAME_OBJECTS;
    return line.length && line.data[0] == '{' ? FRAME_LINES : FRAME_ROWS;
}

/* A byte order mark is no part of any log. */
static void settle_framing(struct log_frames *frames)
{
    struct text rest = rest_of(frames);
    if (rest.length >= 3 && memcmp(rest.data, "\xEF\xBB\xBF", 3) == 0)
        frames->at += 3;
    pass_blanks(frames);
    rest = rest_of(frames);
    if (rest.length)
        frames->framing = framing_of(rest);
}

enum frame_result log_frames_next(struct log_frames *frames, struct text *frame,
                                  struct tw_error *error)
{
    for (;;) {
        if (frames->framing == FRAME_UNKNOWN)
            settle_framing(frames);
        pass_blanks(frames);
        struct text rest = rest_of(frames);
        size_t length = rest.length ? find_end(frames, rest) : SIZE_MAX;
        if (length == SIZE_MAX && frames->ended)
            length = rest.length;
        if (length != SIZE_MAX && rest.length) {
            take_frame(frames, length, frame);
            return FRAME_READ;
        }
        if (frames->ended)
            return FRAME_END;
        if (rest.length > LOG_LINE_MAX)
            return pass_long(frames, error);
        if (!read_block(frames, error))
            return FRAME_FAILED;
    }
}
