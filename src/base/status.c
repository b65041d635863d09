/* base/status.c: names of results, and the filling in of error values. Allocates nothing. */
#include "base/status.h"

#include <stdio.h>
#include <string.h>

const char *tw_status_text(enum tw_status status)
{
    switch (status) {
#define TW_STATUS(name, text)                                                                      \
    case TW_##name:                                                                                \
        return text;
#include "tierway/status.def"
#undef TW_STATUS
    }
    return "unknown status";
}

/* A cut in the middle of a UTF-8 character would make the message itself invalid text. */
static void cut_at_character(char *message, size_t length)
{
    while (length > 0 && ((unsigned char)message[length] & 0xC0) == 0x80)
        length--;
    message[length] = '\0';
}

enum tw_status fail(struct tw_error *error, enum tw_status code, const char *format, ...)
{
    if (!error)
        return code;
    va_list arguments;
    va_start(arguments, format);
    char message[sizeof error->message + 1];
    int written = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (written < 0)
        message[0] = '\0';
    cut_at_character(message, (size_t)written < sizeof error->message
                                  ? (written < 0 ? 0 : (size_t)written)
                                  : sizeof error->message - 1);
    memcpy(error->message, message, strlen(message) + 1);
    error->code = code;
    return code;
}
