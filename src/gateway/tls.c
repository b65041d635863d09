/* gateway/tls.c: see tls.h.
 *
 * A session reads from one piece of memory and writes to another, so that OpenSSL never waits. An
 * identity's context is counted by OpenSSL: sessions keep the one that they began with. */
#include "gateway/tls.h"

#include "gateway/tls_library.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tls_identity {
    struct tls_library library;
    pthread_mutex_t guard; /* the two below */
    SSL_CTX *context;
    int64_t expires;
    char *certificate, *key; /* paths */
};

struct tls_session {
    const struct tls_library *library;
    SSL *ssl;
    BIO *in, *out; /* the SSL's own */
};

/* --- identities --- */

/* A key that needs a pass phrase is refused; nobody is asked for one. */
static int no_pass_phrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

/* A caller that names protocols has to name ours. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length,
                           const unsigned char *offered, unsigned int offered_length, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    const struct tls_library *library = context;
    unsigned char *found;
    (void)ssl;
    if (library->SSL_select_next_proto(&found, length, ours, sizeof ours - 1, offered,
                                       offered_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* OpenSSL's own words for what went wrong last. */
static enum tw_status fail_with_reason(const struct tls_library *library, const char *what,
                                       const char *path, struct tw_error *error)
{
    const char *reason = library->ERR_reason_error_string(library->ERR_peek_last_error());
    fail(error, TW_INVALID, "the %s %s cannot be used: %s", what, path,
         reason ? reason : "it cannot be read");
    library->ERR_clear_error();
    return TW_INVALID;
}

static void set_rules(struct tls_identity *identity, SSL_CTX *context)
{
    const struct tls_library *library = &identity->library;
    library->SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
    library->SSL_CTX_ctrl(context, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, NULL);
    library->SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
    library->SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                              SSL_OP_CIPHER_SERVER_PREFERENCE);
    library->SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
    library->SSL_CTX_set_alpn_select_cb(context, choose_protocol, &identity->library);
}

static enum tw_status read_files(const struct tls_identity *identity, SSL_CTX *context,
                                 struct tw_error *error)
{
    const struct tls_library *library = &identity->library;
    library->ERR_clear_error();
    if (library->SSL_CTX_use_certificate_chain_file(context, identity->certificate) != 1)
        return fail_with_reason(library, "certificate", identity->certificate, error);
    if (library->SSL_CTX_use_PrivateKey_file(context, identity->key, SSL_FILETYPE_PEM) != 1 ||
        library->SSL_CTX_check_private_key(context) != 1)
        return fail_with_reason(library, "key", identity->key, error);
    return TW_OK;
}

static int64_t end_of(const struct tls_library *library, SSL_CTX *context)
{
    struct tm end = {.tm_year = 0};
    const X509 *certificate = library->SSL_CTX_get0_certificate(context);
    if (!certificate ||
        library->ASN1_TIME_to_tm(library->X509_get0_notAfter(certificate), &end) != 1)
        return 0;
    return (int64_t)timegm(&end) * 1000;
}

enum tw_status tls_identity_reload(struct tls_identity *identity, struct tw_error *error)
{
    const struct tls_library *library = &identity->library;
    SSL_CTX *context = library->SSL_CTX_new(library->TLS_server_method());
    if (!context)
        return fail(error, TW_NO_MEMORY, "out of memory");
    set_rules(identity, context);
    enum tw_status status = read_files(identity, context, error);
    if (status != TW_OK) {
        library->SSL_CTX_free(context);
        return status;
    }
    pthread_mutex_lock(&identity->guard);
    SSL_CTX *before = identity->context;
    identity->context = context;
    identity->expires = end_of(library, context);
    pthread_mutex_unlock(&identity->guard);
    library->SSL_CTX_free(before);
    return TW_OK;
}

enum tw_status tls_identity_open(const char *certificate, const char *key,
                                 struct tls_identity **result, struct tw_error *error)
{
    struct tls_identity *identity = calloc(1, sizeof *identity);
    *result = NULL;
    if (!identity)
        return fail(error, TW_NO_MEMORY, "out of memory");
    pthread_mutex_init(&identity->guard, NULL);
    identity->certificate = strdup(certificate);
    identity->key = strdup(key);
    enum tw_status status = identity->certificate && identity->key
                                ? tls_library_open(&identity->library, error)
                                : fail(error, TW_NO_MEMORY, "out of memory");
    if (status == TW_OK)
        status = tls_identity_reload(identity, error);
    if (status == TW_OK)
        *result = identity;
    else
        tls_identity_close(identity);
    return status;
}

