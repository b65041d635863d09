/* gateway/config_settings.h: setting members from text; shared by the files of config. */
#ifndef TIERWAY_GATEWAY_CONFIG_SETTINGS_H
#define TIERWAY_GATEWAY_CONFIG_SETTINGS_H

#include "gateway/config.h"

/* Settings and the struct that their members are in. */
struct settings_table {
    const struct setting *rows;
    size_t count;
};

extern const struct settings_table config_table, caller_table;

/* The member of `base` that the row describes. */
static inline void *setting_member(void *base, const struct setting *row)
{
    return (char *)base + row->offset;
}

/* Sets a member from text, which for a list holds all its items ("a,b"). */
enum tw_status setting_set(struct arena *arena, const struct setting *row, void *base,
                           struct text value, struct tw_error *error);
/* Adds one item to a list. TW_LIMIT past CONFIG_WORDS_MAX. */
enum tw_status setting_add_word(struct arena *arena, struct config_words *words, struct text word,
                                struct tw_error *error);
/* All members of the table to their defaults. */
enum tw_status settings_default(struct arena *arena, const struct settings_table *table,
                                void *base);

#endif
