/* program/automaton.c: all patterns of a string variable as one automaton over bytes.
 *
 * A pattern is a row of places; a state is the set of places that the text so far can have reached
 * (the subset construction), and its class is that of the set of patterns that it ends. `?` and `*`
 * step over characters, and what is no UTF-8 counts byte by byte, as glob_matches has it: inside a
 * character a state holds the set before it and the bytes since. Patterns without `?` need no such
 * states: no character begins or ends inside another one. States that no text tells apart are
 * joined at the end (Moore). */
#include "program/lower.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_STATES = 4096,
    MOST_WORK = 8 << 20, /* places looked at in all */
    MOST_PENDING = 3,    /* bytes of a character that is not complete */
    NONE = 0xffffffff
};

enum sign { SIGN_END = -1, SIGN_ANY = -2, SIGN_RUN = -3 };

/* A set of places, ascending, and the bytes of a character that has begun. */
struct state {
    const uint32_t *places;
    uint32_t count;
    unsigned char pending[MOST_PENDING], pending_count;
};

struct automaton {
    struct lowered *out;
    struct arena *arena;
    const struct text *patterns;
    uint32_t pattern_count;
    uint32_t *starts; /* the first place of each pattern; one more at the end */
    int16_t *signs;   /* at each place: a byte of the pattern, or one of enum sign */
    bool by_character;
    uint8_t symbols[256];
    unsigned char examples[256]; /* a byte of each symbol */
    uint32_t symbol_count;
    struct map known; /* states by their bytes, to number + 1 */
    struct state *states;
    size_t state_count, state_capacity;
    uint32_t *steps; /* symbol_count for each state */
    uint32_t *classes;
    uint32_t *marks, mark; /* of each place: in the set that is being made */
    uint32_t *work;        /* the set that is being made */
    uint32_t work_count;
    char *key; /* room for the bytes of a state */
    size_t effort;
    bool too_large;
};

static bool give_up(struct automaton *automaton)
{
    lower_fail(automaton->out, TW_NO_MEMORY);
    automaton->too_large = true;
    return false;
}

/* Where each pattern of the variable starts, and where the last one ends. */
static bool gather_patterns(struct automaton *automaton, const struct variable_classes *variable)
{
    size_t places = 0, count = variable->patterns.count;
    automaton->starts = ARENA_ARRAY(automaton->arena, uint32_t, count + 1);
    if (!automaton->starts)
        return give_up(automaton);
    for (size_t i = 0; i < count; i++) {
        automaton->starts[i] = (uint32_t)places;
        places += variable->patterns.items[i].length + 1;
        if (places > MOST_WORK)
            return false;
    }
    automaton->patterns = variable->patterns.items;
    automaton->pattern_count = (uint32_t)count;
    automaton->starts[count] = (uint32_t)places;
    return true;
}

static bool write_places(struct automaton *automaton)
{
    struct arena *arena = automaton->arena;
    uint32_t places = automaton->starts[automaton->pattern_count];
    automaton->signs = ARENA_ARRAY(arena, int16_t, places + 1u);
    automaton->marks = ARENA_ARRAY(arena, uint32_t, places + 1u);
    automaton->work = ARENA_ARRAY(arena, uint32_t, places + 1u);
    automaton->key = arena_alloc(arena, places + 1u, sizeof(uint32_t));
    if (!automaton->signs || !automaton->marks || !automaton->work || !automaton->key)
        return give_up(automaton);
    for (uint32_t i = 0; i < automaton->pattern_count; i++) {
        struct text pattern = automaton->patterns[i];
        int16_t *sign = automaton->signs + automaton->starts[i];
        for (size_t k = 0; k < pattern.length; k++, sign++) {
            *sign = pattern.data[k] == '*'   ? SIGN_RUN
                    : pattern.data[k] == '?' ? SIGN_ANY
                                             : (unsigned char)pattern.data[k];
            automaton->by_character |= *sign == SIGN_ANY;
        }
        *sign = SIGN_END;
    }
    return true;
}

/* How UTF-8 treats a byte: bytes that are alike here and in no pattern share a symbol. */
static int byte_kind(int byte)
{
    static const unsigned char bounds[] = {0x80, 0x90, 0xA0, 0xC0, 0xC2, 0xE0, 0xE1,
                                           0xED, 0xEE, 0xF0, 0xF1, 0xF4, 0xF5};
    int kind = 0;
    while (kind < (int)sizeof bounds && byte >= bounds[kind])
        kind++;
    return kind;
}

