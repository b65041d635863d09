/* gateway/api_error.h: errors as OpenAI's API words them. */
#ifndef TIERWAY_GATEWAY_API_ERROR_H
#define TIERWAY_GATEWAY_API_ERROR_H

#include "base/text.h"

/* All texts constant or the caller's; param and code NULL print as null. */
struct api_error {
    const char *type;
    const char *code;
    const char *param;
    const char *message;
};

/* {"message":...,"type":...,"param":...,"code":...} */
void api_error_print_inner(struct buffer *buffer, const struct api_error *error);
/* {"error":{...}} */
void api_error_print(struct buffer *buffer, const struct api_error *error);

#endif
