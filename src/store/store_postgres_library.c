/* store/store_postgres_library.c: see store_postgres_library.h. Nothing stays open on failure. */
#include "store/store_postgres_library.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libpq.so.5"

static enum tw_status find_functions(struct postgres_library *library, struct tw_error *error)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {
#define POSTGRES_FUNCTION(name) {"PQ" #name, offsetof(struct postgres_library, name)},
#include "store/store_postgres_functions.def"
#undef POSTGRES_FUNCTION
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *address = dlsym(library->handle, rows[i].name);
        if (!address)
            return fail(error, TW_NOT_FOUND, LIBRARY " has no %s; version 14 or later is needed",
                        rows[i].name);
        memcpy((char *)library + rows[i].offset, &address, sizeof address);
    }
    return TW_OK;
}

enum tw_status postgres_library_open(struct postgres_library *library, struct tw_error *error)
{
    *library =
        (struct postgres_library){.handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)};
    if (!library->handle)
        return fail(error, TW_NOT_FOUND,
                    "a store on PostgreSQL needs " LIBRARY " (Debian's package libpq5): %s",
                    dlerror());
    enum tw_status status = find_functions(library, error);
    if (status != TW_OK)
        postgres_library_close(library);
    return status;
}

void postgres_library_close(struct postgres_library *library)
{
    if (library->handle)
        dlclose(library->handle);
    library->handle = NULL;
}
