/* Files and batches, the same tests on each kind of store that keeps them. */
#include "store/batches.h"

#include "store_place.h"

/* What visitors saw: the numbers of all, and the last one's texts, the content's first bytes. */
struct seen {
    size_t count;
    int64_t numbers[8];
    struct stored_file file;
    struct batch batch;
    char texts[6][16];
    enum tw_status give;
};

static void copy(struct seen *seen, size_t index, struct text text)
{
    snprintf(seen->texts[index], sizeof seen->texts[index], "%.*s", TEXT_ARGUMENTS(text));
}

static enum tw_status see_file(void *context, const struct stored_file *file)
{
    struct seen *seen = context;
    seen->numbers[seen->count++] = file->number;
    seen->file = *file;
    copy(seen, 0, file->id);
    copy(seen, 1, file->owner);
    copy(seen, 2, file->purpose);
    copy(seen, 3, file->name);
    copy(seen, 4, file->content);
    return seen->give;
}

static enum tw_status see_batch(void *context, const struct batch *batch)
{
    struct seen *seen = context;
    seen->numbers[seen->count++] = batch->number;
    seen->batch = *batch;
    copy(seen, 0, batch->id);
    copy(seen, 1, batch->owner);
    copy(seen, 2, batch->input_file);
    copy(seen, 3, batch->endpoint);
    copy(seen, 4, batch->details);
    return seen->give;
}

static struct stored_file make_file(const char *id, const char *owner)
{
    return (struct stored_file){.created = 5,
                                .id = text_of(id),
                                .owner = text_of(owner),
                                .purpose = TEXT("batch"),
                                .name = TEXT("in.jsonl"),
                                .content = TEXT("a\0b")};
}

static void add_file(struct store *store, const char *id, const char *owner)
{
    struct stored_file file = make_file(id, owner);
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_OK);
}

/* --- files --- */

static void files(struct store *store)
{
    struct seen seen = {.give = TW_OK};
    bool deleted;
    add_file(store, "f1", "ann");
    CU_ASSERT_EQUAL(stored_file_find(store, TEXT("f1"), false, see_file, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen.file.content.length, 0);
    CU_ASSERT_EQUAL(seen.file.size, 3);
    CU_ASSERT_EQUAL(seen.file.created, 5);
    CU_ASSERT_STRING_EQUAL(seen.texts[1], "ann");
    CU_ASSERT_STRING_EQUAL(seen.texts[2], "batch");
    CU_ASSERT_STRING_EQUAL(seen.texts[3], "in.jsonl");
    CU_ASSERT_EQUAL(stored_file_find(store, TEXT("f1"), true, see_file, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen.file.content.length, 3);
    CU_ASSERT_STRING_EQUAL(seen.texts[4], "a");
    CU_ASSERT_EQUAL(stored_file_find(store, TEXT("f2"), true, see_file, &seen, NULL), TW_NOT_FOUND);
    CU_ASSERT_EQUAL(stored_file_delete(store, TEXT("f2"), &deleted, NULL), TW_OK);
    CU_ASSERT_FALSE(deleted);
    CU_ASSERT_EQUAL(stored_file_delete(store, TEXT("f1"), &deleted, NULL), TW_OK);
    CU_ASSERT_TRUE(deleted);
    CU_ASSERT_EQUAL(stored_file_find(store, TEXT("f1"), true, see_file, &seen, NULL), TW_NOT_FOUND);
}

static void bad_files(struct store *store)
{
    static char bytes[STORED_TEXT_MAX + 1];
    struct stored_file file = make_file("f1", "");
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_OK);
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_INVALID);
    file.id = TEXT("");
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_INVALID);
    file = make_file("f2", "\xff");
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_INVALID);
    file = make_file("f2", "");
    file.name = (struct text){bytes, sizeof bytes};
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_LIMIT);
    file = make_file("f2", "");
    file.content.length = STORED_FILE_BYTES_MAX + 1;
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_LIMIT);
}

static struct seen list_files(struct store *store, struct list_part part)
{
    struct seen seen = {.give = TW_OK};
    CU_ASSERT_EQUAL(stored_file_list(store, &part, see_file, &seen, NULL), TW_OK);
    return seen;
}

static void expect_numbers(struct seen seen, size_t count, int64_t first, int64_t second)
{
    CU_ASSERT_EQUAL(seen.count, count);
    CU_ASSERT_EQUAL(seen.numbers[0], first);
    CU_ASSERT_EQUAL(seen.numbers[1], second);
}

