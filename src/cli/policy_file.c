/* cli/policy_file.c: opening policies and setting attributes from the command line. */
#include "cli/policy_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "program/compile.h"
#include "program/run/program.h"

static bool has_image_magic(const struct buffer *content)
{
    return content->length >= 8 && memcmp(content->data, IMAGE_MAGIC, 8) == 0;
}

static bool read_text(const struct command *command, const char *path, struct policy_file *file)
{
    struct text name = text_of(strcmp(path, "-") == 0 ? "standard input" : path);
    file->front_read = true;
    enum tw_status status =
        front_read(&file->front, name, buffer_view(&file->content), &read_from_disk);
    if (status == TW_LIMIT)
        trouble(command, "%s: to read it takes more than %u MB of memory", path,
                FRONT_MEMORY_LIMIT >> 20);
    else if (status)
        trouble(command, "%s: %s", path, tw_status_text(status));
    return status == TW_OK;
}

static bool read_content(const struct command *command, const char *path, struct policy_file *file)
{
    *file = (struct policy_file){0};
    if (!read_file(command, path, IMAGE_LIMIT, &file->content))
        return false;
    file->is_image = has_image_magic(&file->content);
    return true;
}

bool policy_file_read(const struct command *command, const char *path, struct policy_file *file)
{
    if (!read_content(command, path, file))
        return false;
    if (!file->is_image)
        return read_text(command, path, file);
    trouble(command, "%s: this is a program image; the policy's text is needed here", path);
    return false;
}

static bool open_image(const struct command *command, const char *path, struct policy_file *file)
{
    struct tw_error error;
    if (tw_policy_load(file->content.data, file->content.length, &file->policy, &error) == TW_OK)
        return true;
    trouble(command, "%s: %s", path, error.message);
    return false;
}

bool policy_file_open(const struct command *command, const char *path, struct policy_file *file)
{
    struct tw_error error = {0};
    if (!read_content(command, path, file))
        return false;
    if (file->is_image)
        return open_image(command, path, file);
    if (!read_text(command, path, file))
        return false;
    if (file->front.findings.error_count) {
        print_findings(&file->front.findings, TW_ERROR, STDERR_FILENO);
        trouble(command, "%s: the policy has errors", path);
        return false;
    }
    if (compile_front(&file->front, &file->policy, &error) == TW_OK)
        return true;
    trouble(command, "%s: %s", path, error.message);
    return false;
}

void policy_file_close(struct policy_file *file)
{
    tw_policy_free(file->policy);
    if (file->front_read)
        front_free(&file->front);
    buffer_free(&file->content);
}

bool policy_file_names_all_tiers(const struct policy_file *file)
{
    return file->is_image || policy_names_all_tiers(&file->front.policy);
}

bool policy_names_all_tiers(const struct policy_tree *policy)
{
    int found = policy_tier_find(policy, TEXT("default")), tier = found >= 0 ? found : 0;
    for (const struct statement *at = policy->statements; at; at = at->next)
        if ((at->kind == STATEMENT_NEVER && at->tier_index == tier) ||
            (at->kind == STATEMENT_ALWAYS && at->tier_index != tier))
            return true;
    return false;
}

size_t print_findings(const struct findings *findings, enum tw_severity least, int descriptor)
{
    FILE *stream = descriptor == STDERR_FILENO ? stderr : stdout;
    bool colour = colour_wanted(descriptor);
    struct buffer text;
    size_t shown = 0;
    buffer_init(&text, 1 << 20);
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].severity < least)
            continue;
        buffer_clear(&text);
        finding_print(findings, &findings->items[i], colour, &text);
        fwrite(text.data ? text.data : "", 1, text.length, stream);
        shown++;
    }
    buffer_free(&text);
    return shown;
}

bool set_attributes(const struct command *command, tw_request *request,
                    const char *const *arguments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *sign = strchr(arguments[i], '=');
        struct tw_error error;
        if (!sign || sign == arguments[i]) {
            trouble(command, "\"%s\" is not of the form ATTR=VALUE", arguments[i]);
            return false;
        }
        struct text name = {arguments[i], (size_t)(sign - arguments[i])};
        int attribute = attribute_find(request->policy, name);
        enum tw_status status = attribute < 0
                                    ? attribute_unknown(request->policy, name, &error)
                                    : request_set(request, attribute, text_of(sign + 1), &error);
        if (status) {
            trouble(command, "%s", error.message);
            return false;
        }
    }
    return true;
}

bool gives_now(const char *const *arguments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(arguments[i], "now=", 4) == 0)
            return true;
    return false;
}

bool read_now(const struct command *command, const char *text, int64_t *instant)
{
    struct tw_error error;
    *instant = clock_system() / 1000000;
    if (!text || instant_parse(text_of(text), instant, &error) == TW_OK)
        return true;
    trouble(command, "--now: %s", error.message);
    return false;
}
