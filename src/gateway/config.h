/* gateway/config.h: what the gateway is told: one YAML file, environment variables, options.
 *
 * config.def lists every setting. A later source overrides an earlier one: default, file,
 * environment, option; callers stand in the file only. Nothing here reads a file or the
 * environment: texts come in, and the command says where from. A config is used by one thread
 * while it is made, and may be read by all afterwards.
 *
 * Reading is strict: what is not known is refused, with its place and the nearest name, and all
 * that is wrong is said at once: each problem is one line, "FILE:LINE:COLUMN: what", in a buffer of
 * the caller. No value of a key is quoted. */
#ifndef TIERWAY_GATEWAY_CONFIG_H
#define TIERWAY_GATEWAY_CONFIG_H

#include "base/arena.h"

enum {
    CONFIG_FILE_MAX = 1 << 20, /* bytes of a file */
    CONFIG_CALLERS_MAX = 1000,
    CONFIG_WORDS_MAX = 1000, /* items of one list */
    CONFIG_PROBLEMS_MAX = 64 * 1024
};

enum setting_kind {
    SETTING_TEXT,     /* const char *, NULL: not set */
    SETTING_WORDS,    /* struct config_words: a list, or in the environment "a,b" */
    SETTING_NUMBER,   /* int64_t */
    SETTING_BYTES,    /* int64_t: "65536", "64KiB", "64MiB" */
    SETTING_DURATION, /* int64_t milliseconds: "10s", "5m", as in policies, or seconds */
    SETTING_FLAG,     /* bool: true or false */
};

enum setting_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_OPTION };

/* One row of config.def. */
struct setting {
    const char *path;
    const char *environment; /* NULL: none */
    enum setting_kind kind;
    const char *initial; /* NULL: not set */
    int64_t low, high;
    size_t offset; /* of its member */
    const char *help;
};

struct config_words {
    const char **items;
    size_t count, capacity;
    bool given; /* false: the list is not set, which is not the empty list */
};

struct config_caller {
    uint32_t line, column; /* where it stands in the file */
    const char *name;
    const char *sha256; /* 64 digits, small letters */
    struct config_words attributes;
    int64_t requests;
    bool admin;
};

#define CONFIG_MEMBER_TEXT const char *
#define CONFIG_MEMBER_WORDS struct config_words
#define CONFIG_MEMBER_NUMBER int64_t
#define CONFIG_MEMBER_BYTES int64_t
#define CONFIG_MEMBER_DURATION int64_t
#define CONFIG_MEMBER_FLAG bool

enum setting_number {
#define SETTING(kind, member, path, environment, initial, low, high, help) CONFIG_##member,
#include "gateway/config.def"
#undef SETTING
    CONFIG_SETTINGS
};

struct config {
    struct arena arena; /* owns every text */
    enum setting_origin origins[CONFIG_SETTINGS];
    struct config_caller *callers;
    size_t caller_count, caller_capacity;
    const char *file; /* as given to config_read, NULL: none was read */
#define SETTING(kind, member, path, environment, initial, low, high, help)                         \
    CONFIG_MEMBER_##kind member;
#include "gateway/config.def"
#undef SETTING
};

extern const struct setting config_settings[CONFIG_SETTINGS];

/* Everything at its default. TW_OK or TW_NO_MEMORY; to be freed with config_free either way. */
enum tw_status config_init(struct config *config);
void config_free(struct config *config);

/* Sets one value from text; lists are written "a,b". For the environment and for options.
 * TW_INVALID: not of the setting's type; TW_LIMIT: out of its bounds; TW_NO_MEMORY. error has one
 * clause that does not name the setting. Nothing is changed then. */
enum tw_status config_set(struct config *config, enum setting_number number, struct text value,
                          enum setting_origin origin, struct tw_error *error);

/* Reads a file's text. Values go over those of defaults only: call it before config_set.
 * TW_OK; TW_INVALID: problems got at least one line; TW_NO_MEMORY. `name` is shown in problems. */
enum tw_status config_read(struct config *config, const char *name, struct text yaml,
                           struct buffer *problems);

/* What no single setting shows: what is missing, what contradicts something else, callers that are
 * not safe. TW_OK, or TW_INVALID with lines in problems. */
enum tw_status config_check(const struct config *config, struct buffer *problems);

/* All settings as a file would have them, each with where it comes from as a comment. No key and no
 * hash of one is in it. */
void config_describe(const struct config *config, struct buffer *out);

/* Whether the gateway serves jobs, files and batches itself. */
bool config_serves_jobs(const struct config *config);

/* What a caller may be called. */
bool caller_name_valid(const char *name);
#define CALLER_NAME_RULE "1 to 64 letters, digits, or any of . _ - @, the first a letter or digit"

/* Whether the listening address is of this machine only: 127.0.0.0/8, ::1, localhost. */
bool config_is_local(const struct config *config);

#endif
