/* queue/program_run.c: see program_run.h. The input is a file in memory, so that a program that
 * does not read it holds nobody up. */
#include "queue/program_run.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEP = 20 /* milliseconds between two looks at whether it has ended */ };

struct running {
    const struct program_order *order;
    int input, output[2]; /* -1: closed */
    pid_t process;
};

static void close_one(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

static bool open_files(struct running *running)
{
    struct text input = running->order->input;
    running->input = memfd_create("callback", MFD_CLOEXEC);
    if (running->input < 0 || pipe2(running->output, O_CLOEXEC) != 0)
        return false;
    for (size_t written = 0; written < input.length;) {
        ssize_t more = write(running->input, input.data + written, input.length - written);
        if (more <= 0)
            return false;
        written += (size_t)more;
    }
    return lseek(running->input, 0, SEEK_SET) == 0 &&
           fcntl(running->output[0], F_SETFL, O_NONBLOCK) == 0;
}

/* Starts it in a group of its own, with the usual signals; the result is an errno. */
static int start(struct running *running)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    const char *path = running->order->path;
    char *const arguments[] = {(char *)(uintptr_t)path, NULL};
    sigemptyset(&none);
    sigfillset(&usual);
    if (posix_spawn_file_actions_init(&files) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    posix_spawn_file_actions_adddup2(&files, running->input, 0);
    posix_spawn_file_actions_adddup2(&files, running->output[1], 1);
    posix_spawn_file_actions_adddup2(&files, running->output[1], 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    int problem = posix_spawn(&running->process, path, &files, &attributes, arguments,
                              running->order->environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return problem;
}

/* Reads what there is. */
static void take_output(struct running *running)
{
    char piece[4096];
    ssize_t length;
    while (running->output[0] >= 0 &&
           (length = read(running->output[0], piece, sizeof piece)) >= 0) {
        struct buffer *kept = running->order->output;
        size_t room = kept->limit - kept->length;
        buffer_append(kept, piece, (size_t)length < room ? (size_t)length : room);
        if (length == 0)
            close_one(&running->output[0]);
    }
}

static void wait_a_step(const struct running *running)
{
    struct pollfd output = {.fd = running->output[0], .events = POLLIN};
    poll(&output, 1, STEP); /* a descriptor of -1 is passed over */
}

static bool has_ended(const struct running *running)
{
    siginfo_t information = {.si_pid = 0};
    waitid(P_PID, (id_t)running->process, &information, WEXITED | WNOHANG | WNOWAIT);
    return information.si_pid == running->process;
}

/* Those that it left behind end with it: until it is waited for, the group's number is its own. */
static enum tw_status wait_for_end(struct running *running, struct tw_error *error)
{
    const char *path = running->order->path;
    int64_t until = clock_monotonic() + running->order->timeout * 1000000;
    int state = 0;
    while (!has_ended(running) && clock_monotonic() < until) {
        wait_a_step(running);
        take_output(running);
    }
    bool in_time = has_ended(running);
    kill(-running->process, SIGKILL);
    waitpid(running->process, &state, 0);
    take_output(running);
    if (!in_time)
        return fail(error, TW_TIMEOUT, "%s did not end in time", path);
    if (!WIFEXITED(state))
        return fail(error, TW_INVALID, "%s was ended by a signal", path);
    return WEXITSTATUS(state) == 0
               ? TW_OK
               : fail(error, TW_INVALID, "%s ended with status %d", path, WEXITSTATUS(state));
}

enum tw_status program_run(const struct program_order *order, struct tw_error *error)
{
    struct running running = {.order = order, .input = -1, .output = {-1, -1}};
    enum tw_status status = TW_OK;
    if (!open_files(&running)) {
        status =
            fail(error, TW_IO, "%s cannot be given its input: %s", order->path, strerror(errno));
    } else {
        int problem = start(&running);
        close_one(&running.output[1]);
        status = problem ? fail(error, TW_IO, "%s: %s", order->path, strerror(problem))
                         : wait_for_end(&running, error);
    }
    close_one(&running.input);
    close_one(&running.output[0]);
    close_one(&running.output[1]);
    return status;
}
