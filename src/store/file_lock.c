/* store/file_lock.c: see file_lock.h. Owns nothing but the descriptor it gives. */
#include "store/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_STEP = 1, LONGEST_STEP = 16 }; /* milliseconds between two tries */

static enum tw_status status_of(int cause)
{
    static const struct {
        int cause;
        enum tw_status status;
    } known[] = {{ENOENT, TW_NOT_FOUND}, {EACCES, TW_READ_ONLY}, {EPERM, TW_READ_ONLY},
                 {EROFS, TW_READ_ONLY},  {ENOSPC, TW_FULL},      {EDQUOT, TW_FULL}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].cause == cause)
            return known[i].status;
    return TW_IO;
}

enum tw_status file_lock_open(const char *path, int *descriptor, struct tw_error *error)
{
    *descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (*descriptor < 0)
        return fail(error, status_of(errno), "opening '%s': %s", path, strerror(errno));
    return TW_OK;
}

static void pause_for(int milliseconds)
{
    struct timespec step = {.tv_nsec = (long)milliseconds * 1000000};
    nanosleep(&step, NULL);
}

/* Waits get longer, so that a crowd does not keep the one from work that has the lock. */
enum tw_status file_lock_take(int descriptor, int wait, struct tw_error *error)
{
    int step = FIRST_STEP;
    for (int waited = 0; flock(descriptor, LOCK_EX | LOCK_NB) != 0; waited += step) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fail(error, TW_IO, "locking the store: %s", strerror(errno));
        if (waited >= wait)
            return fail(error, TW_BUSY, "another process is writing to the store");
        pause_for(step);
        step = step < LONGEST_STEP ? 2 * step : step;
    }
    return TW_OK;
}

void file_lock_release(int descriptor)
{
    flock(descriptor, LOCK_UN);
}

void file_lock_give_way(void)
{
    pause_for(LONGEST_STEP + 1);
}

/* Open file description locks: flock's lock on the whole file does not see them, nor they it. */
static struct flock byte_lock(int64_t number)
{
    return (struct flock){
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)number, .l_len = 1};
}

enum tw_status file_lock_claim(int descriptor, int64_t *number, struct tw_error *error)
{
    for (;;) {
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return fail(error, TW_IO, "the system gives no random numbers");
        *number = (int64_t)(random >> 2) + 1;
        struct flock lock = byte_lock(*number);
        if (fcntl(descriptor, F_OFD_SETLK, &lock) == 0)
            return TW_OK;
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return fail(error, TW_IO, "locking the store: %s", strerror(errno));
    }
}

bool file_lock_is_claimed(int descriptor, int64_t number)
{
    struct flock lock = byte_lock(number);
    return fcntl(descriptor, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

void file_lock_close(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}
