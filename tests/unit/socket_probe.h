/* tests/unit/socket_probe.h: raw sockets for tests of servers: send these bytes, read what comes.
 *
 * Nothing here sleeps: every read waits for bytes, for the end of the connection, or for its limit
 * of time to pass. */
#ifndef TIERWAY_TESTS_SOCKET_PROBE_H
#define TIERWAY_TESTS_SOCKET_PROBE_H

#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PROBE_LIMIT_MS = 10000, PROBE_BYTES = 256 * 1024 * 1024 };

/* address: "127.0.0.1:PORT". receive_bytes: the socket's buffer, 0 for the usual one. */
static inline int probe_connect_with(const char *address, int receive_bytes)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (receive_bytes)
        setsockopt(probe, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    setsockopt(probe, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(probe, (struct sockaddr *)&to, sizeof to) == 0)
        return probe;
    close(probe);
    return -1;
}

static inline int probe_connect(const char *address)
{
    return probe_connect_with(address, 0);
}

/* False where the other side has closed. */
static inline bool probe_send(int probe, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t sent = send(probe, at, length, MSG_NOSIGNAL);
        if (sent < 0)
            return false;
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

static inline bool probe_say(int probe, const char *text)
{
    return probe_send(probe, text, strlen(text));
}

enum probe_result { PROBE_BYTES_CAME, PROBE_CLOSED, PROBE_RESET, PROBE_SILENT };

/* Appends what comes next. PROBE_SILENT: nothing came within the limit. */
static inline enum probe_result probe_read(int probe, struct buffer *answer, int limit_ms)
{
    char bytes[65536];
    struct pollfd wait = {.fd = probe, .events = POLLIN};
    if (poll(&wait, 1, limit_ms) <= 0)
        return PROBE_SILENT;
    ssize_t length = recv(probe, bytes, sizeof bytes, 0);
    if (length < 0)
        return PROBE_RESET;
    if (length == 0)
        return PROBE_CLOSED;
    buffer_append(answer, bytes, (size_t)length);
    return PROBE_BYTES_CAME;
}

/* Reads up to the end of the connection; gives how it ended, PROBE_SILENT where it did not. */
static inline enum probe_result probe_read_all(int probe, struct buffer *answer)
{
    enum probe_result result;
    do
        result = probe_read(probe, answer, PROBE_LIMIT_MS);
    while (result == PROBE_BYTES_CAME);
    return result;
}

/* Not strstr: under a sanitizer each call of it measures the whole answer again. */
static inline size_t probe_count(const struct buffer *answer, const char *text)
{
    size_t count = 0, length = strlen(text), at = 0;
    while (answer->length - at >= length) {
        const char *found = memchr(answer->data + at, text[0], answer->length - at - length + 1);
        if (!found)
            break;
        bool equal = memcmp(found, text, length) == 0;
        count += equal;
        at = (size_t)(found - answer->data) + (equal ? length : 1);
    }
    return count;
}

/* Reads until the text has come `times` times in all. */
static inline bool probe_read_until(int probe, struct buffer *answer, const char *text,
                                    size_t times)
{
    while (probe_count(answer, text) < times)
        if (probe_read(probe, answer, PROBE_LIMIT_MS) != PROBE_BYTES_CAME)
            return false;
    return true;
}

/* One request on a connection of its own, read up to the end of the connection: the status, 0 for
 * none. The request must lead to a close. */
static inline int probe_ask(const char *address, const char *request, struct buffer *answer)
{
    int probe = probe_connect(address);
    int status = 0;
    buffer_clear(answer);
    probe_say(probe, request);
    probe_read_all(probe, answer);
    close(probe);
    if (answer->length > 12 && strncmp(answer->data, "HTTP/1.1 ", 9) == 0)
        status = atoi(answer->data + 9);
    return status;
}

#endif
