/* A folder for one test, and the path of a database in it. */
#ifndef TIERWAY_TESTS_STORE_PLACE_H
#define TIERWAY_TESTS_STORE_PLACE_H

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct place {
    char folder[64];
    char path[96];
};

static inline struct place place_make(void)
{
    struct place place = {.folder = "/tmp/tierway-store-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(place.folder));
    snprintf(place.path, sizeof place.path, "%s/ledger.db", place.folder);
    return place;
}

static inline void place_remove(const struct place *place)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-lock"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char path[112];
        snprintf(path, sizeof path, "%s%s", place->path, endings[i]);
        unlink(path);
    }
    CU_ASSERT_EQUAL(rmdir(place->folder), 0);
}

#endif
