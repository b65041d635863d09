/* program/writer.c: see writer.h. The buffers are on the heap, the map of texts in the arena. */
#include "program/writer.h"

#include <string.h>

#include "program/run/program.h"

static const struct {
    size_t size;
    uint32_t most;
} records[] = {
#define TW_SECTION(name, text, type, most) {sizeof(type), most},
#include "program/run/sections.def"
#undef TW_SECTION
};

void writer_init(struct writer *writer, struct arena *arena)
{
    *writer = (struct writer){.arena = arena};
    map_init(&writer->strings, arena);
    for (int i = 0; i < SECTION_COUNT; i++)
        buffer_init(&writer->sections[i], IMAGE_LIMIT);
    writer_new_string(writer, TEXT(""));
}

void writer_free(struct writer *writer)
{
    for (int i = 0; i < SECTION_COUNT; i++)
        buffer_free(&writer->sections[i]);
}

uint32_t writer_count(const struct writer *writer, enum section section)
{
    return (uint32_t)(writer->sections[section].length / records[section].size);
}

void writer_reserve(struct writer *writer, enum section section, size_t count)
{
    buffer_reserve(&writer->sections[section], count * records[section].size);
}

uint32_t writer_add(struct writer *writer, enum section section, const void *rows, size_t count)
{
    uint32_t first = writer_count(writer, section);
    buffer_append(&writer->sections[section], rows, count * records[section].size);
    return first;
}

void *writer_room(struct writer *writer, enum section section, size_t count, uint32_t *first)
{
    struct buffer *buffer = &writer->sections[section];
    size_t before = buffer->length;
    *first = writer_count(writer, section);
    buffer_repeat(buffer, '\0', count * records[section].size);
    return buffer->status ? NULL : buffer->data + before;
}

struct image_string writer_new_string(struct writer *writer, struct text text)
{
    struct buffer *pool = &writer->sections[SECTION_STRINGS];
    struct image_string string = {(uint32_t)pool->length, (uint32_t)text.length};
    buffer_text(pool, text);
    buffer_byte(pool, '\0');
    return string;
}

struct image_string writer_string(struct writer *writer, struct text text)
{
    if (text.length == 0)
        return (struct image_string){0, 0};
    uintptr_t known = (uintptr_t)map_get(&writer->strings, text);
    if (known)
        return (struct image_string){(uint32_t)known - 1, (uint32_t)text.length};
    struct image_string string = writer_new_string(writer, text);
    if (!map_set(&writer->strings, text, (void *)((uintptr_t)string.offset + 1)))
        writer->status = TW_NO_MEMORY;
    return string;
}

/* Each source, with a zero byte behind it. */
static uint64_t source_length(const struct sources *sources)
{
    uint64_t length = 0;
    for (uint32_t i = 0; i < sources->count; i++)
        length += sources->items[i]->content.length + 1;
    return length;
}

/* Where each section lies; the image's length, or 0 for a section that is too large. */
static uint64_t place_sections(const struct writer *writer, const struct sources *sources,
                               struct image_section *table)
{
    uint64_t offset = sizeof(struct image_header) + SECTION_COUNT * sizeof *table;
    for (int i = 0; i < SECTION_COUNT; i++) {
        uint64_t length = i == SECTION_SOURCE ? source_length(sources) : writer->sections[i].length;
        uint64_t count = length / records[i].size;
        if (count > records[i].most)
            return 0;
        table[i] = (struct image_section){(uint32_t)i, (uint32_t)count, offset};
        offset += (length + 7) / 8 * 8;
    }
    return offset;
}

enum tw_status writer_status(const struct writer *writer)
{
    enum tw_status status = writer->status;
    for (int i = 0; i < SECTION_COUNT && !status; i++)
        status = writer->sections[i].status;
    return status;
}

static void append_sources(const struct sources *sources, struct buffer *image)
{
    for (uint32_t i = 0; i < sources->count; i++) {
        buffer_text(image, sources->items[i]->content);
        buffer_byte(image, '\0');
    }
}

enum tw_status writer_join(struct writer *writer, struct image_header header,
                           const struct sources *sources, struct buffer *image)
{
    struct image_section table[SECTION_COUNT];
    enum tw_status status = writer_status(writer);
    if (status)
        return status;
    header.length = place_sections(writer, sources, table);
    header.section_count = SECTION_COUNT;
    if (header.length == 0 || header.length > IMAGE_LIMIT)
        return TW_LIMIT;
    buffer_reserve(image, IMAGE_ROOM(header.length));
    buffer_append(image, &header, sizeof header);
    buffer_append(image, table, sizeof table);
    for (int i = 0; i < SECTION_COUNT; i++) {
        buffer_text(image, buffer_view(&writer->sections[i]));
        buffer_free(&writer->sections[i]);
        if (i == SECTION_SOURCE)
            append_sources(sources, image);
        buffer_repeat(image, '\0', (8 - image->length % 8) % 8);
    }
    if (image->status)
        return image->status;
    header.checksum = image_checksum(image->data, image->length);
    memcpy(image->data, &header, sizeof header);
    return TW_OK;
}
