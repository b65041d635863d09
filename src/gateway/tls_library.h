/* gateway/tls_library.h: OpenSSL as a table of functions, loaded when TLS is asked for: linking it
 * would add milliseconds to each start of the command. Only for tls.c. */
#ifndef TIERWAY_GATEWAY_TLS_LIBRARY_H
#define TIERWAY_GATEWAY_TLS_LIBRARY_H

#include "base/text.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

struct tls_library {
#define TLS_FUNCTION(name) __typeof__(&name) name;
#include "gateway/tls_functions.def"
#undef TLS_FUNCTION
};

/* TW_NOT_FOUND: this machine has no OpenSSL 3. Loaded once, never unloaded: OpenSSL registers
 * functions to run at exit. */
enum tw_status tls_library_open(struct tls_library *library, struct tw_error *error);

#endif
