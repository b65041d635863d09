/* runtime/curl_library.c: see curl_library.h. Fails where the library is missing or too old;
 * nothing stays open then. */
#include "runtime/curl_library.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

static enum tw_status find_functions(struct curl_library *curl, struct tw_error *error)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {
#define CURL_FUNCTION(name) {"curl_" #name, offsetof(struct curl_library, name)},
#include "runtime/curl_functions.def"
#undef CURL_FUNCTION
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *address = dlsym(curl->handle, rows[i].name);
        if (!address)
            return fail(error, TW_NOT_FOUND, LIBRARY " has no %s", rows[i].name);
        memcpy((char *)curl + rows[i].offset, &address, sizeof address);
    }
    return TW_OK;
}

static enum tw_status start(const struct curl_library *curl, struct tw_error *error)
{
    const curl_version_info_data *version = curl->version_info(CURLVERSION_NOW);
    if (!(version->features & CURL_VERSION_THREADSAFE))
        return fail(error, TW_NOT_FOUND,
                    "libcurl %s cannot be started safely among threads; 7.84 or later is needed",
                    version->version);
    if (curl->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail(error, TW_NO_MEMORY, "libcurl could not be started");
    return TW_OK;
}

enum tw_status curl_library_open(struct curl_library *curl, struct tw_error *error)
{
    *curl = (struct curl_library){.handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)};
    if (!curl->handle)
        return fail(error, TW_NOT_FOUND, "requests need " LIBRARY ": %s", dlerror());
    enum tw_status status = find_functions(curl, error);
    if (status == TW_OK)
        status = start(curl, error);
    if (status != TW_OK) {
        dlclose(curl->handle);
        curl->handle = NULL;
    }
    return status;
}

void curl_library_close(struct curl_library *curl)
{
    if (!curl->handle)
        return;
    curl->global_cleanup();
    dlclose(curl->handle);
    curl->handle = NULL;
}

enum tw_status curl_status(CURLcode code)
{
    static const struct {
        CURLcode code;
        enum tw_status status;
    } rows[] = {{CURLE_OK, TW_OK},
                {CURLE_OPERATION_TIMEDOUT, TW_TIMEOUT},
                {CURLE_OUT_OF_MEMORY, TW_NO_MEMORY},
                {CURLE_URL_MALFORMAT, TW_INVALID},
                {CURLE_UNSUPPORTED_PROTOCOL, TW_INVALID}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == code)
            return rows[i].status;
    return TW_NETWORK;
}

int curl_line_status(struct text line)
{
    const char *blank = memchr(line.data, ' ', line.length);
    size_t rest = blank ? line.length - (size_t)(blank - line.data) : 0;
    if (rest < 4)
        return 0;
    int status = 0;
    for (int i = 1; i <= 3; i++) {
        if (blank[i] < '0' || blank[i] > '9')
            return 0;
        status = status * 10 + (blank[i] - '0');
    }
    return status;
}
