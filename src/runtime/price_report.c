/* runtime/price_report.c: says what is wrong with a price file, and where. See price_file.h.
 *
 * A message is made from the place that the loader is at, so that no reader has to build it. */
#include "runtime/price_file.h"

#include <stdlib.h>

enum { WHERE_MAX = 512 };

/* "model 'm': " */
static void write_model(const struct loader *loader, struct buffer *out)
{
    if (loader->row && loader->row->model.length)
        buffer_format(out, "model '%.*s': ", TEXT_ARGUMENTS(loader->row->model));
    else if (loader->in_models)
        buffer_format(out, "element %zu of models: ", loader->element + 1);
}

/* "windows[0].long_context.flex.input", as far as we are in. */
static void write_member(const struct loader *loader, const char *member, struct buffer *out)
{
    size_t start = out->length;
    if (loader->window)
        buffer_format(out, "windows[%zu].", (size_t)(loader->window - loader->row->windows));
    buffer_string(out, loader->in_long ? "long_context." : "");
    if (loader->tier >= 0)
        buffer_format(out, "%s.", price_tier_member((enum price_tier)loader->tier));
    if (member)
        buffer_string(out, member);
    else if (out->length > start)
        out->length--; /* the point */
}

static void write_path(const struct loader *loader, const char *member, struct buffer *out)
{
    if (loader->in_models)
        buffer_format(out, "models[%zu].", loader->element);
    write_member(loader, member, out);
    if (out->length && out->data[out->length - 1] == '.')
        out->length--;
}

static void note(struct loader *loader, bool warning, struct text path, struct text message)
{
    struct price_report *report = loader->report;
    *(warning ? &report->warnings : &report->errors) += 1;
    if (report->count == PRICE_PROBLEMS_MAX)
        return;
    struct price_problem *problems = arena_grow(&report->arena, report->problems, report->count,
                                                &report->capacity, sizeof *problems);
    if (!problems)
        return;
    report->problems = problems;
    struct price_problem *problem = &problems[report->count++];
    *problem = (struct price_problem){
        .warning = warning,
        .offset = loader->at ? (size_t)(loader->at - loader->document.data) : 0,
        .path = arena_text(&report->arena, path),
        .message = arena_text(&report->arena, message)};
}

static enum tw_status say(struct loader *loader, bool warning, enum tw_status status,
                          const char *member, const char *what)
{
    struct buffer message, path;
    buffer_init(&message, WHERE_MAX);
    buffer_init(&path, WHERE_MAX);
    write_model(loader, &message);
    size_t start = message.length;
    write_member(loader, member, &message);
    buffer_format(&message, "%s%s", message.length > start ? " " : "", what);
    if (loader->report) {
        write_path(loader, member, &path);
        note(loader, warning, buffer_view(&path), buffer_view(&message));
        status = loader->report->arena.failed ? no_memory(loader) : TW_OK;
    } else {
        fail(loader->error, status, "%.*s: %.*s", TEXT_ARGUMENTS(loader->file),
             TEXT_ARGUMENTS(buffer_view(&message)));
    }
    buffer_free(&message);
    buffer_free(&path);
    return status;
}

enum tw_status complain(struct loader *loader, enum tw_status status, const char *member,
                        const char *what)
{
    return say(loader, false, status, member, what);
}

enum tw_status price_warn(struct loader *loader, const char *member, const char *what)
{
    return loader->report ? say(loader, true, TW_OK, member, what) : TW_OK;
}

enum tw_status no_memory(struct loader *loader)
{
    return fail(loader->error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
}

static int compare_places(const void *a, const void *b)
{
    const struct price_problem *left = a, *right = b;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

void price_report_place(struct price_report *report, struct text document)
{
    size_t at = 0, line = 1, line_start = 0;
    if (report->count)
        qsort(report->problems, report->count, sizeof *report->problems, compare_places);
    for (size_t i = 0; i < report->count; i++) {
        struct price_problem *problem = &report->problems[i];
        for (; at < problem->offset; at++)
            if (document.data[at] == '\n') {
                line++;
                line_start = at + 1;
            }
        problem->line = line;
        problem->column = at - line_start + 1;
    }
}

void price_report_free(struct price_report *report)
{
    arena_free(&report->arena);
}
