/* cli/compile.c: tierway compile FILE -o OUT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "program/compile.h"

static bool write_all(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(descriptor, bytes, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        length -= (size_t)written;
    }
    return true;
}

/* Writes beside the target and renames, so that nobody ever reads half an image. */
static bool replace_file(const char *path, const char *image, size_t length)
{
    struct buffer name;
    buffer_init(&name, 4096);
    buffer_format(&name, "%s.XXXXXX", path);
    int descriptor = name.status ? -1 : mkstemp(name.data);
    bool good = descriptor >= 0 && fchmod(descriptor, 0644) == 0 &&
                write_all(descriptor, image, length) && fsync(descriptor) == 0;
    int reason = errno;
    if (descriptor >= 0 && close(descriptor) != 0)
        good = false;
    if (good && rename(name.data, path) != 0) {
        reason = errno;
        good = false;
    }
    if (!good && descriptor >= 0)
        unlink(name.data);
    buffer_free(&name);
    errno = reason;
    return good;
}

/* A pipe or a device is written to as it is: it must not be replaced by a file. */
static bool write_device(const char *path, const char *image, size_t length)
{
    int descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    bool good = descriptor >= 0 && write_all(descriptor, image, length);
    int reason = errno;
    if (descriptor >= 0 && close(descriptor) != 0)
        good = false;
    errno = reason;
    return good;
}

static bool write_image(const struct command *command, const char *path, const tw_policy *policy)
{
    size_t length;
    const char *image = tw_policy_image(policy, &length);
    struct stat status;
    bool is_file = stat(path, &status) != 0 || S_ISREG(status.st_mode);
    if (is_file ? replace_file(path, image, length) : write_device(path, image, length))
        return true;
    trouble(command, "%s: cannot be written: %s", path, strerror(errno));
    return false;
}

int command_compile(const struct command *command, int argc, char **argv)
{
    const char *output = NULL;
    int at;
    const struct option_row rows[] = {
        {"o", OPTION_TEXT, "OUT", "Where to write the program image", &output},
        {"output", OPTION_TEXT, "OUT", "The same", &output},
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &at);
    if (status >= 0)
        return status;
    if (argc - at != 1)
        return usage_trouble(command, "name one policy file");
    if (!output)
        return usage_trouble(command, "say where to write with -o OUT");
    struct policy_file file;
    bool good = policy_file_open(command, argv[at], &file);
    if (good && strcmp(output, "-") == 0) {
        size_t length;
        const char *image = tw_policy_image(file.policy, &length);
        fwrite(image, 1, length, stdout);
    } else if (good) {
        good = write_image(command, output, file.policy);
    }
    policy_file_close(&file);
    return good ? finish(command, EXIT_DONE) : EXIT_TROUBLE;
}
