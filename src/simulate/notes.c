/* simulate/notes.c: see notes.h. All memory is the arena's, and bounded by NOTES_MAX. */
#include "simulate/notes.h"

#include <stdlib.h>

static const struct {
    enum note_group group;
    const char *word, *text;
} kinds[] = {
#define NOTE(name, group, word, text) {group, word, text},
#include "simulate/notes.def"
#undef NOTE
};

enum note_group note_group(enum note_kind kind)
{
    return kinds[kind].group;
}

const char *note_word(enum note_kind kind)
{
    return kinds[kind].word;
}

const char *note_text(enum note_kind kind)
{
    return kinds[kind].text;
}

void notes_init(struct notes *notes, struct arena *arena)
{
    *notes = (struct notes){.arena = arena};
    map_init(&notes->by_key, arena);
}

/* The note of this kind and subject, made where there is none. */
static struct note *find(struct notes *notes, const struct note_source *source)
{
    char key_bytes[256];
    struct text subject = notes->count < NOTES_MAX ? source->subject : TEXT("");
    if (subject.length > sizeof key_bytes - 1)
        subject.length = sizeof key_bytes - 1;
    key_bytes[0] = (char)('a' + (int)source->kind);
    for (size_t i = 0; i < subject.length; i++)
        key_bytes[i + 1] = subject.data[i];
    struct text key = {key_bytes, subject.length + 1};
    struct note *note = map_get(&notes->by_key, key);
    if (note)
        return note;
    struct note **items =
        arena_grow(notes->arena, notes->items, notes->count, &notes->capacity, sizeof *items);
    note = ARENA_NEW(notes->arena, struct note);
    key = arena_text(notes->arena, key);
    if (!items || !note || !key.length || !map_set(&notes->by_key, key, note))
        return NULL;
    note->kind = source->kind;
    note->subject = (struct text){key.data + 1, key.length - 1};
    note->first_line = source->line;
    note->message = source->message ? arena_text(notes->arena, text_of(source->message)) : TEXT("");
    notes->items = items;
    items[notes->count++] = note;
    return note;
}

enum tw_status notes_add(struct notes *notes, const struct note_source *source)
{
    struct note *note = find(notes, source);
    if (!note)
        return arena_status(notes->arena);
    note->requests += source->requests;
    notes->requests[note_group(source->kind)] += source->requests;
    return TW_OK;
}

static int compare(const void *left, const void *right)
{
    const struct note *a = *(const struct note *const *)left;
    const struct note *b = *(const struct note *const *)right;
    enum note_group group_a = note_group(a->kind), group_b = note_group(b->kind);
    if (group_a != group_b)
        return group_a < group_b ? -1 : 1;
    if (a->requests != b->requests)
        return a->requests > b->requests ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return text_compare(a->subject, b->subject);
}

void notes_sort(struct notes *notes)
{
    if (notes->count)
        qsort(notes->items, notes->count, sizeof(struct note *), compare);
}
