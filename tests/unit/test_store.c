/* The store: ledger rows in memory and in SQLite, exact sums, and every way a file can be bad. */
#include "store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_place.h"

static enum tw_status try_open(const char *path, bool read_only, struct store **store,
                               struct tw_error *error)
{
    struct store_options options = {.read_only = read_only, .busy_wait = 20};
    *error = (struct tw_error){.message = ""};
    enum tw_status status = store_open(path, &options, store, error);
    CU_ASSERT_EQUAL(status == TW_OK, *store != NULL);
    CU_ASSERT_EQUAL(status == TW_OK, error->message[0] == '\0');
    return status;
}

static struct store *open_store(const char *path, bool read_only)
{
    struct store *store;
    struct tw_error error;
    enum tw_status status = try_open(path, read_only, &store, &error);
    if (status != TW_OK)
        printf("\n%s\n", error.message);
    CU_ASSERT_EQUAL_FATAL(status, TW_OK);
    return store;
}

static void expect_refusal(const char *path, bool read_only, enum tw_status expected)
{
    struct store *store;
    struct tw_error error;
    enum tw_status status = try_open(path, read_only, &store, &error);
    if (status != expected)
        printf("\n%d: %s\n", status, error.message);
    CU_ASSERT_EQUAL(status, expected);
    store_close(store);
}

static struct ledger_row answered(const char *tier, int64_t cost, int64_t default_cost)
{
    struct ledger_row row;
    ledger_row_init(&row);
    row.request_id = TEXT("request");
    row.attempt = 1;
    row.model = TEXT("gpt-5");
    row.chosen_tier = row.attempted_tier = TEXT("flex");
    row.served_tier = text_of(tier);
    row.rule = TEXT("line 3");
    row.policy_hash = TEXT("0123456789abcdef");
    row.cost = cost;
    row.default_cost = default_cost;
    row.outcome = LEDGER_ANSWERED;
    return row;
}

static void append(struct store *store, const struct ledger_row *rows, size_t count)
{
    struct tw_error error;
    CU_ASSERT_EQUAL(ledger_append(store, rows, count, &error), TW_OK);
}

static enum tw_status count_row(void *context, const struct ledger_row *row)
{
    (void)row;
    ++*(int64_t *)context;
    return TW_OK;
}

static int64_t count_rows(struct store *store, struct ledger_range range)
{
    int64_t count = 0;
    CU_ASSERT_EQUAL(ledger_each(store, range, count_row, &count, NULL), TW_OK);
    return count;
}

static struct ledger_row full_row(void)
{
    return (struct ledger_row){
        .request_id = TEXT("r-1"),
        .attempt = 2,
        .instant = 1764000000123,
        .model = TEXT("gpt-5-2025-08-07"),
        .requested_tier = TEXT("auto"),
        .chosen_tier = TEXT("flex"),
        .attempted_tier = TEXT("default"),
        .served_tier = TEXT("default"),
        .rule = TEXT("nightly"),
        .policy_hash = TEXT("feed"),
        .input_tokens = 1,
        .cached_tokens = 0,
        .cache_write_tokens = 3,
        .output_tokens = 4,
        .reasoning_tokens = 5,
        .price_table = TEXT("openai 2026-11-22"),
        .price_row = TEXT("gpt-5"),
        .cost = INT64_MAX,
        .default_cost = 0,
        .latency = 8,
        .delay_added = 9,
        .http_status = 200,
        .outcome = LEDGER_CANCELLED,
        .user = TEXT("\xc3\xa9\0b"),
        .hour = 23,
        .caller = TEXT("nightly"),
    };
}

#define SAME_TEXT(a, b) CU_ASSERT_TRUE(text_equal(a, b))

static void expect_same(const struct ledger_row *a, const struct ledger_row *b)
{
#define LEDGER_TEXT(name, required) SAME_TEXT(a->name, b->name);
#define LEDGER_NUMBER(name, required) CU_ASSERT_EQUAL(a->name, b->name);
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
}

