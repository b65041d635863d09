/* cli/write_file.c: writing a whole file at once or piece by piece, or not at all. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NEW_MODE = 0644 };

/* A file of its own beside the one that is to be; errno says why not. */
static bool open_beside(struct whole_file *file)
{
    size_t size = strlen(file->path) + sizeof ".XXXXXX";
    file->temporary = malloc(size);
    if (!file->temporary)
        return false;
    snprintf(file->temporary, size, "%s.XXXXXX", file->path);
    int descriptor = mkostemp(file->temporary, O_CLOEXEC);
    if (descriptor < 0) {
        free(file->temporary);
        file->temporary = NULL;
        return false;
    }
    file->stream = fdopen(descriptor, "w");
    if (!file->stream)
        close(descriptor);
    return file->stream != NULL;
}

/* A pipe or a device is written to as it is. */
static bool open_through(struct whole_file *file)
{
    int descriptor = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    file->stream = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (!file->stream && descriptor >= 0)
        close(descriptor);
    return file->stream != NULL;
}

/* A link stays one, and a file keeps its mode. */
static bool open_known(struct whole_file *file, const struct stat *status)
{
    if (S_ISDIR(status->st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (!S_ISREG(status->st_mode))
        return open_through(file);
    char *resolved = realpath(file->path, NULL);
    if (!resolved)
        return false;
    free(file->path);
    file->path = resolved;
    file->mode = status->st_mode & 07777;
    return access(resolved, W_OK) == 0 && open_beside(file);
}

static bool open_file(struct whole_file *file)
{
    struct stat status;
    if (strlen(file->path) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    return stat(file->path, &status) == 0 ? open_known(file, &status) : open_beside(file);
}

static void forget(struct whole_file *file)
{
    if (file->temporary)
        unlink(file->temporary);
    free(file->temporary);
    free(file->path);
}

bool whole_file_open(const struct command *command, const char *path, struct whole_file *file)
{
    *file = (struct whole_file){.path = strdup(path), .mode = NEW_MODE};
    if (file->path && open_file(file))
        return true;
    trouble(command, "cannot write %s: %s", path, strerror(errno));
    forget(file);
    return false;
}

/* Closes the stream; errno is that of the first failure. */
static bool finish_stream(struct whole_file *file)
{
    int descriptor = fileno(file->stream);
    bool good = fflush(file->stream) == 0 && !ferror(file->stream);
    if (good && file->temporary)
        good = fchmod(descriptor, file->mode) == 0 && fsync(descriptor) == 0;
    int problem = errno;
    bool closed = fclose(file->stream) == 0;
    if (!good)
        errno = problem;
    return good && closed;
}

bool whole_file_close(const struct command *command, struct whole_file *file, bool keep)
{
    bool good = finish_stream(file);
    if (good && keep && file->temporary)
        good = rename(file->temporary, file->path) == 0;
    if (!good)
        trouble(command, "cannot write %s: %s", file->path, strerror(errno));
    else if (keep) {
        free(file->temporary); /* it has the other name now */
        file->temporary = NULL;
    }
    forget(file);
    return good;
}

bool write_file(const struct command *command, const char *path, struct text content)
{
    struct whole_file file;
    if (!whole_file_open(command, path, &file))
        return false;
    fwrite(content.data, 1, content.length, file.stream);
    return whole_file_close(command, &file, true);
}