int64_t tls_identity_expires(struct tls_identity *identity)
{
    pthread_mutex_lock(&identity->guard);
    int64_t expires = identity->expires;
    pthread_mutex_unlock(&identity->guard);
    return expires;
}

void tls_identity_close(struct tls_identity *identity)
{
    if (!identity)
        return;
    if (identity->context)
        identity->library.SSL_CTX_free(identity->context);
    pthread_mutex_destroy(&identity->guard);
    free(identity->certificate);
    free(identity->key);
    free(identity);
}

/* --- sessions --- */

static SSL_CTX *hold_context(struct tls_identity *identity)
{
    pthread_mutex_lock(&identity->guard);
    SSL_CTX *context = identity->context;
    identity->library.SSL_CTX_up_ref(context);
    pthread_mutex_unlock(&identity->guard);
    return context;
}

struct tls_session *tls_session_new(struct tls_identity *identity)
{
    const struct tls_library *library = &identity->library;
    struct tls_session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    SSL_CTX *context = hold_context(identity);
    session->library = library;
    session->ssl = library->SSL_new(context);
    library->SSL_CTX_free(context); /* the SSL holds it by now */
    session->in = library->BIO_new(library->BIO_s_mem());
    session->out = library->BIO_new(library->BIO_s_mem());
    if (!session->ssl || !session->in || !session->out) {
        library->BIO_free(session->in);
        library->BIO_free(session->out);
        library->SSL_free(session->ssl);
        free(session);
        return NULL;
    }
    library->SSL_set_bio(session->ssl, session->in, session->out);
    library->SSL_set_accept_state(session->ssl);
    return session;
}

void tls_session_free(struct tls_session *session)
{
    if (!session)
        return;
    session->library->SSL_free(session->ssl);
    free(session);
}

bool tls_session_feed(struct tls_session *session, const char *data, size_t length)
{
    return length <= INT_MAX &&
           session->library->BIO_write(session->in, data, (int)length) == (int)length;
}

static enum tls_state state_after(struct tls_session *session, int result)
{
    const struct tls_library *library = session->library;
    int code = library->SSL_get_error(session->ssl, result);
    int reason = ERR_GET_REASON(library->ERR_peek_error());
    library->ERR_clear_error();
    if (code == SSL_ERROR_WANT_READ)
        return TLS_MORE;
    if (code == SSL_ERROR_ZERO_RETURN)
        return TLS_CLOSED;
    return code == SSL_ERROR_SSL && reason == SSL_R_HTTP_REQUEST ? TLS_PLAIN : TLS_FAILED;
}

size_t tls_session_read(struct tls_session *session, char *into, size_t room, enum tls_state *state)
{
    session->library->ERR_clear_error();
    int result =
        session->library->SSL_read(session->ssl, into, room < INT_MAX ? (int)room : INT_MAX);
    *state = result > 0 ? TLS_MORE : state_after(session, result);
    return result > 0 ? (size_t)result : 0;
}

bool tls_session_write(struct tls_session *session, const char *data, size_t length)
{
    const struct tls_library *library = session->library;
    library->ERR_clear_error();
    while (length > 0) {
        int part = length < INT_MAX ? (int)length : INT_MAX;
        int written = library->SSL_write(session->ssl, data, part);
        if (written <= 0) {
            library->ERR_clear_error();
            return false;
        }
        data += written;
        length -= (size_t)written;
    }
    return true;
}

void tls_session_end(struct tls_session *session)
{
    const struct tls_library *library = session->library;
    library->ERR_clear_error();
    if (!library->SSL_in_init(session->ssl))
        library->SSL_shutdown(session->ssl);
    library->ERR_clear_error();
}

struct text tls_session_outgoing(struct tls_session *session)
{
    char *data = NULL;
    long length = session->library->BIO_ctrl(session->out, BIO_CTRL_INFO, 0, &data);
    return length > 0 ? (struct text){data, (size_t)length} : TEXT("");
}

void tls_session_sent(struct tls_session *session)
{
    session->library->BIO_ctrl(session->out, BIO_CTRL_RESET, 0, NULL);
}