static void choose_symbols(struct automaton *automaton)
{
    bool named[256] = {false};
    int of_kind[16];
    memset(of_kind, 0xff, sizeof of_kind);
    for (uint32_t i = 0; i < automaton->pattern_count; i++)
        for (size_t k = 0; k < automaton->patterns[i].length; k++)
            named[(unsigned char)automaton->patterns[i].data[k]] = true;
    named['*'] = named['?'] = false;
    for (int byte = 0; byte < 256; byte++) {
        int kind = automaton->by_character ? byte_kind(byte) : 0;
        if (!named[byte] && of_kind[kind] >= 0) {
            automaton->symbols[byte] = (uint8_t)of_kind[kind];
            continue;
        }
        if (!named[byte])
            of_kind[kind] = (int)automaton->symbol_count;
        automaton->examples[automaton->symbol_count] = (unsigned char)byte;
        automaton->symbols[byte] = (uint8_t)automaton->symbol_count++;
    }
}

/* Adds a place, and those that `*` lets a text reach without a character. */
static void reach(struct automaton *automaton, uint32_t place)
{
    for (;; place++) {
        if (automaton->marks[place] != automaton->mark) {
            automaton->marks[place] = automaton->mark;
            automaton->work[automaton->work_count++] = place;
        }
        if (automaton->signs[place] != SIGN_RUN)
            return;
    }
}

static void begin_set(struct automaton *automaton)
{
    automaton->mark++;
    automaton->work_count = 0;
}

/* One character of the text, or one byte where bytes will do. A byte of no character (length 0) is
 * in no pattern. */
static void step_over(struct automaton *automaton, const uint32_t *places, uint32_t count,
                      const unsigned char *bytes, size_t length)
{
    begin_set(automaton);
    automaton->effort += count + 1;
    for (uint32_t i = 0; i < count; i++) {
        const int16_t *sign = automaton->signs + places[i];
        size_t equal = 0;
        while (equal < length && sign[equal] == bytes[equal])
            equal++;
        if (*sign == SIGN_RUN)
            reach(automaton, places[i]);
        else if (*sign == SIGN_ANY)
            reach(automaton, places[i] + 1);
        else if (length && equal == length)
            reach(automaton, places[i] + (uint32_t)length);
    }
}

static int compare_places(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Keeps a new state under its key. */
static uint32_t add_state(struct automaton *automaton, struct text key, uint32_t count)
{
    automaton->effort += count;
    if (automaton->state_count == MOST_STATES || automaton->effort > MOST_WORK) {
        automaton->too_large = true;
        return NONE;
    }
    struct state *states = arena_grow(automaton->arena, automaton->states, automaton->state_count,
                                      &automaton->state_capacity, sizeof *states);
    uint32_t *copy = ARENA_ARRAY(automaton->arena, uint32_t, count + 1u); /* bytes pending too */
    if (copy)
        memcpy(copy, key.data, key.length);
    key.data = (const char *)copy;
    if (!states || !copy ||
        !map_set(&automaton->known, key, (void *)(uintptr_t)(automaton->state_count + 1))) {
        give_up(automaton);
        return NONE;
    }
    automaton->states = states;
    struct state *state = &states[automaton->state_count];
    *state = (struct state){.places = copy, .count = count};
    state->pending_count = (unsigned char)(key.length - count * sizeof(uint32_t));
    memcpy(state->pending, key.data + count * sizeof(uint32_t), state->pending_count);
    return (uint32_t)automaton->state_count++;
}

/* The number of the state with these places and bytes pending; NONE when it is too much. */
static uint32_t state_number(struct automaton *automaton, const uint32_t *places, uint32_t count,
                             const unsigned char *pending, size_t pending_count)
{
    size_t size = count * sizeof *places;
    struct text key = {automaton->key, size + pending_count};
    memmove(automaton->key, places, size); /* they may lie there already */
    memcpy(automaton->key + size, pending, pending_count);
    uintptr_t known = (uintptr_t)map_get(&automaton->known, key);
    return known ? (uint32_t)known - 1 : add_state(automaton, key, count);
}

static uint32_t state_of_work(struct automaton *automaton)
{
    qsort(automaton->work, automaton->work_count, sizeof *automaton->work, compare_places);
    return state_number(automaton, automaton->work, automaton->work_count, automaton->examples, 0);
}

/* Can these bytes still become a character? */
static bool is_prefix(const unsigned char *bytes, size_t length)
{
    static const char *const ends[] = {"\x80\x80\x80", "\x90\x80\x80", "\xA0\x80\x80"};
    char whole[8] = {0};
    memcpy(whole, bytes, length);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        memcpy(whole + length, length == 1 ? ends[i] : ends[0], 3);
        if (utf8_character(whole, length + 3) > length)
            return true;
    }
    return false;
}

