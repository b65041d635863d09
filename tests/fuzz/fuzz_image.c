/* tests/fuzz/fuzz_image.c: any bytes as a program image, with a header that fits them: it is
 * refused, or it decides and describes itself. */
#include "exercise.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *image = malloc(size + 1);
    struct random random = {size};
    tw_policy *policy;
    struct tw_error error;
    if (!image)
        return 0;
    if (size)
        memcpy(image, data, size);
    image_repair(image, size);
    if (tw_policy_load(image, size, &policy, &error) == TW_OK) {
        if (!exercise_policy(policy, &random, 4))
            abort();
        tw_policy_free(policy);
    }
    free(image);
    return 0;
}
