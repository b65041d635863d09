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
void file_lock_close(int descriptor); /* -1 allowed; lets go of the lock */

#endif
