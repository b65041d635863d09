/* gateway/tls_library.c: see tls_library.h. */
#include "gateway/tls_library.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libssl.so.3"

enum tw_status tls_library_open(struct tls_library *library, struct tw_error *error)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {
#define TLS_FUNCTION(name) {#name, offsetof(struct tls_library, name)},
#include "gateway/tls_functions.def"
#undef TLS_FUNCTION
    };
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle)
        return fail(error, TW_NOT_FOUND, "TLS needs " LIBRARY ": %s", dlerror());
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && status == TW_OK; i++) {
        void *address = dlsym(handle, rows[i].name);
        if (!address)
            status = fail(error, TW_NOT_FOUND, LIBRARY " has no %s", rows[i].name);
        memcpy((char *)library + rows[i].offset, &address, sizeof address);
    }
    dlclose(handle);
    return status;
}
