/* runtime/curl_library.h: libcurl as a table of functions, loaded when the first request needs it.
 *
 * libcurl comes with some thirty shared libraries, which take 6 ms to load: longer than a whole run
 * of `tierway lint` may. So the program does not link it. The functions that are needed are in
 * curl_functions.def, with the types that curl.h gives them. The library is never unloaded
 * (RTLD_NODELETE): OpenSSL registers functions to run at exit. */
#ifndef TIERWAY_RUNTIME_CURL_LIBRARY_H
#define TIERWAY_RUNTIME_CURL_LIBRARY_H

#include "base/text.h"

#include <curl/curl.h>

/* curl.h wraps these in macros for its own type checks; here they are members. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

struct curl_library {
    void *handle; /* NULL: not loaded */
#define CURL_FUNCTION(name) __typeof__(&curl_##name) name;
#include "runtime/curl_functions.def"
#undef CURL_FUNCTION
};

/* Loads and starts libcurl. curl_global_init is safe for several threads from libcurl 7.84 on, if
 * it was built so; another libcurl is refused, since the other threads of a program cannot be known
 * here. TW_NOT_FOUND: this machine has no libcurl that can be used. TW_NO_MEMORY. The handle is
 * NULL then. Each success needs one curl_library_close. */
enum tw_status curl_library_open(struct curl_library *curl, struct tw_error *error);
void curl_library_close(struct curl_library *curl); /* one that is not loaded is allowed */

/* The status for what a transfer came to. A result that no other status fits is TW_NETWORK. */
enum tw_status curl_status(CURLcode code);
/* The status in the first line of a head, "HTTP/1.1 200 OK"; 0 where none can be read. */
int curl_line_status(struct text line);

#endif
