/* front/diagnostics.c: the list of findings, and how one is shown.
 *
 * Everything lives in the compile's arena. A finding that cannot be stored for lack of memory is
 * dropped; the compile then fails with TW_NO_MEMORY, since the arena remembers. */
#include "front/diagnostics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    enum tw_severity severity;
    const char *meaning;
} kinds[] = {
#define TW_FINDING(name, text, severity, meaning) [FINDING_##name] = {text, severity, meaning},
#include "front/diagnostics.def"
#undef TW_FINDING
};

const char *finding_text(enum finding_name name)
{
    return kinds[name].text;
}

const char *finding_meaning(enum finding_name name)
{
    return kinds[name].meaning;
}

bool finding_find(struct text text, enum finding_name *name)
{
    for (int i = 0; i < FINDING_COUNT; i++) {
        if (text_is(text, kinds[i].text)) {
            *name = (enum finding_name)i;
            return true;
        }
    }
    return false;
}

static bool is_known(const struct findings *findings, enum finding_name name, struct span span)
{
    for (size_t i = findings->count; i-- > 0;) {
        const struct finding *item = &findings->items[i];
        if (item->name == name && item->span.source == span.source &&
            item->span.start == span.start && item->span.end == span.end)
            return true;
    }
    return false;
}

bool finding_dropped(const struct findings *findings, enum finding_name name, struct span span)
{
    return findings->count >= MAX_FINDINGS || is_known(findings, name, span);
}

struct finding *finding_add(struct findings *findings, enum finding_name name, struct span span,
                            const char *format, ...)
{
    if (finding_dropped(findings, name, span))
        return NULL;
    struct finding *items = arena_grow(findings->arena, findings->items, findings->count,
                                       &findings->capacity, sizeof *items);
    if (!items)
        return NULL;
    char message[400];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct text text = {message, length < 0                        ? 0
                                 : (size_t)length < sizeof message ? (size_t)length
                                                                   : sizeof message - 1};
    text.length = utf8_valid_prefix(text);
    findings->items = items;
    struct finding *finding = &items[findings->count++];
    *finding = (struct finding){.name = name,
                                .severity = kinds[name].severity,
                                .span = span,
                                .message = arena_text(findings->arena, text)};
    findings->error_count += finding->severity == TW_ERROR;
    return finding;
}

PRINTF_LIKE(2, 0)
static struct text format_text(struct arena *arena, const char *format, va_list arguments)
{
    char message[400];
    int length = vsnprintf(message, sizeof message, format, arguments);
    if (length < 0)
        length = 0;
    struct text text = {message,
                        (size_t)length < sizeof message ? (size_t)length : sizeof message - 1};
    text.length = utf8_valid_prefix(text);
    return arena_text(arena, text);
}

void finding_help(struct findings *findings, struct finding *finding, const char *format, ...)
{
    if (!finding)
        return;
    va_list arguments;
    va_start(arguments, format);
    finding->help = format_text(findings->arena, format, arguments);
    va_end(arguments);
}

void finding_relate(struct findings *findings, struct finding *finding, struct span span,
                    const char *format, ...)
{
    struct related *related = finding ? ARENA_NEW(findings->arena, struct related) : NULL;
    if (!related)
        return;
    va_list arguments;
    va_start(arguments, format);
    related->message = format_text(findings->arena, format, arguments);
    va_end(arguments);
    related->span = span;
    struct related **end = &finding->related;
    while (*end)
        end = &(*end)->next;
    *end = related;
}

static int compare_findings(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    if (a->span.source != b->span.source)
        return a->span.source < b->span.source ? -1 : 1;
    if (a->span.start != b->span.start)
        return a->span.start < b->span.start ? -1 : 1;
    return a->name < b->name ? -1 : a->name > b->name;
}

void findings_sort(struct findings *findings)
{
    if (findings->count)
        qsort(findings->items, findings->count, sizeof *findings->items, compare_findings);
}

/* Colours are ANSI's; the names say what each is for. */
struct palette {
    const char *error, *warning, *mark, *quiet, *bold, *off;
};