static void listed_files(struct store *store)
{
    struct seen seen = {.give = TW_TIMEOUT};
    struct list_part ann = {.owner = TEXT("ann"), .limit = 2},
                     all = {.any_owner = true, .limit = 2};
    add_file(store, "f1", "ann");
    add_file(store, "f2", "");
    add_file(store, "f3", "ann");
    add_file(store, "f4", "ann");
    expect_numbers(list_files(store, ann), 2, 1, 3);
    CU_ASSERT_EQUAL(stored_file_list(store, &ann, see_file, &seen, NULL), TW_TIMEOUT);
    CU_ASSERT_EQUAL(seen.count, 1);
    ann.after = 3;
    expect_numbers(list_files(store, ann), 1, 4, 0);
    ann.downwards = true;
    ann.after = INT64_MAX;
    seen = list_files(store, ann);
    expect_numbers(seen, 2, 4, 3);
    CU_ASSERT_EQUAL(seen.file.content.length, 0);
    CU_ASSERT_EQUAL(seen.file.size, 3);
    expect_numbers(list_files(store, all), 2, 1, 2);
    all.downwards = true;
    all.after = 4;
    expect_numbers(list_files(store, all), 2, 3, 2);
    expect_numbers(list_files(store, (struct list_part){.limit = 8}), 1, 2, 0);
    CU_ASSERT_EQUAL(list_files(store, (struct list_part){.any_owner = true}).count, 0);
}

/* A file of many megabytes comes back as it was. */
static enum tw_status see_noise(void *context, const struct stored_file *file)
{
    const struct text *expected = context;
    CU_ASSERT_TRUE(text_equal(file->content, *expected));
    return TW_OK;
}

static void large_file(struct store *store)
{
    enum { LARGE = 20 << 20 };
    unsigned char *bytes = malloc(LARGE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    for (size_t i = 0; i < LARGE; i++)
        bytes[i] = (unsigned char)(i * 2654435761U >> 16);
    struct text content = {(const char *)bytes, LARGE};
    struct stored_file file = make_file("f1", "");
    file.content = content;
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_OK);
    CU_ASSERT_EQUAL(stored_file_find(store, TEXT("f1"), true, see_noise, &content, NULL), TW_OK);
    free(bytes);
}

/* --- batches --- */

static struct batch make_batch(const char *id, const char *owner)
{
    return (struct batch){.created = 5,
                          .expires = 9,
                          .state = BATCH_VALIDATING,
                          .id = text_of(id),
                          .owner = text_of(owner),
                          .input_file = TEXT("f1"),
                          .endpoint = TEXT("/v1/x"),
                          .details = TEXT("{}")};
}

static void add_batch(struct store *store, const char *id, const char *owner)
{
    struct batch batch = make_batch(id, owner);
    CU_ASSERT_EQUAL(batch_add(store, &batch, NULL), TW_OK);
}

