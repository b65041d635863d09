/* cli/files.c: reading a whole file or standard input, with a limit. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_READ = 4096, LARGEST_READ = 1 << 20 };

/* Reads what fits, at most; 0 at the end, -1 with errno set. */
static ssize_t read_again(int descriptor, char *bytes, size_t length)
{
    ssize_t got;
    do
        got = read(descriptor, bytes, length);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Each read asks for as much as there is already, so that a long pipe costs few calls. */
static size_t next_read(const struct buffer *content)
{
    size_t left = content->limit - content->length;
    size_t wanted = content->length < FIRST_READ ? FIRST_READ : content->length;
    wanted = wanted > LARGEST_READ ? LARGEST_READ : wanted;
    return wanted < left ? wanted : left;
}

static enum tw_status too_large(const struct buffer *content, struct tw_error *error)
{
    return fail(error, TW_LIMIT, "it is larger than %zu bytes", content->limit);
}

static enum tw_status read_all(int descriptor, struct buffer *content, struct tw_error *error)
{
    char beyond; /* one byte past the limit tells whether the file ends there */
    for (;;) {
        size_t wanted = next_read(content);
        if (wanted && !buffer_reserve(content, wanted))
            return fail(error, content->status, "%s", tw_status_text(content->status));
        ssize_t got = wanted ? read_again(descriptor, content->data + content->length, wanted)
                             : read_again(descriptor, &beyond, 1);
        if (got < 0)
            return fail(error, TW_IO, "%s", strerror(errno));
        if (got > 0 && !wanted)
            return too_large(content, error);
        if (got == 0)
            return TW_OK;
        content->length += (size_t)got;
        content->data[content->length] = '\0';
    }
}

static enum tw_status read_descriptor(int descriptor, struct buffer *content,
                                      struct tw_error *error)
{
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) != 0)
        return fail(error, TW_IO, "%s", strerror(errno));
    if (S_ISDIR(status.st_mode))
        return fail(error, TW_IO, "it is a directory");
    if (S_ISREG(status.st_mode) && (uint64_t)status.st_size > content->limit)
        return too_large(content, error);
    return read_all(descriptor, content, error);
}

enum tw_status file_read(const char *path, size_t limit, struct buffer *content,
                         struct tw_error *error)
{
    bool standard_input = strcmp(path, "-") == 0;
    struct tw_error reason;
    buffer_init(content, limit);
    int descriptor = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    enum tw_status status = read_descriptor(descriptor, content, &reason);
    if (!standard_input && descriptor >= 0)
        close(descriptor);
    return status ? fail(error, status, "cannot read %s: %s",
                         standard_input ? "standard input" : path, reason.message)
                  : TW_OK;
}

bool read_file(const struct command *command, const char *path, size_t limit,
               struct buffer *content)
{
    struct tw_error error;
    enum tw_status status = file_read(path, limit, content, &error);
    if (status)
        trouble(command, "%s", error.message);
    return status == TW_OK;
}