/* The set of a state after the bytes that are pending, none of which began a character. Those it
 * leaves in `work`; *places and *count are that set. */
static void end_pending(struct automaton *automaton, const struct state *state,
                        const uint32_t **places, uint32_t *count)
{
    uint32_t *copy = (uint32_t *)(void *)automaton->key;
    *places = state->places;
    *count = state->count;
    for (unsigned i = 0; i < state->pending_count; i++) {
        step_over(automaton, *places, *count, automaton->examples, 0);
        memcpy(copy, automaton->work, automaton->work_count * sizeof *copy);
        *places = copy;
        *count = automaton->work_count;
    }
}

/* A byte that begins a character, is one, or belongs to none. */
static uint32_t step_from(struct automaton *automaton, const uint32_t *places, uint32_t count,
                          unsigned char byte)
{
    bool character = utf8_character((const char *)&byte, 1) == 1;
    if (!character && is_prefix(&byte, 1))
        return state_number(automaton, places, count, &byte, 1);
    step_over(automaton, places, count, &byte, character);
    return state_of_work(automaton);
}

static uint32_t step_by_character(struct automaton *automaton, const struct state *state,
                                  unsigned char byte)
{
    unsigned char bytes[MOST_PENDING + 1] = {0};
    const uint32_t *places;
    uint32_t count;
    size_t length = state->pending_count + 1u;
    memcpy(bytes, state->pending, state->pending_count);
    bytes[length - 1] = byte;
    if (length > 1 && utf8_character((const char *)bytes, length) == length) {
        step_over(automaton, state->places, state->count, bytes, length);
        return state_of_work(automaton);
    }
    if (length > 1 && length <= MOST_PENDING && is_prefix(bytes, length))
        return state_number(automaton, state->places, state->count, bytes, length);
    end_pending(automaton, state, &places, &count);
    return step_from(automaton, places, count, byte);
}

/* All states that can be reached, and the steps between them. */
static bool explore(struct automaton *automaton)
{
    size_t capacity = 0, count = 0;
    begin_set(automaton);
    for (uint32_t i = 0; i < automaton->pattern_count; i++)
        reach(automaton, automaton->starts[i]);
    state_of_work(automaton);
    for (size_t at = 0; at < automaton->state_count && !automaton->too_large; at++) {
        for (uint32_t symbol = 0; symbol < automaton->symbol_count; symbol++) {
            const struct state state = automaton->states[at];
            unsigned char byte = automaton->examples[symbol];
            uint32_t *steps =
                arena_grow(automaton->arena, automaton->steps, count, &capacity, sizeof *steps);
            if (!steps)
                return give_up(automaton);
            automaton->steps = steps;
            if (automaton->by_character) {
                steps[count++] = step_by_character(automaton, &state, byte);
                continue;
            }
            step_over(automaton, state.places, state.count, &byte, 1);
            steps[count++] = state_of_work(automaton);
        }
    }
    return !automaton->too_large;
}

/* Which patterns a text matches that ends in the state: their ends, as the bytes of a key. */
static struct text matched(struct automaton *automaton, const struct state *state)
{
    const uint32_t *places;
    uint32_t count, *ends = automaton->work, found = 0;
    end_pending(automaton, state, &places, &count);
    for (uint32_t i = 0; i < count; i++)
        if (automaton->signs[places[i]] == SIGN_END)
            ends[found++] = places[i];
    qsort(ends, found, sizeof *ends, compare_places);
    return (struct text){(const char *)ends, found * sizeof *ends};
}

static const struct state *run(const struct automaton *automaton, struct text text)
{
    uint32_t state = 0;
    for (size_t i = 0; i < text.length; i++)
        state = automaton->steps[state * automaton->symbol_count +
                                 automaton->symbols[(unsigned char)text.data[i]]];
    return &automaton->states[state];
}

/* Of each state, the class of the texts that no test names and that end there: that of the sample
 * that matches the same patterns. Where there is none, no such text ends there. */