static enum tw_status compare_row(void *context, const struct ledger_row *row)
{
    const struct ledger_row **expected = context;
    expect_same((*expected)++, row);
    return TW_OK;
}

/* A row with everything, and one with nothing that may be left out, come back as they were. */
static void round_trip(struct store *store)
{
    struct ledger_row rows[2] = {full_row(), answered("", LEDGER_UNKNOWN, LEDGER_UNKNOWN)};
    rows[1].model = TEXT("");
    const struct ledger_row *expected = rows;
    append(store, rows, 2);
    CU_ASSERT_EQUAL(ledger_each(store, LEDGER_ALL, compare_row, &expected, NULL), TW_OK);
    CU_ASSERT_PTR_EQUAL(expected, rows + 2);
}

ON_EACH_STORE(round_trip)

static void range(struct store *store)
{
    struct ledger_row rows[3];
    for (int i = 0; i < 3; i++) {
        rows[i] = answered("flex", 1, 2);
        rows[i].instant = 100 * (i + 1);
    }
    append(store, rows, 3);
    append(store, rows, 0);
    CU_ASSERT_EQUAL(count_rows(store, LEDGER_ALL), 3);
    CU_ASSERT_EQUAL(count_rows(store, (struct ledger_range){200, 300}), 1);
    CU_ASSERT_EQUAL(count_rows(store, (struct ledger_range){100, 301}), 3);
    CU_ASSERT_EQUAL(count_rows(store, (struct ledger_range){101, 101}), 0);
}

ON_EACH_STORE(range)

static enum tw_status stop_at_once(void *context, const struct ledger_row *row)
{
    count_row(context, row);
    return TW_TIMEOUT;
}

static void stop(struct store *store)
{
    struct ledger_row rows[2] = {answered("flex", 1, 2), answered("flex", 1, 2)};
    int64_t count = 0;
    append(store, rows, 2);
    CU_ASSERT_EQUAL(ledger_each(store, LEDGER_ALL, stop_at_once, &count, NULL), TW_TIMEOUT);
    CU_ASSERT_EQUAL(count, 1);
}

ON_EACH_STORE(stop)

struct collected {
    struct ledger_group groups[8];
    char tiers[8][16];
    size_t count;
};

static enum tw_status collect(void *context, const struct ledger_group *group)
{
    struct collected *collected = context;
    size_t at = collected->count++;
    collected->groups[at] = *group;
    memcpy(collected->tiers[at], group->served_tier.data, group->served_tier.length);
    return TW_OK;
}

