/* gateway/connection_gate.c: see connection_gate.h. One entry for each address that is connected,
 * in chains of a hash table of fixed size; there are at most as many as connections. */
#include "gateway/connection_gate.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CHAINS = 4096, ADDRESS_BYTES = 8 };

/* A place is its address's entry. */
struct gate_place {
    struct gate_place *next;
    uint8_t address[ADDRESS_BYTES];
    size_t count;
};

struct connection_gate {
    pthread_mutex_t guard;
    size_t limit, address_limit;
    size_t count;
    struct gate_place *chains[CHAINS];
};

struct connection_gate *connection_gate_open(size_t limit, size_t address_limit)
{
    struct connection_gate *gate = calloc(1, sizeof *gate);
    if (!gate)
        return NULL;
    gate->limit = limit;
    gate->address_limit = address_limit;
    pthread_mutex_init(&gate->guard, NULL);
    return gate;
}

void connection_gate_close(struct connection_gate *gate)
{
    if (!gate)
        return;
    pthread_mutex_destroy(&gate->guard);
    free(gate);
}

/* IPv4 behind four zero bytes, also where it comes in the form of IPv6 (::ffff:1.2.3.4). */
static void read_address(const struct sockaddr *from, uint8_t address[ADDRESS_BYTES])
{
    memset(address, 0, ADDRESS_BYTES);
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)from;
        memcpy(address + 4, &four->sin_addr, 4);
    } else if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)from;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
        memcpy(address + (mapped ? 4 : 0), six->sin6_addr.s6_addr + (mapped ? 12 : 0),
               mapped ? 4 : ADDRESS_BYTES);
    }
}

static struct gate_place **chain_of(struct connection_gate *gate,
                                    const uint8_t address[ADDRESS_BYTES])
{
    struct text bytes = {(const char *)address, ADDRESS_BYTES};
    return &gate->chains[text_hash(bytes, 0) % CHAINS];
}

/* The address's entry, made where there is none; NULL when memory is out. */
static struct gate_place *find_place(struct connection_gate *gate,
                                     const uint8_t address[ADDRESS_BYTES])
{
    struct gate_place **chain = chain_of(gate, address);
    for (struct gate_place *place = *chain; place; place = place->next)
        if (memcmp(place->address, address, ADDRESS_BYTES) == 0)
            return place;
    struct gate_place *place = calloc(1, sizeof *place);
    if (!place)
        return NULL;
    memcpy(place->address, address, ADDRESS_BYTES);
    place->next = *chain;
    *chain = place;
    return place;
}

struct gate_place *connection_gate_enter(struct connection_gate *gate, const struct sockaddr *from)
{
    uint8_t address[ADDRESS_BYTES];
    struct gate_place *place = NULL;
    read_address(from, address);
    pthread_mutex_lock(&gate->guard);
    if (gate->count < gate->limit)
        place = find_place(gate, address);
    if (place && gate->address_limit && place->count == gate->address_limit)
        place = NULL;
    if (place) {
        place->count++;
        gate->count++;
    }
    pthread_mutex_unlock(&gate->guard);
    return place;
}

static void remove_place(struct connection_gate *gate, struct gate_place *place)
{
    struct gate_place **at = chain_of(gate, place->address);
    while (*at != place)
        at = &(*at)->next;
    *at = place->next;
    free(place);
}

void connection_gate_leave(struct connection_gate *gate, struct gate_place *place)
{
    if (!place)
        return;
    pthread_mutex_lock(&gate->guard);
    gate->count--;
    if (--place->count == 0)
        remove_place(gate, place);
    pthread_mutex_unlock(&gate->guard);
}

size_t connection_gate_count(struct connection_gate *gate)
{
    pthread_mutex_lock(&gate->guard);
    size_t count = gate->count;
    pthread_mutex_unlock(&gate->guard);
    return count;
}
