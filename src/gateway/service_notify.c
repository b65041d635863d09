/* gateway/service_notify.c: see service_notify.h. Keeps nothing open between two messages. */
#include "gateway/service_notify.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum tw_status service_notify(const char *socket_name, const char *state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!socket_name || !*socket_name)
        return TW_OK;
    size_t length = strlen(socket_name);
    if ((socket_name[0] != '/' && socket_name[0] != '@') || length >= sizeof to.sun_path)
        return TW_INVALID;
    memcpy(to.sun_path, socket_name, length);
    if (to.sun_path[0] == '@') /* an abstract name begins with a NUL, and its length ends it */
        to.sun_path[0] = '\0';
    int notifier = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (notifier < 0)
        return TW_IO;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent =
        sendto(notifier, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, size);
    close(notifier);
    return sent < 0 ? TW_IO : TW_OK;
}