static void batches(struct store *store)
{
    struct seen seen = {.give = TW_OK};
    add_batch(store, "b1", "ann");
    CU_ASSERT_EQUAL(batch_find(store, TEXT("b1"), see_batch, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen.batch.created, 5);
    CU_ASSERT_EQUAL(seen.batch.expires, 9);
    CU_ASSERT_EQUAL(seen.batch.total, 0);
    CU_ASSERT_STRING_EQUAL(batch_state_name(seen.batch.state), "validating");
    CU_ASSERT_STRING_EQUAL(seen.texts[0], "b1");
    CU_ASSERT_STRING_EQUAL(seen.texts[1], "ann");
    CU_ASSERT_STRING_EQUAL(seen.texts[2], "f1");
    CU_ASSERT_STRING_EQUAL(seen.texts[3], "/v1/x");
    CU_ASSERT_STRING_EQUAL(seen.texts[4], "{}");
    CU_ASSERT_EQUAL(batch_find(store, TEXT("b2"), see_batch, &seen, NULL), TW_NOT_FOUND);
    struct batch bad = make_batch("b1", "");
    CU_ASSERT_EQUAL(batch_add(store, &bad, NULL), TW_INVALID);
    bad = make_batch("b2", "");
    bad.state = BATCH_STATE_COUNT;
    CU_ASSERT_EQUAL(batch_add(store, &bad, NULL), TW_INVALID);
    bad = make_batch("b2", "");
    bad.total = -1;
    CU_ASSERT_EQUAL(batch_add(store, &bad, NULL), TW_INVALID);
    bad = make_batch("b2", "");
    bad.details.length = BATCH_DETAILS_MAX + 1;
    CU_ASSERT_EQUAL(batch_add(store, &bad, NULL), TW_LIMIT);
}

/* Of two that change the same state, the second finds it changed. */
static void changes(struct store *store)
{
    struct seen seen = {.give = TW_OK};
    bool changed;
    add_batch(store, "b1", "");
    struct batch next = make_batch("b1", "somebody else");
    next.state = BATCH_IN_PROGRESS;
    next.total = 7;
    next.details = TEXT("[1]");
    CU_ASSERT_EQUAL(batch_change(store, &next, BATCH_VALIDATING, &changed, NULL), TW_OK);
    CU_ASSERT_TRUE(changed);
    CU_ASSERT_EQUAL(batch_change(store, &next, BATCH_VALIDATING, &changed, NULL), TW_OK);
    CU_ASSERT_FALSE(changed);
    CU_ASSERT_EQUAL(batch_find(store, TEXT("b1"), see_batch, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen.batch.state, BATCH_IN_PROGRESS);
    CU_ASSERT_EQUAL(seen.batch.total, 7);
    CU_ASSERT_STRING_EQUAL(seen.texts[4], "[1]");
    CU_ASSERT_STRING_EQUAL(seen.texts[1], "");
    next.id = TEXT("b2");
    CU_ASSERT_EQUAL(batch_change(store, &next, BATCH_VALIDATING, &changed, NULL), TW_OK);
    CU_ASSERT_FALSE(changed);
}

static struct seen list_batches(struct store *store, struct list_part part)
{
    struct seen seen = {.give = TW_OK};
    CU_ASSERT_EQUAL(batch_list(store, &part, see_batch, &seen, NULL), TW_OK);
    return seen;
}

static void listed_batches(struct store *store)
{
    struct seen seen = {.give = TW_OK};
    bool changed;
    add_batch(store, "b1", "ann");
    add_batch(store, "b2", "");
    add_batch(store, "b3", "ann");
    struct list_part ann = {.owner = TEXT("ann"), .limit = 5};
    expect_numbers(list_batches(store, ann), 2, 1, 3);
    ann.downwards = true;
    ann.after = INT64_MAX;
    expect_numbers(list_batches(store, ann), 2, 3, 1);
    expect_numbers(list_batches(store, (struct list_part){.limit = 5}), 1, 2, 0);
    struct list_part all = {.any_owner = true, .after = 1, .limit = 5};
    expect_numbers(list_batches(store, all), 2, 2, 3);
    all = (struct list_part){.any_owner = true, .downwards = true, .after = 3, .limit = 5};
    expect_numbers(list_batches(store, all), 2, 2, 1);
    struct batch next = make_batch("b2", "");
    next.state = BATCH_FAILED;
    CU_ASSERT_EQUAL(batch_change(store, &next, BATCH_VALIDATING, &changed, NULL), TW_OK);
    CU_ASSERT_EQUAL(batch_list_state(store, BATCH_VALIDATING, see_batch, &seen, NULL), TW_OK);
    expect_numbers(seen, 2, 1, 3);
    CU_ASSERT_EQUAL(batch_list_state(store, BATCH_FAILED, see_batch, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen.count, 3);
    CU_ASSERT_STRING_EQUAL(seen.texts[0], "b2");
}

/* --- stores that keep none, or may not be written --- */

static void memory_keeps_none(void)
{
    struct store *store = place_open("memory:");
    struct stored_file file = make_file("f1", "");
    struct batch batch = make_batch("b1", "");
    struct list_part all = {.any_owner = true, .limit = 1};
    struct seen seen = {.give = TW_OK};
    bool done;
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(stored_file_find(store, file.id, true, see_file, &seen, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(stored_file_list(store, &all, see_file, &seen, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(stored_file_delete(store, file.id, &done, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(batch_add(store, &batch, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(batch_find(store, batch.id, see_batch, &seen, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(batch_list(store, &all, see_batch, &seen, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(batch_list_state(store, BATCH_FAILED, see_batch, &seen, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(batch_change(store, &batch, BATCH_FAILED, &done, NULL), TW_INVALID);
    store_close(store);
}

static void readers(const char *location)
{
    struct store_options options = STORE_DEFAULTS;
    struct stored_file file = make_file("f2", "");
    struct seen seen = {.give = TW_OK};
    struct store *store = place_open(location);
    bool deleted;
    add_file(store, "f1", "");
    store_close(store);
    options.read_only = true;
    CU_ASSERT_EQUAL_FATAL(store_open(location, &options, &store, NULL), TW_OK);
    CU_ASSERT_EQUAL(stored_file_find(store, TEXT("f1"), true, see_file, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen.file.content.length, 3);
    CU_ASSERT_EQUAL(stored_file_add(store, &file, NULL), TW_READ_ONLY);
    CU_ASSERT_EQUAL(stored_file_delete(store, TEXT("f1"), &deleted, NULL), TW_READ_ONLY);
    store_close(store);
}

ON_EACH_LASTING_STORE(files)
ON_EACH_LASTING_STORE(bad_files)
ON_EACH_LASTING_STORE(listed_files)
ON_EACH_LASTING_STORE(large_file)
ON_EACH_LASTING_STORE(batches)
ON_EACH_LASTING_STORE(changes)
ON_EACH_LASTING_STORE(listed_batches)
ON_EACH_LASTING_PLACE(readers)

UNIT_TESTS({"files", each_files}, {"bad files", each_bad_files},
           {"listed files", each_listed_files}, {"a large file", each_large_file},
           {"batches", each_batches}, {"changes", each_changes},
           {"listed batches", each_listed_batches}, {"memory keeps none", memory_keeps_none},
           {"readers", each_readers})
