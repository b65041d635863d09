/* gateway/connection_gate.h: how many connections there may be, in all and from one address.
 *
 * One gate for the servers of all threads. It is asked when a connection is taken and when it goes,
 * never on the way of a request; a lock protects it. An address is one of IPv4, or the first half
 * of one of IPv6 (a /64), which is what one host has at its disposal. */
#ifndef TIERWAY_GATEWAY_CONNECTION_GATE_H
#define TIERWAY_GATEWAY_CONNECTION_GATE_H

#include "base/text.h"

#include <sys/socket.h>

struct connection_gate;
struct gate_place; /* of one connection that was let in */

/* limit: of all; address_limit: from one address, 0 for none. NULL when memory is out. */
struct connection_gate *connection_gate_open(size_t limit, size_t address_limit);
/* Every place has to be given back before. NULL allowed. */
void connection_gate_close(struct connection_gate *gate);
/* NULL: it may not come in, or memory is out. Any thread. */
struct gate_place *connection_gate_enter(struct connection_gate *gate,
                                         const struct sockaddr *address);
/* Gives a place back. NULL allowed. Any thread. */
void connection_gate_leave(struct connection_gate *gate, struct gate_place *place);
/* Connections that are in. Any thread. */
size_t connection_gate_count(struct connection_gate *gate);

#endif
