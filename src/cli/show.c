/* cli/show.c: tierway show FILE --stage STAGE
 *
 * Each stage is a row: what it needs (a text that was read, one without errors, or a program), and
 * what writes it. */
#include "diagram/show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/policy_file.h"
#include "cli/shared_options.h"
#include "front/show.h"
#include "program/compile.h"

enum { SHOW_LIMIT = 1 << 30 };

static void show_program(const tw_policy *policy, struct buffer *out)
{
    disassemble(policy, out);
}

struct stage {
    const char *name;
    void (*text)(struct front *front, struct buffer *out);
    enum tw_status (*checked)(struct front *front, struct buffer *out);
    void (*program)(const tw_policy *policy, struct buffer *out);
};

/* A stage of a text, of a policy without errors, or of a program; of an image only the last. */
static const struct stage stages[] = {
    {"tokens", show_tokens, NULL, NULL}, {"ast", show_tree, NULL, NULL},
    {"check", NULL, show_check, NULL},   {"diagram", NULL, show_diagram, NULL},
    {"asm", NULL, NULL, show_program},   {"plan", NULL, compile_show_plan, show_program_plan},
};

/* In place of the stage `diagram` with --dot. */
static const struct stage graph = {"diagram", NULL, show_diagram_dot, NULL};

static const struct stage *find_stage(const struct command *command, const char *name)
{
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (strcmp(stages[i].name, name) == 0)
            return &stages[i];
    trouble(command,
            "there is no stage `%s`; the stages are tokens, ast, check, diagram, asm and plan",
            name);
    return NULL;
}

/* Tokens and tree are shown of a text with errors too, with the errors on standard error. */
static bool show_text(const struct command *command, const char *path, const struct stage *stage,
                      struct policy_file *file, struct buffer *out)
{
    if (!policy_file_read(command, path, file))
        return false;
    stage->text(&file->front, out);
    return print_findings(&file->front.findings, TW_ERROR, STDERR_FILENO) == 0;
}

static bool show_policy(const struct command *command, const char *path, const struct stage *stage,
                        struct policy_file *file, struct buffer *out)
{
    if (!policy_file_open(command, path, file))
        return false;
    if (stage->program && (file->is_image || !stage->checked)) {
        stage->program(file->policy, out);
        return true;
    }
    if (file->is_image)
        return trouble(command, "%s: a program image has no stage `%s`; give the text", path,
                       stage->name) == EXIT_DONE;
    enum tw_status status = stage->checked(&file->front, out);
    if (status)
        trouble(command, "%s: %s", path,
                status == TW_LIMIT ? "its diagram is too large to be built"
                                   : tw_status_text(status));
    return status == TW_OK;
}

int command_show(const struct command *command, int argc, char **argv)
{
    const char *name = NULL;
    bool dot = false;
    int at;
    const struct option_row rows[] = {
        {"stage", OPTION_TEXT, "STAGE", "tokens, ast, check, diagram, asm or plan", &name},
        {"dot", OPTION_FLAG, NULL, "The diagram as a graph, for Graphviz", &dot},
        OPTIONS_END,
    };
    int status = options_parse(command, rows, argc, argv, &at);
    if (status >= 0)
        return status;
    if (argc - at != 1)
        return usage_trouble(command, "name one policy file");
    if (!name)
        return usage_trouble(command,
                             "say what to show: --stage tokens, ast, check, diagram, asm or plan");
    const struct stage *stage = find_stage(command, name);
    if (!stage)
        return EXIT_TROUBLE;
    if (dot && stage->checked != show_diagram)
        return usage_trouble(command, "--dot is for --stage diagram");
    if (dot)
        stage = &graph;
    struct policy_file file = {0};
    struct buffer out;
    buffer_init(&out, SHOW_LIMIT);
    bool good = (stage->text ? show_text : show_policy)(command, argv[at], stage, &file, &out);
    if (out.status)
        good = trouble(command, "%s: %s", argv[at], tw_status_text(out.status)) == EXIT_DONE;
    fwrite(out.data ? out.data : "", 1, out.length, stdout);
    buffer_free(&out);
    policy_file_close(&file);
    return finish(command, good ? EXIT_DONE : EXIT_TROUBLE);
}
