/* store/file_lock.h: a lock between processes, held on a file of its own (flock).
 *
 * The file stays where it is when the lock is let go: removing it would let two processes hold two
 * files of the same name. A process that dies lets go of its locks. */
#ifndef TIERWAY_STORE_FILE_LOCK_H
#define TIERWAY_STORE_FILE_LOCK_H

#include "base/text.h"

/* Opens the lock's file, and makes it where there is none. *descriptor is -1 on failure:
 * TW_NOT_FOUND (no such folder), TW_READ_ONLY, TW_FULL or TW_IO. */
enum tw_status file_lock_open(const char *path, int *descriptor, struct tw_error *error);
/* Waits at most `wait` milliseconds for the lock, give or take one step of waiting. TW_BUSY where
 * another process keeps it, else TW_IO. */
enum tw_status file_lock_take(int descriptor, int wait, struct tw_error *error);
void file_lock_release(int descriptor);
/* Between two turns of a long piece of work, without the lock: waits a little longer than a step of
 * waiting, so that whoever waits has its turn. */
void file_lock_give_way(void);

/* Takes a number (1 or more) that no open descriptor of the file has, until this one is closed, be
 * it by the end of the process. It is a lock on one byte of a file, far behind its end, and so it
 * needs no clock and no process number, which may be others in another container. TW_IO. */
enum tw_status file_lock_claim(int descriptor, int64_t *number, struct tw_error *error);
/* Whether another descriptor has this number. Where that cannot be found out, it has. */
bool file_lock_is_claimed(int descriptor, int64_t number);
void file_lock_close(int descriptor); /* -1 allowed; lets go of the lock */

#endif