static bool find_classes(struct automaton *automaton, const struct variable_classes *variable)
{
    struct map classes;
    map_init(&classes, automaton->arena);
    automaton->classes = ARENA_ARRAY(automaton->arena, uint32_t, automaton->state_count);
    if (!automaton->classes)
        return give_up(automaton);
    for (size_t class = 0; class < variable->sample_count; class ++) {
        if (map_get(&variable->text_places, variable->samples[class]))
            continue;
        struct text key = arena_text(automaton->arena,
                                     matched(automaton, run(automaton, variable->samples[class])));
        if (!map_set(&classes, key, (void *)(uintptr_t)(class + 1)))
            return give_up(automaton);
    }
    for (size_t i = 0; i < automaton->state_count; i++) {
        uintptr_t known = (uintptr_t)map_get(&classes, matched(automaton, &automaton->states[i]));
        automaton->classes[i] = known ? (uint32_t)known - 1 : 0;
    }
    return true;
}

/* One round: two states stay together where they were, and all their steps lead to states that
 * were. Gives the number of groups. */
static uint32_t split(struct automaton *automaton, uint32_t *groups, uint32_t *rows,
                      struct map *known)
{
    uint32_t symbols = automaton->symbol_count, width = symbols + 1, count = 0;
    known->count = 0;
    if (known->capacity)
        memset(known->entries, 0, known->capacity * sizeof *known->entries);
    for (size_t i = 0; i < automaton->state_count; i++) {
        uint32_t *row = rows + i * width;
        row[symbols] = groups[i];
        for (uint32_t symbol = 0; symbol < symbols; symbol++)
            row[symbol] = groups[automaton->steps[i * symbols + symbol]];
    }
    for (size_t i = 0; i < automaton->state_count; i++) {
        struct text key = {(const char *)(rows + i * width), width * sizeof *rows};
        uintptr_t group = (uintptr_t)map_get(known, key);
        if (!group) {
            group = ++count;
            if (!map_set(known, key, (void *)group))
                give_up(automaton);
        }
        groups[i] = (uint32_t)group - 1;
    }
    return count;
}

/* Joins states; the first state's group is the first. Stops early, with nothing joined, where that
 * would take too long. */
static void join_states(struct automaton *automaton)
{
    size_t states = automaton->state_count, symbols = automaton->symbol_count;
    uint32_t *groups = ARENA_ARRAY(automaton->arena, uint32_t, states);
    uint32_t *rows = ARENA_ARRAY(automaton->arena, uint32_t, states * (symbols + 1));
    if (!groups || !rows) {
        give_up(automaton);
        return;
    }
    memcpy(groups, automaton->classes, states * sizeof *groups);
    uint32_t count = 0, before = 1;
    struct map known;
    map_init(&known, automaton->arena);
    for (size_t work = 0; count != before; work += states * symbols) {
        if (work > MOST_WORK || automaton->too_large)
            return;
        before = count;
        count = split(automaton, groups, rows, &known);
    }
    for (size_t i = 0; i < states; i++) {
        uint32_t group = groups[i];
        automaton->classes[group] = automaton->classes[i];
        for (size_t symbol = 0; symbol < symbols; symbol++)
            automaton->steps[group * symbols + symbol] =
                groups[automaton->steps[i * symbols + symbol]];
    }
    automaton->state_count = count;
}

static uint32_t write_automaton(struct automaton *automaton)
{
    struct writer *writer = &automaton->out->writer;
    struct image_automaton record = {.state_count = (uint32_t)automaton->state_count,
                                     .symbol_count = automaton->symbol_count};
    memcpy(record.symbols, automaton->symbols, sizeof record.symbols);
    record.step_first = writer_add(writer, SECTION_AUTOMATON_STEPS, automaton->steps,
                                   automaton->state_count * automaton->symbol_count);
    record.class_first =
        writer_add(writer, SECTION_AUTOMATON_CLASSES, automaton->classes, automaton->state_count);
    return WRITE(writer, AUTOMATA, record) + 1;
}

uint32_t add_automaton(struct lowered *lowered, const struct variable_classes *variable)
{
    struct automaton automaton = {.out = lowered, .arena = lowered->arena};
    map_init(&automaton.known, lowered->arena);
    if (!gather_patterns(&automaton, variable) || !write_places(&automaton))
        return 0;
    choose_symbols(&automaton);
    if (!explore(&automaton) || !find_classes(&automaton, variable))
        return 0;
    join_states(&automaton);
    return lowered->status ? 0 : write_automaton(&automaton);
}
