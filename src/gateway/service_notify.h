/* gateway/service_notify.h: telling systemd how the service stands.
 *
 * The protocol of sd_notify(3): one datagram of lines NAME=VALUE to a socket of the local machine,
 * whose name the service manager gives in NOTIFY_SOCKET. Written here, since it is that small, and
 * libsystemd would be one more library for it. */
#ifndef TIERWAY_GATEWAY_SERVICE_NOTIFY_H
#define TIERWAY_GATEWAY_SERVICE_NOTIFY_H

#include "base/text.h"

/* socket: NOTIFY_SOCKET's value, a path, or '@' and an abstract name; NULL or empty: nobody wants
 * to know, TW_OK. state: "READY=1", lines separated by '\n'. Never blocks. TW_INVALID: no such
 * name; TW_IO: it could not be sent. */
enum tw_status service_notify(const char *socket, const char *state);

#endif
