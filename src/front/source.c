/* front/source.c: source texts and places in them. Everything lives in the compile's arena. */
#include "front/source.h"

#include <string.h>

static struct text copy_content(struct arena *arena, struct text content)
{
    char *copy = arena_alloc(arena, content.length + 2, 1);
    if (copy && content.length)
        memcpy(copy, content.data, content.length);
    return copy ? (struct text){copy, content.length} : TEXT("");
}

struct source *sources_add(struct sources *sources, struct text name, struct text path,
                           struct text content)
{
    if (sources->count == MAX_SOURCES || content.length > TW_MAX_SOURCE)
        return NULL;
    struct source *source = ARENA_NEW(sources->arena, struct source);
    if (!source)
        return NULL;
    source->name = arena_text(sources->arena, name);
    source->path = arena_text(sources->arena, path);
    source->content = copy_content(sources->arena, content);
    source->included_at.source = sources->count;
    if (sources->arena->failed)
        return NULL;
    sources->items[sources->count++] = source;
    return source;
}

static uint32_t count_lines(struct text content)
{
    uint32_t lines = 1;
    for (size_t i = 0; i < content.length; i++)
        lines += content.data[i] == '\n';
    return lines;
}

static bool find_lines(struct sources *sources, struct source *source)
{
    if (source->line_starts)
        return true;
    uint32_t count = count_lines(source->content);
    uint32_t *starts = ARENA_ARRAY(sources->arena, uint32_t, count);
    if (!starts)
        return false;
    uint32_t line = 1;
    for (size_t i = 0; i < source->content.length; i++)
        if (source->content.data[i] == '\n')
            starts[line++] = (uint32_t)i + 1;
    source->line_starts = starts;
    source->line_count = count;
    return true;
}

static uint32_t line_of(const struct source *source, uint32_t offset)
{
    uint32_t low = 0, high = source->line_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct place source_place(struct sources *sources, uint32_t source_index, uint32_t offset)
{
    struct source *source = sources->items[source_index];
    if (!find_lines(sources, source))
        return (struct place){1, 1};
    uint32_t line = line_of(source, offset);
    uint32_t start = source->line_starts[line];
    struct text before = {source->content.data + start, offset - start};
    return (struct place){line + 1, (uint32_t)utf8_count(before) + 1};
}

struct text source_line(struct sources *sources, uint32_t source_index, uint32_t line)
{
    struct source *source = sources->items[source_index];
    if (!find_lines(sources, source) || line == 0 || line > source->line_count)
        return (struct text){"", 0};
    uint32_t start = source->line_starts[line - 1];
    size_t end = line < source->line_count ? source->line_starts[line] - 1 : source->content.length;
    if (end > start && source->content.data[end - 1] == '\r')
        end--;
    return (struct text){source->content.data + start, end - start};
}

struct text span_text(const struct sources *sources, struct span span)
{
    return (struct text){sources->items[span.source]->content.data + span.start,
                         span.end - span.start};
}

struct span span_join(struct span first, struct span last)
{
    return (struct span){first.source, first.start, last.end > first.start ? last.end : first.end};
}

struct span span_after(struct span span)
{
    return (struct span){span.source, span.end, span.end};
}
