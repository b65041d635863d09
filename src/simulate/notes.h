/* simulate/notes.h: what could not be done for some requests, counted by reason. */
#ifndef TIERWAY_SIMULATE_NOTES_H
#define TIERWAY_SIMULATE_NOTES_H

#include "base/map.h"

enum note_group { UNEVALUATED, UNPRICED, LACKING, NOTE_GROUP_COUNT };

enum note_kind {
#define NOTE(name, group, word, text) NOTE_##name,
#include "simulate/notes.def"
#undef NOTE
    NOTE_KIND_COUNT
};

enum { NOTES_MAX = 1000 }; /* past it a note has no subject of its own */

struct note {
    enum note_kind kind;
    struct text subject; /* an attribute, or a model and a tier; may be empty */
    struct text message; /* of the first one; may be empty */
    int64_t requests;
    int64_t first_line;
};

struct notes {
    struct arena *arena;
    struct map by_key;
    struct note **items;
    size_t count, capacity;
    int64_t requests[NOTE_GROUP_COUNT]; /* notes of a group added up */
};

struct note_source {
    enum note_kind kind;
    struct text subject;
    const char *message; /* NULL or text that is copied */
    int64_t line, requests;
};

void notes_init(struct notes *notes, struct arena *arena);
/* TW_OK, or what arena_status says. */
enum tw_status notes_add(struct notes *notes, const struct note_source *source);
/* Within a group most requests first, then in the order of coming. */
void notes_sort(struct notes *notes);

enum note_group note_group(enum note_kind kind);
const char *note_word(enum note_kind kind);
const char *note_text(enum note_kind kind);

#endif
