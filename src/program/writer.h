/* program/writer.h: the sections of a program image in the making.
 *
 * Each section is a buffer of its own; texts are kept once. Records go in at the end, and the index
 * that comes back is what other records hold. Nothing here may fail on its own: status says at the
 * end whether memory ran out or a section grew over its limit. */
#ifndef TIERWAY_PROGRAM_WRITER_H
#define TIERWAY_PROGRAM_WRITER_H

#include "base/map.h"
#include "front/source.h"
#include "program/run/image.h"

struct writer {
    struct arena *arena;
    struct buffer sections[SECTION_COUNT];
    struct map strings; /* text to its offset + 1 */
    enum tw_status status;
};

void writer_init(struct writer *writer, struct arena *arena);
void writer_free(struct writer *writer);

/* Records in a section so far. */
uint32_t writer_count(const struct writer *writer, enum section section);
/* Makes room at once for so many records more. */
void writer_reserve(struct writer *writer, enum section section, size_t count);
/* Appends `count` records that lie in a row; the index of the first. */
uint32_t writer_add(struct writer *writer, enum section section, const void *records, size_t count);
/* Appends `count` zeroed records and gives them to be filled in, until the section grows again;
 * NULL when memory is out. *first is the index. */
void *writer_room(struct writer *writer, enum section section, size_t count, uint32_t *first);

/* One record, by the name of its section. */
#define WRITE(writer, section, record) writer_add((writer), SECTION_##section, &(record), 1)

/* A text of the strings section, kept once. */
struct image_string writer_string(struct writer *writer, struct text text);
/* The same without a look-up, for texts that do not come twice. */
struct image_string writer_new_string(struct writer *writer, struct text text);

/* TW_OK, or what went wrong so far: TW_NO_MEMORY, TW_LIMIT. */
enum tw_status writer_status(const struct writer *writer);
/* Puts the image together and frees each section once it is copied. The sources become the last
 * one. Fills in length, section_count and checksum of the header. TW_OK, TW_NO_MEMORY or TW_LIMIT.
 * image: empty, of limit IMAGE_ROOM(IMAGE_LIMIT). */
enum tw_status writer_join(struct writer *writer, struct image_header header,
                           const struct sources *sources, struct buffer *image);

#endif
