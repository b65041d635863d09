/* runtime/price_open.c: where a price table's bytes come from: the library itself, or a file.
 *
 * Gives tables that the caller frees. Files are read whole, at most PRICE_FILE_MAX bytes. */
#include "runtime/price.h"
#include "runtime/price_data.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum tw_status price_table_builtin(struct text name, struct price_table **table,
                                   struct tw_error *error)
{
    const struct {
        struct text name;
        struct text json;
    } builtin[] = {
        {TEXT("seed"), {(const char *)price_data_seed, price_data_seed_size}},
        {TEXT("openai"), {(const char *)price_data_openai, price_data_openai_size}},
    };
    *table = NULL;
    for (size_t i = 0; i < sizeof builtin / sizeof builtin[0]; i++)
        if (text_equal(name, builtin[i].name))
            return price_table_parse(name, builtin[i].json, table, error);
    return fail(error, TW_NOT_FOUND, "there is no built-in price table '%.*s'", (int)name.length,
                name.data);
}

static enum tw_status read_whole(FILE *file, const char *path, struct buffer *content,
                                 struct tw_error *error)
{
    char block[16384];
    size_t length;
    while ((length = fread(block, 1, sizeof block, file)) > 0)
        buffer_append(content, block, length);
    if (ferror(file))
        return fail(error, TW_IO, "reading '%s': %s", path, strerror(errno));
    if (content->status == TW_LIMIT)
        return fail(error, TW_LIMIT, "'%s' is over %d MB", path, PRICE_FILE_MAX >> 20);
    if (content->status != TW_OK)
        return fail(error, content->status, "reading '%s': %s", path,
                    tw_status_text(content->status));
    return TW_OK;
}

static enum tw_status open_file(const char *path, struct price_table **table,
                                struct tw_error *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(error, errno == ENOENT ? TW_NOT_FOUND : TW_IO,
                    "'%s' is no built-in price table (seed, openai), and as a file: %s", path,
                    strerror(errno));
    struct buffer content;
    buffer_init(&content, PRICE_FILE_MAX);
    enum tw_status status = read_whole(file, path, &content, error);
    fclose(file);
    if (status == TW_OK)
        status = price_table_parse(text_of(path), buffer_view(&content), table, error);
    buffer_free(&content);
    return status;
}

enum tw_status price_table_open(const char *name_or_path, struct price_table **table,
                                struct tw_error *error)
{
    enum tw_status status = price_table_builtin(text_of(name_or_path), table, error);
    return status == TW_NOT_FOUND ? open_file(name_or_path, table, error) : status;
}
