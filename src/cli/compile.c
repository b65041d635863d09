/* cli/compile.c: tierway compile FILE -o OUT */
#include <stdio.h>
#include <string.h>

#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "program/compile.h"

int command_compile(const struct command *command, int argc, char **argv)
{
    const char *output = NULL;
    int at;
    const struct option_row rows[] = {
        {"o", OPTION_TEXT, "OUT", "Where to write the program image", &output},
        {"output", OPTION_TEXT, "OUT", "The same", &output},
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &at);
    if (status >= 0)
        return status;
    if (argc - at != 1)
        return usage_trouble(command, "name one policy file");
    if (!output)
        return usage_trouble(command, "say where to write with -o OUT");
    struct policy_file file;
    bool good = policy_file_open(command, argv[at], &file);
    if (good && strcmp(output, "-") == 0) {
        size_t length;
        const char *image = tw_policy_image(file.policy, &length);
        fwrite(image, 1, length, stdout);
    } else if (good) {
        size_t length;
        const char *image = tw_policy_image(file.policy, &length);
        good = write_file(command, output, (struct text){image, length});
    }
    policy_file_close(&file);
    return good ? finish(command, EXIT_DONE) : EXIT_TROUBLE;
}