static const struct palette coloured = {"\033[1;31m", "\033[1;35m", "\033[1;32m",
                                        "\033[2m",    "\033[1m",    "\033[0m"};
static const struct palette plain = {"", "", "", "", "", ""};

static void print_place(const struct findings *findings, struct span span, struct buffer *out)
{
    struct place place = source_place(findings->sources, span.source, span.start);
    struct text name = findings->sources->items[span.source]->name;
    buffer_format(out, "%.*s:%u:%u: ", (int)name.length, name.data, place.line, place.column);
}

/* Tabs and other control characters become blanks, so that the marks below stand right. */
static void print_line(struct text line, struct buffer *out)
{
    for (size_t i = 0; i < line.length; i++)
        buffer_byte(out, (unsigned char)line.data[i] < 0x20 || line.data[i] == 0x7f ? ' '
                                                                                    : line.data[i]);
}

enum { LONGEST_SHOWN = 160 };

/* The part of a long line that is worth showing: around the place that is marked. */
static struct text window_of(struct text line, size_t offset, size_t *skipped)
{
    *skipped = 0;
    if (line.length <= LONGEST_SHOWN)
        return line;
    size_t start = offset > LONGEST_SHOWN / 2 ? offset - LONGEST_SHOWN / 2 : 0;
    size_t end = start + LONGEST_SHOWN < line.length ? start + LONGEST_SHOWN : line.length;
    while (start > 0 && ((unsigned char)line.data[start] & 0xC0) == 0x80)
        start--;
    while (end < line.length && ((unsigned char)line.data[end] & 0xC0) == 0x80)
        end++;
    *skipped = start;
    return (struct text){line.data + start, end - start};
}

static void print_source(const struct findings *findings, struct span span,
                         const struct palette *colours, struct buffer *out)
{
    struct place place = source_place(findings->sources, span.source, span.start);
    struct text line = source_line(findings->sources, span.source, place.line);
    const char *content = findings->sources->items[span.source]->content.data;
    size_t offset = span.start - (size_t)(line.data - content), skipped;
    if (offset > line.length)
        offset = line.length;
    struct text shown = window_of(line, offset, &skipped);
    size_t marked = span.end - span.start, rest = shown.length - (offset - skipped);
    struct text before = {shown.data, offset - skipped};
    struct text under = {shown.data + before.length, marked < rest ? marked : rest};
    if (under.length && utf8_valid_prefix(shown) < shown.length)
        return; /* a line that is not text is not shown */
    buffer_format(out, "%s%5u |%s ", colours->quiet, place.line, colours->off);
    print_line(shown, out);
    buffer_format(out, "\n%s      |%s ", colours->quiet, colours->off);
    buffer_repeat(out, ' ', utf8_count(before));
    size_t width = utf8_count(under);
    buffer_string(out, colours->mark);
    buffer_repeat(out, '^', width ? width : 1);
    buffer_format(out, "%s\n", colours->off);
}

void finding_print(const struct findings *findings, const struct finding *finding, bool colour,
                   struct buffer *out)
{
    const struct palette *colours = colour ? &coloured : &plain;
    buffer_string(out, colours->bold);
    print_place(findings, finding->span, out);
    buffer_string(out, colours->off);
    bool error = finding->severity == TW_ERROR;
    buffer_format(out, "%s%s:%s ", error ? colours->error : colours->warning,
                  error ? "error" : "warning", colours->off);
    buffer_text(out, finding->message);
    buffer_format(out, " [%s]\n", kinds[finding->name].text);
    print_source(findings, finding->span, colours, out);
    if (finding->help.length)
        buffer_format(out, "       help: %.*s\n", (int)finding->help.length, finding->help.data);
    if (finding->example.length)
        buffer_format(out, "       example: %.*s\n", (int)finding->example.length,
                      finding->example.data);
    for (const struct related *at = finding->related; at; at = at->next) {
        buffer_string(out, "       ");
        print_place(findings, at->span, out);
        buffer_format(out, "%.*s\n", (int)at->message.length, at->message.data);
    }
}
