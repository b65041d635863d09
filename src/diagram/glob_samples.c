/* diagram/glob_samples.c: which combinations of patterns can a text match?
 *
 * All patterns are run at once, as one automaton whose states are sets of positions (the subset
 * construction), beside a trie of the named texts, so that a text that is named is never taken for
 * a sample. Breadth first: samples are as short as can be. Everything lives in the given arena.
 *
 * Characters that neither a pattern nor a named text holds are all alike; one stands for them. */
#include "diagram/classes.h"

#include <string.h>

enum { MOST_VISITS = 60000, MOST_BYTES = 32 << 20, MOST_STEPS = 20000000, ANY = -1, RUN = -2 };

/* A place in the search: a set of positions in the patterns, and a node of the trie of named texts
 * (UINT32_MAX once the text cannot become a named one). */
struct visit {
    const uint32_t *positions; /* in order */
    size_t position_count;
    uint32_t trie;
    uint32_t parent; /* the visit before; UINT32_MAX at the start */
    int32_t character;
};

struct trie_node {
    bool named;
    struct trie_edge *edges;
};

struct trie_edge {
    int32_t character;
    uint32_t child;
    struct trie_edge *next;
};

struct search {
    struct arena *arena;
    struct glob_samples *out;
    int32_t *characters; /* of each position: a code point, ANY, RUN; 0 behind a pattern's end */
    size_t position_count;
    uint32_t *next; /* positions in the making */
    size_t next_count;
    int32_t *alphabet; /* every character of the patterns and texts, and one other */
    size_t alphabet_count, alphabet_capacity;
    struct trie_node *trie;
    size_t trie_count, trie_capacity;
    struct visit *visits;
    size_t visit_count, visit_capacity;
    struct map seen;  /* the bytes of a place to anything */
    struct map found; /* the bytes of a combination to anything */
    size_t bytes;     /* that places and combinations took: many long patterns make large ones */
    size_t steps;     /* positions looked at */
};

static size_t decode(struct text text, size_t at, int32_t *character)
{
    const unsigned char *byte = (const unsigned char *)text.data + at;
    size_t size = utf8_character(text.data + at, text.length - at);
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    *character = byte[0] & masks[size ? size : 1];
    for (size_t i = 1; i < size; i++)
        *character = *character << 6 | (byte[i] & 0x3F);
    return size ? size : 1;
}

