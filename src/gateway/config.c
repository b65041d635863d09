/* gateway/config.c: the table of settings, and values from text.
 *
 * Everything is kept in the config's arena; what an overridden value took stays there until the
 * end. Fails for values that are not of a setting's type or bounds, and when memory is out. */
#include "gateway/config.h"

#include "base/json.h"
#include "base/quotation.h"
#include "base/value.h"
#include "gateway/config_settings.h"

#include <string.h>

enum { CONFIG_ARENA = 64 << 20 };

#define SETTING(kind, member, path, environment, initial, low, high, help)                         \
    {path, environment, SETTING_##kind, initial, low, high, offsetof(struct config, member), help},
const struct setting config_settings[CONFIG_SETTINGS] = {
#include "gateway/config.def"
};
#undef SETTING

#define SETTING(kind, member, path, environment, initial, low, high, help)                         \
    {                                                                                              \
        path,                                                                                      \
        environment,                                                                               \
        SETTING_##kind,                                                                            \
        initial,                                                                                   \
        low,                                                                                       \
        high,                                                                                      \
        offsetof(struct config_caller, member),                                                    \
        help},
static const struct setting caller_settings[] = {
#include "gateway/config_caller.def"
};
#undef SETTING

const struct settings_table config_table = {config_settings, CONFIG_SETTINGS};
const struct settings_table caller_table = {caller_settings,
                                            sizeof caller_settings / sizeof caller_settings[0]};

static bool has_control_bytes(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
            return true;
    return false;
}

static enum tw_status set_text(struct arena *arena, const char **member, struct text value,
                               struct tw_error *error)
{
    if (value.length == 0)
        return fail(error, TW_INVALID, "it is empty");
    if (utf8_valid_prefix(value) < value.length || has_control_bytes(value))
        return fail(error, TW_INVALID, "it holds something else than text");
    struct text copy = arena_text(arena, value);
    if (!copy.data)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    *member = copy.data;
    return TW_OK;
}

enum tw_status setting_add_word(struct arena *arena, struct config_words *words, struct text word,
                                struct tw_error *error)
{
    words->given = true;
    if (words->count == CONFIG_WORDS_MAX)
        return fail(error, TW_LIMIT, "it has more than %d items", CONFIG_WORDS_MAX);
    const char *copy = NULL;
    enum tw_status status = set_text(arena, &copy, word, error);
    if (status)
        return status;
    const char **items =
        arena_grow(arena, words->items, words->count, &words->capacity, sizeof *words->items);
    if (!items)
        return fail(error, TW_NO_MEMORY, "%s", tw_status_text(TW_NO_MEMORY));
    items[words->count++] = copy;
    words->items = items;
    return TW_OK;
}

/* "a, b": an empty text is the empty list. */
static enum tw_status set_words(struct arena *arena, struct config_words *words, struct text value,
                                struct tw_error *error)
{
    struct config_words read = {.given = true};
    enum tw_status status = TW_OK;
    while (status == TW_OK && text_trim(value).length > 0) {
        const char *comma = memchr(value.data, ',', value.length);
        size_t length = comma ? (size_t)(comma - value.data) : value.length;
        status =
            setting_add_word(arena, &read, text_trim((struct text){value.data, length}), error);
        length += comma != NULL;
        value = (struct text){value.data + length, value.length - length};
    }
    if (status == TW_OK)
        *words = read;
    return status;
}

static enum tw_status set_flag(bool *member, struct text value, struct tw_error *error)
{
    if (!text_is(value, "true") && !text_is(value, "false"))
        return fail(error, TW_INVALID, "%s is neither true nor false", quote(value).text);
    *member = text_is(value, "true");
    return TW_OK;
}

/* Digits, and for bytes a unit behind them. TW_INVALID where it is no such number. */
static enum tw_status read_whole(struct text value, bool bytes, int64_t *number)
{
    static const struct {
        const char *name;
        int64_t factor;
    } units[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    int64_t factor = 1;
    for (size_t i = 0; bytes && i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(units[i].name);
        if (value.length > length &&
            text_is((struct text){value.data + value.length - length, length}, units[i].name)) {
            factor = units[i].factor;
            value.length -= length;
        }
    }
    if (value.length == 0 || value.data[0] == '-' || memchr(value.data, '.', value.length))
        return TW_INVALID;
    enum tw_status status = decimal_parse(value, 0, number);
    if (status == TW_OK && __builtin_mul_overflow(*number, factor, number))
        return TW_LIMIT;
    return status;
}

/* As policies have it, or a bare number of seconds. */
static enum tw_status read_duration(struct text value, int64_t *number, struct tw_error *error)
{
    if (read_whole(value, false, number) != TW_OK)
        return value_parse(TW_TYPE_DURATION, value, number, error);
    if (__builtin_mul_overflow(*number, 1000, number))
        return fail(error, TW_LIMIT, "%s is too large", quote(value).text);
    return TW_OK;
}

static enum tw_status read_number(const struct setting *row, struct text value, int64_t *number,
                                  struct tw_error *error)
{
    if (row->kind == SETTING_DURATION)
        return read_duration(value, number, error);
    bool bytes = row->kind == SETTING_BYTES;
    enum tw_status status = read_whole(value, bytes, number);
    if (status == TW_INVALID)
        return fail(error, status, "%s is no whole number%s", quote(value).text,
                    bytes ? " of bytes, as 65536, 64KiB or 32MiB" : "");
    return status ? fail(error, status, "%s is too large", quote(value).text) : TW_OK;
}

/* A value as a file would have it. */
static void print_number(struct buffer *out, enum setting_kind kind, int64_t number)
{
    if (kind == SETTING_DURATION)
        value_print(out, TW_TYPE_DURATION, number);
    else if (kind == SETTING_BYTES && number && number % (1 << 20) == 0)
        buffer_format(out, "%lldMiB", (long long)(number >> 20));
    else if (kind == SETTING_BYTES && number && number % (1 << 10) == 0)
        buffer_format(out, "%lldKiB", (long long)(number >> 10));
    else
        buffer_number(out, number);
}

static enum tw_status out_of_bounds(const struct setting *row, int64_t number,
                                    struct tw_error *error)
{
    struct buffer text;
    buffer_init(&text, 256);
    print_number(&text, row->kind, number);
    buffer_string(&text, number < row->low ? " is less than " : " is more than ");
    print_number(&text, row->kind, number < row->low ? row->low : row->high);
    enum tw_status status =
        fail(error, TW_LIMIT, "%s", text.status ? "it is out of bounds" : text.data);
    buffer_free(&text);
    return status;
}

static enum tw_status set_number(const struct setting *row, int64_t *member, struct text value,
                                 struct tw_error *error)
{
    int64_t number;
    enum tw_status status = read_number(row, value, &number, error);
    if (status)
        return status;
    if (number < row->low || number > row->high)
        return out_of_bounds(row, number, error);
    *member = number;
    return TW_OK;
}

enum tw_status setting_set(struct arena *arena, const struct setting *row, void *base,
                           struct text value, struct tw_error *error)
{
    void *member = setting_member(base, row);
    switch (row->kind) {
    case SETTING_TEXT:
        return set_text(arena, member, value, error);
    case SETTING_WORDS:
        return set_words(arena, member, value, error);
    case SETTING_NUMBER:
    case SETTING_BYTES:
    case SETTING_DURATION:
        return set_number(row, member, value, error);
    case SETTING_FLAG:
        return set_flag(member, value, error);
    }
    return TW_INVALID;
}

enum tw_status settings_default(struct arena *arena, const struct settings_table *table, void *base)
{
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < table->count && !status; i++)
        if (table->rows[i].initial)
            status =
                setting_set(arena, &table->rows[i], base, text_of(table->rows[i].initial), NULL);
    return status;
}

enum tw_status config_init(struct config *config)
{
    *config = (struct config){.file = NULL};
    arena_init(&config->arena, CONFIG_ARENA);
    return settings_default(&config->arena, &config_table, config);
}

void config_free(struct config *config)
{
    arena_free(&config->arena);
}

enum tw_status config_set(struct config *config, enum setting_number number, struct text value,
                          enum setting_origin origin, struct tw_error *error)
{
    enum tw_status status =
        setting_set(&config->arena, &config_settings[number], config, value, error);
    if (status == TW_OK)
        config->origins[number] = origin;
    return status;
}

/* Plain where YAML reads that as the same text, else in quotes. */
static void print_word(struct buffer *out, const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._";
    static const char inside[] = "-:@+";
    size_t plain = 0;
    while (word[plain] && (strchr(safe, word[plain]) || (plain && strchr(inside, word[plain]))))
        plain++;
    bool whole = word[plain] == '\0' && word[plain - 1] != ':' && strcmp(word, "null") != 0;
    if (whole)
        buffer_string(out, word);
    else
        json_write_string(out, text_of(word));
}

static void print_words(struct buffer *out, const struct config_words *words)
{
    buffer_byte(out, '[');
    for (size_t i = 0; i < words->count; i++) {
        buffer_string(out, i ? ", " : "");
        print_word(out, words->items[i]);
    }
    buffer_byte(out, ']');
}

static bool is_set(const struct setting *row, const void *member)
{
    if (row->kind == SETTING_TEXT)
        return *(const char *const *)member != NULL;
    return row->kind != SETTING_WORDS || ((const struct config_words *)member)->given;
}

static void print_value(struct buffer *out, const struct setting *row, const void *member)
{
    switch (row->kind) {
    case SETTING_TEXT:
        print_word(out, *(const char *const *)member);
        break;
    case SETTING_WORDS:
        print_words(out, member);
        break;
    case SETTING_NUMBER:
    case SETTING_BYTES:
    case SETTING_DURATION:
        print_number(out, row->kind, *(const int64_t *)member);
        break;
    case SETTING_FLAG:
        buffer_string(out, *(const bool *)member ? "true" : "false");
        break;
    }
}

/* Writes the section's title where the row is the first of it; gives the name in the section. */
static const char *print_section(struct buffer *out, const char *path, struct text *section)
{
    const char *dot = strchr(path, '.');
    if (!dot) {
        *section = TEXT("");
        return path;
    }
    struct text title = {path, (size_t)(dot - path)};
    if (!text_equal(title, *section))
        buffer_format(out, "%.*s:\n", TEXT_ARGUMENTS(title));
    *section = title;
    buffer_string(out, "  ");
    return dot + 1;
}

void config_describe(const struct config *config, struct buffer *out)
{
    static const char *const origins[] = {"default", "file", NULL, "option"};
    struct text section = TEXT("");
    for (size_t i = 0; i < CONFIG_SETTINGS; i++) {
        const struct setting *row = &config_settings[i];
        const void *member = (const char *)config + row->offset;
        if (!is_set(row, member))
            continue;
        buffer_format(out, "%s: ", print_section(out, row->path, &section));
        print_value(out, row, member);
        const char *origin = origins[config->origins[i]];
        buffer_format(out, "  # %s\n", origin ? origin : row->environment);
    }
    buffer_string(out, config->caller_count ? "callers:\n" : "");
    for (size_t i = 0; i < config->caller_count; i++)
        buffer_format(out, "  - name: %s  # file\n", config->callers[i].name);
}
