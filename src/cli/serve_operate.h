/* cli/serve_operate.h: what the gateway's first thread does while the others serve. */
#ifndef TIERWAY_CLI_SERVE_OPERATE_H
#define TIERWAY_CLI_SERVE_OPERATE_H

#include "cli/cli.h"
#include "gateway/admin.h"
#include "gateway/policy_store.h"

struct operation {
    const struct command *command;
    const char *address; /* printed as soon as signals are seen to */
    struct policy_store *policies;
    struct access_log *access_log; /* NULL: none is kept */
    struct admin *admin;
    struct tls_identity *tls;  /* NULL: callers speak plain HTTP */
    const char *certificate;   /* its file, for messages */
    const char *notify_socket; /* of systemd, NULL: there is none */
    const char *watchdog;      /* microseconds as text; NULL: none is kept */
};

/* Watches the files of policy, prices and callers; on SIGHUP loads them again, opens the access log
 * anew and reads the certificate again; tells the service manager. Returns the exit status on
 * SIGTERM or SIGINT, with the admin draining; a second one of these then ends the process at once.
 */
int operate(const struct operation *operation);

#endif
