/* cli/write_file.c: writing a whole file at once, or not at all. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NEW_MODE = 0644 };

static bool write_all(int descriptor, struct text text)
{
    while (text.length) {
        ssize_t written = write(descriptor, text.data, text.length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        text.data += written;
        text.length -= (size_t)written;
    }
    return true;
}

/* Closes the descriptor; errno is that of the first failure. */
static bool close_after(int descriptor, bool good)
{
    int problem = errno;
    bool closed = close(descriptor) == 0;
    if (!good)
        errno = problem;
    return good && closed;
}

static bool write_beside(const char *path, mode_t mode, struct text content)
{
    char temporary[PATH_MAX + sizeof ".XXXXXX"];
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int descriptor = mkstemp(temporary);
    if (descriptor < 0)
        return false;
    bool good =
        write_all(descriptor, content) && fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0;
    good = close_after(descriptor, good) && rename(temporary, path) == 0;
    if (!good) {
        int problem = errno;
        unlink(temporary);
        errno = problem;
    }
    return good;
}

static bool write_through(const char *path, struct text content)
{
    int descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return descriptor >= 0 && close_after(descriptor, write_all(descriptor, content));
}

static bool write_known(const char *path, const struct stat *status, struct text content)
{
    char resolved[PATH_MAX];
    if (S_ISDIR(status->st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (!S_ISREG(status->st_mode))
        return write_through(path, content);
    return realpath(path, resolved) && access(resolved, W_OK) == 0 &&
           write_beside(resolved, status->st_mode & 07777, content);
}

bool write_file(const struct command *command, const char *path, struct text content)
{
    struct stat status;
    bool known = stat(path, &status) == 0;
    if (strlen(path) < PATH_MAX &&
        (known ? write_known(path, &status, content) : write_beside(path, NEW_MODE, content)))
        return true;
    trouble(command, "cannot write %s: %s", path, strerror(errno));
    return false;
}
