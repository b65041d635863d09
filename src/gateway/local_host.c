/* gateway/local_host.c: see local_host.h. Takes bytes that nobody has checked. */
#include "gateway/local_host.h"

#include <string.h>

bool is_local_host(struct text host)
{
    const char *end = memchr(host.data, ':', host.length);
    struct text name = {host.data, end ? (size_t)(end - host.data) : host.length};
    if (host.length > 0 && host.data[0] == '[')
        return host.length >= 5 && memcmp(host.data, "[::1]", 5) == 0 &&
               (host.length == 5 || host.data[5] == ':');
    if (text_is(name, "localhost"))
        return true;
    for (size_t i = 0; i < name.length; i++)
        if (name.data[i] != '.' && (name.data[i] < '0' || name.data[i] > '9'))
            return false;
    return name.length > 4 && memcmp(name.data, "127.", 4) == 0;
}
