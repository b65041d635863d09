/* store/store_postgres_library.h: libpq as a table of functions, loaded when the first store on
 * PostgreSQL is opened.
 *
 * libpq comes with some twenty shared libraries (OpenSSL, Kerberos, LDAP), which take longer to
 * load than a whole run of `tierway lint` may. So the program does not link it. The library is
 * never unloaded (RTLD_NODELETE): OpenSSL registers functions to run at exit. */
#ifndef TIERWAY_STORE_STORE_POSTGRES_LIBRARY_H
#define TIERWAY_STORE_STORE_POSTGRES_LIBRARY_H

#include "base/status.h"

#include <libpq-fe.h>

struct postgres_library {
    void *handle; /* NULL: not loaded */
#define POSTGRES_FUNCTION(name) __typeof__(&PQ##name) name;
#include "store/store_postgres_functions.def"
#undef POSTGRES_FUNCTION
};

/* TW_NOT_FOUND: this machine has no libpq, or one before version 14. */
enum tw_status postgres_library_open(struct postgres_library *library, struct tw_error *error);
void postgres_library_close(struct postgres_library *library); /* one not loaded is allowed */

#endif
