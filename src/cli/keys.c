/* cli/keys.c: tierway keys new NAME: a key for a caller of the gateway.
 *
 * The key is random, printed once, and kept nowhere: the configuration holds its hash only. */
#include "cli/cli.h"
#include "cli/shared_options.h"

#include "base/json.h"
#include "gateway/callers.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { OUTPUT_MAX = 4096 };

static void print_text(struct buffer *out, const char *name, struct text key, struct text hash)
{
    buffer_format(out,
                  "# The key of %s. It is shown this once, and kept nowhere.\n%.*s\n"
                  "# For `callers` in the gateway's configuration:\n"
                  "  - name: %s\n    sha256: %.*s\n",
                  name, TEXT_ARGUMENTS(key), name, TEXT_ARGUMENTS(hash));
}

static void print_json(struct buffer *out, const char *name, struct text key, struct text hash)
{
    buffer_string(out, "{\"name\": ");
    json_write_string(out, text_of(name));
    buffer_format(out, ", \"key\": \"%.*s\", \"sha256\": \"%.*s\"}\n", TEXT_ARGUMENTS(key),
                  TEXT_ARGUMENTS(hash));
}

static int print_new(const struct command *command, const char *name, enum output_format format)
{
    uint8_t random[KEY_RANDOM_BYTES], bytes[KEY_HASH_BYTES];
    struct buffer key, hash, out;
    struct key_hasher *hasher = key_hasher_new();
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        key_hasher_free(hasher);
        return trouble(command, "the system gives no random numbers");
    }
    buffer_init(&key, OUTPUT_MAX);
    buffer_init(&hash, OUTPUT_MAX);
    buffer_init(&out, OUTPUT_MAX);
    key_print(random, &key);
    key_hash(hasher, buffer_view(&key), bytes);
    key_hash_print(bytes, &hash);
    (format == FORMAT_JSON ? print_json : print_text)(&out, name, buffer_view(&key),
                                                      buffer_view(&hash));
    int status = out.status ? trouble(command, "%s", tw_status_text(out.status)) : EXIT_DONE;
    if (status == EXIT_DONE)
        fwrite(out.data, 1, out.length, stdout);
    buffer_free(&key);
    buffer_free(&hash);
    buffer_free(&out);
    key_hasher_free(hasher);
    return status;
}

int command_keys(const struct command *command, int argc, char **argv)
{
    static const char *const formats[] = {"text", "json", NULL};
    const char *format_name = "text";
    enum output_format format;
    const struct option_row rows[] = {
        SHARED_FORMAT(&format_name, "text or json"),
        OPTIONS_END,
    };
    int at, status = options_parse(command, rows, argc, argv, &at);
    if (status >= 0)
        return status;
    if (argc - at != 2 || strcmp(argv[at], "new") != 0)
        return usage_trouble(command, "say `new` and the caller's name");
    if (!format_parse(command, format_name, formats, &format))
        return EXIT_TROUBLE;
    if (!caller_name_valid(argv[at + 1]))
        return trouble(command, "a caller's name is " CALLER_NAME_RULE);
    return print_new(command, argv[at + 1], format);
}