static void encode(struct buffer *out, int32_t character)
{
    uint32_t c = (uint32_t)character;
    if (c < 0x80) {
        buffer_byte(out, (char)c);
    } else if (c < 0x800) {
        buffer_byte(out, (char)(0xC0 | c >> 6));
        buffer_byte(out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buffer_byte(out, (char)(0xE0 | c >> 12));
        buffer_byte(out, (char)(0x80 | (c >> 6 & 0x3F)));
        buffer_byte(out, (char)(0x80 | (c & 0x3F)));
    } else {
        buffer_byte(out, (char)(0xF0 | c >> 18));
        buffer_byte(out, (char)(0x80 | (c >> 12 & 0x3F)));
        buffer_byte(out, (char)(0x80 | (c >> 6 & 0x3F)));
        buffer_byte(out, (char)(0x80 | (c & 0x3F)));
    }
}

static bool in_alphabet(const struct search *search, int32_t character)
{
    for (size_t i = 0; i < search->alphabet_count; i++)
        if (search->alphabet[i] == character)
            return true;
    return false;
}

static bool add_character(struct search *search, int32_t character)
{
    if (in_alphabet(search, character))
        return true;
    int32_t *alphabet = arena_grow(search->arena, search->alphabet, search->alphabet_count,
                                   &search->alphabet_capacity, sizeof *alphabet);
    if (!alphabet)
        return false;
    search->alphabet = alphabet;
    alphabet[search->alphabet_count++] = character;
    return true;
}

static bool add_pattern(struct search *search, struct text pattern)
{
    for (size_t at = 0; at < pattern.length;) {
        int32_t character;
        at += decode(pattern, at, &character);
        bool special = character == '*' || character == '?';
        if (!special && !add_character(search, character))
            return false;
        search->characters[search->position_count++] = character == '*'   ? RUN
                                                       : character == '?' ? ANY
                                                                          : character;
    }
    search->position_count++;
    return true;
}

static struct trie_edge *trie_edge(const struct search *search, uint32_t node, int32_t character)
{
    struct trie_edge *edge = node == UINT32_MAX ? NULL : search->trie[node].edges;
    while (edge && edge->character != character)
        edge = edge->next;
    return edge;
}

static bool trie_new(struct search *search, uint32_t *node)
{
    struct trie_node *trie = arena_grow(search->arena, search->trie, search->trie_count,
                                        &search->trie_capacity, sizeof *trie);
    if (!trie)
        return false;
    search->trie = trie;
    *node = (uint32_t)search->trie_count++;
    trie[*node] = (struct trie_node){false, NULL};
    return true;
}

static bool trie_add(struct search *search, struct text text)
{
    uint32_t node = 0;
    for (size_t at = 0; at < text.length;) {
        int32_t character;
        at += decode(text, at, &character);
        struct trie_edge *edge = trie_edge(search, node, character);
        if (!edge) {
            edge = ARENA_NEW(search->arena, struct trie_edge);
            if (!edge || !trie_new(search, &edge->child))
                return false;
            edge->character = character;
            edge->next = search->trie[node].edges;
            search->trie[node].edges = edge;
        }
        node = edge->child;
    }
    search->trie[node].named = true;
    return true;
}

/* Enters a position, and the one behind it where a run of any length may be empty. Positions come
 * in order, each with a stretch behind it: what is not behind the last one is there already. */
static void enter(struct search *search, uint32_t position)
{
    for (bool goes_on = true; goes_on; position++) {
        if (search->next_count == 0 || search->next[search->next_count - 1] < position)
            search->next[search->next_count++] = position;
        goes_on = search->characters[position] == RUN;
    }
}

static void advance(struct search *search, const struct visit *from, int32_t character)
{
    search->next_count = 0;
    search->steps += from->position_count + 1;
    for (size_t i = 0; i < from->position_count; i++) {
        uint32_t position = from->positions[i];
        int32_t wanted = search->characters[position];
        if (wanted == RUN)
            enter(search, position);
        else if (wanted == ANY || (wanted == character && wanted != 0))
            enter(search, position + 1);
    }
}

/* Adds the place of the positions in the making unless it was visited. */
static bool visit(struct search *search, uint32_t trie, uint32_t parent, int32_t character)
{
    size_t count = search->next_count, bytes = (count + 1) * sizeof *search->next;
    search->next[count] = trie;
    if (map_get(&search->seen, (struct text){(const char *)search->next, bytes}))
        return true;
    uint32_t *positions = ARENA_ARRAY(search->arena, uint32_t, count + 1);
    struct visit *visits = arena_grow(search->arena, search->visits, search->visit_count,
                                      &search->visit_capacity, sizeof *visits);
    if (!positions || !visits)
        return false;
    memcpy(positions, search->next, bytes);
    search->bytes += bytes;
    search->visits = visits;
    visits[search->visit_count++] = (struct visit){positions, count, trie, parent, character};
    return map_set(&search->seen, (struct text){(const char *)positions, bytes}, search);
}

static struct text text_of_visit(struct search *search, uint32_t index)
{
    struct buffer reversed, text;
    size_t length = 0;
    buffer_init(&text, 4 * MOST_VISITS);
    buffer_init(&reversed, MOST_VISITS * sizeof(int32_t));
    for (uint32_t at = index; search->visits[at].parent != UINT32_MAX;
         at = search->visits[at].parent, length++)
        buffer_append(&reversed, &search->visits[at].character, sizeof(int32_t));
    for (size_t i = length; !reversed.status && i-- > 0;) {
        int32_t character;
        memcpy(&character, reversed.data + i * sizeof character, sizeof character);
        encode(&text, character);
    }
    struct text result = arena_text(search->arena, buffer_view(&text));
    if (reversed.status || text.status)
        search->arena->failed = true;
    buffer_free(&reversed);
    buffer_free(&text);
    return result;
}

/* Keeps the text of this place where its combination of patterns, told by their ends, is new. */
static bool keep(struct search *search, uint32_t index)
{
    const struct visit *at = &search->visits[index];
    struct glob_samples *out = search->out;
    search->next_count = 0;
    for (size_t i = 0; i < at->position_count; i++)
        if (search->characters[at->positions[i]] == 0)
            search->next[search->next_count++] = at->positions[i];
    struct text key = {(const char *)search->next, search->next_count * sizeof *search->next};
    if (map_get(&search->found, key))
        return true;
    key = arena_text(search->arena, key);
    search->bytes += key.length;
    struct text *texts =
        arena_grow(search->arena, out->texts, out->count, &out->capacity, sizeof *texts);
    if (!texts || !map_set(&search->found, key, search))
        return false;
    out->texts = texts;
    texts[out->count++] = text_of_visit(search, index);
    return !search->arena->failed;
}

static bool is_too_large(const struct search *search)
{
    return search->visit_count >= MOST_VISITS || search->bytes > MOST_BYTES ||
           search->steps > MOST_STEPS;
}

static bool expand(struct search *search, uint32_t index)
{
    for (size_t i = 0; i < search->alphabet_count && !is_too_large(search); i++) {
        const struct visit *from = &search->visits[index];
        const struct trie_edge *edge = trie_edge(search, from->trie, search->alphabet[i]);
        advance(search, from, search->alphabet[i]);
        if (!visit(search, edge ? edge->child : UINT32_MAX, index, search->alphabet[i]))
            return false;
    }
    return true;
}

static bool prepare(struct search *search, const struct text *patterns, size_t pattern_count,
                    const struct text *named, size_t named_count)
{
    size_t most = 1;
    uint32_t root;
    for (size_t i = 0; i < pattern_count; i++)
        most += patterns[i].length + 1;
    search->characters = ARENA_ARRAY(search->arena, int32_t, most);
    search->next = ARENA_ARRAY(search->arena, uint32_t, most + 1);
    if (!search->characters || !search->next || !trie_new(search, &root))
        return false;
    for (size_t i = 0; i < pattern_count; i++)
        if (!add_pattern(search, patterns[i]))
            return false;
    for (size_t i = 0; i < named_count; i++)
        if (!trie_add(search, named[i]))
            return false;
    return true;
}

/* A character that no pattern holds and no named text begins or goes on with. */
static int32_t other_character(const struct search *search)
{
    for (int32_t character = 'a';; character = character == 'z' ? 0x100 : character + 1) {
        bool free = !in_alphabet(search, character);
        for (size_t i = 0; i < search->trie_count && free; i++)
            free = trie_edge(search, (uint32_t)i, character) == NULL;
        if (free)
            return character;
    }
}

/* Named texts may hold characters that no pattern does: they lead along the trie, and are only
 * worth following where they lead to a longer text that is not named. The other character leaves
 * the trie at once and is matched the same, so they are not needed at all. */
bool glob_samples_find(struct glob_samples *samples, struct arena *arena,
                       const struct text *patterns, size_t pattern_count, const struct text *named,
                       size_t named_count)
{
    struct search search = {.arena = arena, .out = samples};
    map_init(&search.seen, arena);
    map_init(&search.found, arena);
    *samples = (struct glob_samples){0};
    if (!prepare(&search, patterns, pattern_count, named, named_count) ||
        !add_character(&search, other_character(&search)))
        return false;
    for (uint32_t i = 0; i < search.position_count; i++)
        if (i == 0 || search.characters[i - 1] == 0)
            enter(&search, i);
    if (!visit(&search, 0, UINT32_MAX, 0))
        return false;
    for (uint32_t i = 0; i < search.visit_count; i++) {
        uint32_t trie = search.visits[i].trie;
        bool is_named = trie != UINT32_MAX && search.trie[trie].named;
        if (!is_named && !keep(&search, i))
            return false;
        if (is_too_large(&search)) {
            samples->too_large = true;
            return true;
        }
        if (!expand(&search, i))
            return false;
    }
    return true;
}