static void group(struct store *store)
{
    struct ledger_row rows[] = {
        answered("flex", 5, 10),
        answered("default", INT64_MAX, INT64_MAX),
        answered("flex", 7, 14),
        answered("default", INT64_MAX, INT64_MAX),
        answered("flex", LEDGER_UNKNOWN, 3),
        answered("flex", 100, LEDGER_UNKNOWN),
        answered("", LEDGER_UNKNOWN, LEDGER_UNKNOWN),
        answered("default", INT64_MAX, 1),
        answered("flex", 0, 0),
    };
    rows[8].outcome = LEDGER_REFUSED;
    struct collected collected = {.count = 0};
    append(store, rows, sizeof rows / sizeof rows[0]);
    CU_ASSERT_EQUAL(ledger_groups(store, LEDGER_ALL, collect, &collected, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(collected.count, 4);
    CU_ASSERT_STRING_EQUAL(collected.tiers[0], "");
    CU_ASSERT_EQUAL(collected.groups[0].unpriced, 1);
    CU_ASSERT_STRING_EQUAL(collected.tiers[1], "default");
    CU_ASSERT_TRUE(collected.groups[1].cost == (__int128)INT64_MAX * 3);
    CU_ASSERT_TRUE(collected.groups[1].default_cost == (__int128)INT64_MAX * 2 + 1);
    CU_ASSERT_EQUAL(collected.groups[2].attempts, 4);
    CU_ASSERT_TRUE(collected.groups[2].cost == 12);
    CU_ASSERT_TRUE(collected.groups[2].default_cost == 24);
    CU_ASSERT_EQUAL(collected.groups[2].unpriced, 1);
    CU_ASSERT_EQUAL(collected.groups[2].uncompared, 1);
    CU_ASSERT_TRUE(collected.groups[2].uncompared_cost == 100);
    CU_ASSERT_EQUAL(collected.groups[3].outcome, LEDGER_REFUSED);
    CU_ASSERT_EQUAL(collected.groups[3].attempts, 1);
}

ON_EACH_STORE(group)

static void bad_row(struct store *store)
{
    static char long_text[LEDGER_TEXT_MAX + 1];
    memset(long_text, 'a', sizeof long_text);
    struct ledger_row rows[2] = {answered("flex", 1, 2), answered("flex", -2, 2)};
    CU_ASSERT_EQUAL(ledger_append(store, rows, 2, NULL), TW_INVALID);
    rows[1] = answered("flex", 1, 2);
    rows[1].rule = TEXT("");
    CU_ASSERT_EQUAL(ledger_append(store, rows, 2, NULL), TW_INVALID);
    rows[1].rule = TEXT("\xff");
    CU_ASSERT_EQUAL(ledger_append(store, rows, 2, NULL), TW_INVALID);
    rows[1].rule = (struct text){long_text, sizeof long_text};
    CU_ASSERT_EQUAL(ledger_append(store, rows, 2, NULL), TW_LIMIT);
    rows[1] = answered("flex", 1, 2);
    rows[1].outcome = LEDGER_OUTCOME_COUNT;
    CU_ASSERT_EQUAL(ledger_append(store, rows, 2, NULL), TW_INVALID);
    rows[1] = answered("flex", 1, 2);
    rows[1].hour = 24;
    CU_ASSERT_EQUAL(ledger_append(store, rows, 2, NULL), TW_INVALID);
    CU_ASSERT_EQUAL(count_rows(store, LEDGER_ALL), 0);
}

ON_EACH_STORE(bad_row)

static void kept_over_closing(const char *location)
{
    struct ledger_row row = answered("flex", 1, 2);
    for (int64_t times = 0; times < 3; times++) {
        struct store *store = open_store(location, false);
        CU_ASSERT_EQUAL(count_rows(store, LEDGER_ALL), times);
        append(store, &row, 1);
        store_close(store);
    }
}
ON_EACH_LASTING_PLACE(kept_over_closing)

/* A reader sees what is committed while the writer is open, writes nothing, and two writers take
 * turns. */
static void several_connections(const char *location)
{
    struct ledger_row row = answered("flex", 1, 2);
    struct store *first = open_store(location, false), *second = open_store(location, false);
    append(first, &row, 1);
    append(second, &row, 1);
    append(first, &row, 1);
    struct store *reader = open_store(location, true);
    CU_ASSERT_EQUAL(count_rows(reader, LEDGER_ALL), 3);
    CU_ASSERT_EQUAL(ledger_append(reader, &row, 1, NULL), TW_READ_ONLY);
    store_close(first);
    append(second, &row, 1);
    CU_ASSERT_EQUAL(count_rows(reader, LEDGER_ALL), 4);
    store_close(second);
    store_close(reader);
}
ON_EACH_LASTING_PLACE(several_connections)

static void locations(void)
{
    struct store_place place = place_make();
    char inside[112];
    snprintf(inside, sizeof inside, "%s/no/ledger.db", place.folder);
    expect_refusal("", false, TW_INVALID);
    expect_refusal(inside, false, TW_NOT_FOUND);
    expect_refusal(place.path, true, TW_NOT_FOUND);
    CU_ASSERT_NOT_EQUAL(access(place.path, F_OK), 0);
    place_remove(&place);
}

/* Another process holds our lock, or SQLite's own. */
static void locked(void)
{
    struct store_place place = place_make();
    struct ledger_row row = answered("flex", 1, 2);
    struct store *store = open_store(place.path, false);
    char path[112];
    snprintf(path, sizeof path, "%s-lock", place.path);
    int lock = open(path, O_RDWR);
    CU_ASSERT_EQUAL(flock(lock, LOCK_EX), 0);
    CU_ASSERT_EQUAL(ledger_append(store, &row, 1, NULL), TW_BUSY);
    expect_refusal(place.path, false, TW_BUSY);
    close(lock);
    append(store, &row, 1);
    sqlite3 *other;
    CU_ASSERT_EQUAL(sqlite3_open(place.path, &other), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    CU_ASSERT_EQUAL(ledger_append(store, &row, 1, NULL), TW_BUSY);
    CU_ASSERT_EQUAL(count_rows(store, LEDGER_ALL), 1);
    sqlite3_close(other);
    append(store, &row, 1);
    CU_ASSERT_EQUAL(count_rows(store, LEDGER_ALL), 2);
    store_close(store);
    place_remove(&place);
}

static void write_file(const char *path, const void *bytes, size_t length, long at)
{
    FILE *file = fopen(path, at < 0 ? "wb" : "r+b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    if (at >= 0)
        CU_ASSERT_EQUAL(fseek(file, at, SEEK_SET), 0);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

static void sql(const char *path, const char *text)
{
    sqlite3 *database;
    CU_ASSERT_EQUAL(sqlite3_open(path, &database), SQLITE_OK);
    CU_ASSERT_EQUAL(sqlite3_exec(database, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

static void fill(const char *path, int rows)
{
    struct store *store = open_store(path, false);
    struct ledger_row row = full_row();
    for (int i = 0; i < rows; i++)
        append(store, &row, 1);
    store_close(store);
}

static void no_database(void)
{
    struct store_place place = place_make();
    char text[4096];
    memset(text, 'x', sizeof text);
    write_file(place.path, text, sizeof text, -1);
    expect_refusal(place.path, false, TW_DAMAGED);
    expect_refusal(place.path, true, TW_DAMAGED);
    place_remove(&place);
}

static void damaged_pages(void)
{
    struct store_place place = place_make();
    char noise[3 * 4096];
    memset(noise, 0xa5, sizeof noise);
    fill(place.path, 100);
    write_file(place.path, noise, sizeof noise, 4096);
    struct store *store;
    struct tw_error error;
    enum tw_status status = try_open(place.path, false, &store, &error);
    if (status == TW_OK)
        status = ledger_each(store, LEDGER_ALL, count_row, &(int64_t){0}, &error);
    CU_ASSERT_EQUAL(status, TW_DAMAGED);
    store_close(store);
    place_remove(&place);
}

/* Rows that a stranger wrote, past every check. */
static void damaged_rows(void)
{
    static const char *const changes[] = {
        "PRAGMA ignore_check_constraints = 1; UPDATE ledger SET outcome = 99",
        "PRAGMA ignore_check_constraints = 1; UPDATE ledger SET cost = -5",
        "PRAGMA ignore_check_constraints = 1; UPDATE ledger SET hour = 24",
        "UPDATE ledger SET rule = ''",
        "UPDATE ledger SET model = CAST(x'ff' AS TEXT)",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct store_place place = place_make();
        fill(place.path, 1);
        sql(place.path, changes[i]);
        struct store *store = open_store(place.path, true);
        int64_t count = 0;
        struct tw_error error;
        CU_ASSERT_EQUAL(ledger_each(store, LEDGER_ALL, count_row, &count, &error), TW_DAMAGED);
        CU_ASSERT_EQUAL(count, 0);
        store_close(store);
        place_remove(&place);
    }
}

static void missing_column(void)
{
    struct store_place place = place_make();
    fill(place.path, 1);
    sql(place.path, "ALTER TABLE ledger DROP COLUMN reasoning_tokens");
    expect_refusal(place.path, false, TW_DAMAGED);
    expect_refusal(place.path, true, TW_DAMAGED);
    place_remove(&place);
}

static void newer_schema(void)
{
    struct store_place place = place_make();
    fill(place.path, 1);
    sql(place.path, "PRAGMA user_version = 1000");
    expect_refusal(place.path, false, TW_NEWER);
    expect_refusal(place.path, true, TW_NEWER);
    place_remove(&place);
}

/* The first schema as it was released, with two attempts of one request. */
static const char first_schema[] =
    "CREATE TABLE ledger (number INTEGER PRIMARY KEY, request_id TEXT NOT NULL,"
    " attempt INTEGER NOT NULL CHECK (attempt >= 0), instant INTEGER NOT NULL CHECK (instant >= 0),"
    " model TEXT NOT NULL, requested_tier TEXT, chosen_tier TEXT, attempted_tier TEXT,"
    " served_tier TEXT, rule TEXT NOT NULL, policy_hash TEXT,"
    " input_tokens INTEGER CHECK (input_tokens >= 0),"
    " cached_tokens INTEGER CHECK (cached_tokens >= 0),"
    " cache_write_tokens INTEGER CHECK (cache_write_tokens >= 0),"
    " output_tokens INTEGER CHECK (output_tokens >= 0),"
    " reasoning_tokens INTEGER CHECK (reasoning_tokens >= 0),"
    " price_table TEXT, price_row TEXT, cost INTEGER CHECK (cost >= 0),"
    " default_cost INTEGER CHECK (default_cost >= 0), latency INTEGER CHECK (latency >= 0),"
    " delay_added INTEGER CHECK (delay_added >= 0), http_status INTEGER CHECK (http_status >= 0),"
    " outcome INTEGER NOT NULL CHECK (outcome >= 0), user TEXT,"
    " hour INTEGER CHECK (hour BETWEEN 0 AND 23)) STRICT;"
    "CREATE INDEX ledger_instant ON ledger (instant);"
    "INSERT INTO ledger (request_id, attempt, instant, model, attempted_tier, served_tier, rule,"
    " cost, outcome) VALUES"
    " ('old', 0, 1000, 'm', 'flex', NULL, 'low', 0, 1),"
    " ('old', 1, 2000, 'm', 'default', 'default', 'low', 70, 0);"
    "PRAGMA application_id = 1416193394; PRAGMA user_version = 1;";

static enum tw_status check_old_row(void *context, const struct ledger_row *row)
{
    size_t *seen = context;
    CU_ASSERT_TRUE(text_equal(row->request_id, TEXT("old")));
    CU_ASSERT_EQUAL(row->attempt, (int64_t)*seen);
    CU_ASSERT_EQUAL(row->cost, *seen ? 70 : 0);
    CU_ASSERT_EQUAL(row->attributes.length, 0);
    CU_ASSERT_EQUAL(row->estimate, LEDGER_UNKNOWN);
    ++*seen;
    return TW_OK;
}

static int64_t reserve_five(void *context)
{
    (void)context;
    return 5;
}

/* An old file is brought forward when it is opened, and what was spent before counts. */
static void older_schema(void)
{
    struct store_place place = place_make();
    sql(place.path, first_schema);
    struct store *store = open_store(place.path, false);
    size_t seen = 0;
    CU_ASSERT_EQUAL(ledger_each(store, LEDGER_ALL, check_old_row, &seen, NULL), TW_OK);
    CU_ASSERT_EQUAL(seen, 2);
    struct budget_bucket bucket = {
        .from = 0, .until = 10000, .attribute = TEXT(""), .value = TEXT("")};
    struct budget_order order = {
        .buckets = &bucket, .count = 1, .model = TEXT("m"), .choose = reserve_five};
    struct budget_order *orders[] = {&order};
    CU_ASSERT_EQUAL(budget_reserve(store, orders, 1, NULL), TW_OK);
    CU_ASSERT_EQUAL(bucket.spent, 70);
    struct ledger_row row = answered("flex", 1, 2);
    append(store, &row, 1);
    CU_ASSERT_EQUAL(count_rows(store, LEDGER_ALL), 3);
    store_close(store);
    store = open_store(place.path, true);
    CU_ASSERT_EQUAL(count_rows(store, LEDGER_ALL), 3);
    store_close(store);
    place_remove(&place);
}

/* Another program's database is refused, and left as it is. */
static void foreign_database(void)
{
    struct store_place place = place_make();
    sql(place.path, "CREATE TABLE t (a)");
    expect_refusal(place.path, false, TW_INVALID);
    expect_refusal(place.path, true, TW_INVALID);
    sql(place.path, "PRAGMA application_id = 7; DROP TABLE t");
    expect_refusal(place.path, false, TW_INVALID);
    place_remove(&place);
}

static void empty_database(void)
{
    struct store_place place = place_make();
    write_file(place.path, "", 0, -1);
    expect_refusal(place.path, true, TW_NOT_FOUND);
    fill(place.path, 1);
    struct store *store = open_store(place.path, true);
    CU_ASSERT_EQUAL(count_rows(store, LEDGER_ALL), 1);
    store_close(store);
    place_remove(&place);
}

/* Gives up what the superuser may do, for permissions hold nobody else back. */
static void become_nobody(const struct store_place *place, bool folder_writable)
{
    CU_ASSERT_EQUAL(chmod(place->folder, folder_writable ? 0777 : 0555), 0);
    if (geteuid() == 0)
        CU_ASSERT_EQUAL(seteuid(65534), 0);
}

static void become_oneself(const struct store_place *place)
{
    CU_ASSERT_EQUAL(seteuid(getuid()), 0);
    CU_ASSERT_EQUAL(chmod(place->folder, 0755), 0);
}

static void read_only_file(void)
{
    struct store_place place = place_make();
    char lock[112];
    snprintf(lock, sizeof lock, "%s-lock", place.path);
    fill(place.path, 1);
    CU_ASSERT_EQUAL(chmod(place.path, 0444), 0);
    CU_ASSERT_EQUAL(chmod(lock, 0666), 0);
    become_nobody(&place, true);
    expect_refusal(place.path, false, TW_READ_ONLY);
    become_oneself(&place);
    place_remove(&place);
}

static void read_only_folder(void)
{
    struct store_place place = place_make();
    become_nobody(&place, false);
    expect_refusal(place.path, false, TW_READ_ONLY);
    become_oneself(&place);
    place_remove(&place);
}

/* Appends until a file may not grow any more, in a process of its own: 0 if that gave TW_FULL. */
static int fill_up(const char *path)
{
    struct store *store = open_store(path, false);
    struct rlimit limit = {256 << 10, 256 << 10};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    struct ledger_row row = answered("flex", 1, 2);
    int64_t appended = 0;
    enum tw_status status = TW_OK;
    while (status == TW_OK && appended < 100000) {
        status = ledger_append(store, &row, 1, NULL);
        appended += status == TW_OK;
    }
    bool kept = count_rows(store, LEDGER_ALL) == appended && appended > 10;
    store_close(store);
    return status == TW_FULL && kept ? 0 : 10 + (int)status;
}

static void full_disk(void)
{
    struct store_place place = place_make();
    pid_t child = fork();
    if (child == 0)
        _exit(fill_up(place.path));
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_TRUE(WIFEXITED(status));
    CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
    struct store *store = open_store(place.path, false);
    struct ledger_row row = answered("flex", 1, 2);
    append(store, &row, 1);
    CU_ASSERT_TRUE(count_rows(store, LEDGER_ALL) > 10);
    store_close(store);
    place_remove(&place);
}

UNIT_TESTS({"round trips", each_round_trip}, {"ranges", each_range}, {"stopping", each_stop},
           {"groups", each_group}, {"bad rows", each_bad_row},
           {"kept over closing", each_kept_over_closing},
           {"several connections", each_several_connections}, {"locations", locations},
           {"locked", locked}, {"no database", no_database}, {"damaged pages", damaged_pages},
           {"damaged rows", damaged_rows}, {"missing column", missing_column},
           {"newer schema", newer_schema}, {"older schema", older_schema},
           {"foreign database", foreign_database}, {"empty database", empty_database},
           {"read-only file", read_only_file}, {"read-only folder", read_only_folder},
           {"full disk", full_disk})
