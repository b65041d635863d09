/* gateway/tls.h: TLS for callers: the server's certificate, and the encryption of one connection.
 *
 * Sockets are not seen here: bytes of the wire go in and come out, so that the server's own
 * reading, limits and time-outs hold with and without TLS. OpenSSL does the work; it is loaded when
 * it is needed, as libcurl is (runtime/curl_library.h). TLS 1.2 and 1.3, no renegotiation; of
 * protocols only http/1.1 (RFC 7301). */
#ifndef TIERWAY_GATEWAY_TLS_H
#define TIERWAY_GATEWAY_TLS_H

#include "base/text.h"

/* A certificate with its key. Sessions may be made on any thread. */
struct tls_identity;

/* Reads both files, PEM: the certificate with those that lead to its root, and a key without a
 * pass phrase. TW_NOT_FOUND: this machine has no OpenSSL 3. TW_INVALID: a file cannot be read or
 * used, or the two do not belong together; error says which. TW_NO_MEMORY. */
enum tw_status tls_identity_open(const char *certificate, const char *key,
                                 struct tls_identity **identity, struct tw_error *error);
/* Reads the files again, for sessions made from now on. Where that fails the old ones stay. */
enum tw_status tls_identity_reload(struct tls_identity *identity, struct tw_error *error);
/* When the certificate ends, milliseconds since 1970 UTC. */
int64_t tls_identity_expires(struct tls_identity *identity);
void tls_identity_close(struct tls_identity *identity); /* after its sessions; NULL allowed */

/* One connection, on one thread at a time. */
struct tls_session;

struct tls_session *tls_session_new(struct tls_identity *identity); /* NULL: out of memory */
void tls_session_free(struct tls_session *session);                 /* NULL allowed */

enum tls_state {
    TLS_MORE,   /* nothing to read until more comes in */
    TLS_CLOSED, /* the other side has said that it sends no more */
    TLS_PLAIN,  /* it began to speak HTTP without TLS */
    TLS_FAILED, /* it broke the protocol, or has no protocol in common with us */
};

/* Takes bytes of the wire. False: out of memory. */
bool tls_session_feed(struct tls_session *session, const char *data, size_t length);
/* Decrypts; how many bytes, or 0, and then *state says why. Handshakes by itself. To be called
 * until it gives 0; then what is outgoing has to be sent. */
size_t tls_session_read(struct tls_session *session, char *into, size_t room,
                        enum tls_state *state);
/* Encrypts. False: the handshake is not over, or memory is out. */
bool tls_session_write(struct tls_session *session, const char *data, size_t length);
/* Says that no more is sent from here, if the handshake is over. */
void tls_session_end(struct tls_session *session);
/* Bytes for the wire, until the next call for the session; and that they are on their way. */
struct text tls_session_outgoing(struct tls_session *session);
void tls_session_sent(struct tls_session *session);

#endif
