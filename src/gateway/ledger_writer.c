/* gateway/ledger_writer.c: see ledger_writer.h.
 *
 * An entry belongs to its desk's thread until it is handed in, to the writer's thread until it is
 * written, then to its desk's thread again, which frees it. Only `written` and `context` stay with
 * the desk's thread all the time.
 *
 * Rows that cannot be written wait in the writer's own list. Once they have waited for too long,
 * the entry goes back to its desk, and a copy that belongs to no desk stays. */
#include "gateway/ledger_writer.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NEVER INT64_MAX

enum {
    FIRST_RETRY = 50, /* milliseconds until a failed batch is tried again; doubled each time */
    LAST_RETRY = 1000,
    REPORT_SIZE = 400, /* bytes of a line */
    BATCH_ROWS = 512,
    BATCH_ENTRIES = 512,
    COMMIT_GAP =
        500000 /* nanoseconds between the starts of two commits, where rows come together */
};

struct ledger_entry {
    struct ledger_entry *next;
    struct ledger_desk *desk;
    ledger_written written;
    void *context;
    enum tw_status status;
    struct budget_order *order; /* NULL: rows are to be written */
    int64_t reservation;        /* to be let go with the rows; 0: none */
    int64_t tell_at; /* when who waits is told that it goes on waiting; 0: not yet known */
    size_t count;
    struct ledger_row rows[]; /* their texts stand behind the last one */
};

/* First in, first out. */
struct entry_list {
    struct ledger_entry *first, **end;
};

/* What goes to the store at once. */
struct batch {
    struct ledger_row rows[BATCH_ROWS];
    int64_t reservations[BATCH_ENTRIES];
    struct budget_order *orders[BATCH_ENTRIES];
};

struct ledger_writer {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct entry_list rows, orders; /* handed in; under the lock, as are the next two */
    bool closing;
    int64_t closing_until;
    struct batch *batch;
    struct ledger_writer_options options;

    /* The thread's own: rows that are to be written. */
    struct entry_list waiting;
    int64_t retry_at; /* milliseconds, monotonic; 0: at once */
    int64_t delay;
    size_t lost;

    /* For everybody to see. */
    atomic_size_t kept;                 /* rows that wait because the store fails */
    atomic_int_least64_t failing_since; /* milliseconds, monotonic; 0: it does not */
};

struct ledger_desk {
    struct ledger_writer *writer;
    uv_prepare_t round; /* active while an entry waits for the end of the loop's round */
    struct entry_list rows, orders; /* that wait for it */
    uv_async_t wake;
    pthread_mutex_t lock;
    struct entry_list done; /* under the lock */
    size_t open_entries;
    unsigned open_handles;
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

static void list_init(struct entry_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_add(struct entry_list *list, struct ledger_entry *entry)
{
    entry->next = NULL;
    *list->end = entry;
    list->end = &entry->next;
}

/* Adds all of another list, which is empty then. */
static void list_add_all(struct entry_list *list, struct entry_list *other)
{
    if (!other->first)
        return;
    *list->end = other->first;
    list->end = other->end;
    list_init(other);
}

static struct ledger_entry *list_take_all(struct entry_list *list)
{
    struct ledger_entry *first = list->first;
    list_init(list);
    return first;
}

/* --- the writer's thread --- */

static int64_t now_milliseconds(void)
{
    return clock_monotonic() / 1000000;
}

PRINTF_LIKE(2, 3)
static void report(const struct ledger_writer *writer, const char *format, ...)
{
    char line[REPORT_SIZE];
    va_list arguments;
    if (!writer->options.report)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    writer->options.report(writer->options.context, line);
}

/* Waits until something is handed in, the writer closes, or the instant has come. The lock is held.
 */
static void wait_until(struct ledger_writer *writer, int64_t instant)
{
    if (instant == NEVER) {
        pthread_cond_wait(&writer->work, &writer->lock);
        return;
    }
    const struct timespec at = {.tv_sec = (time_t)(instant / 1000),
                                .tv_nsec = (long)(instant % 1000) * 1000000};
    pthread_cond_timedwait(&writer->work, &writer->lock, &at);
}

/* When the thread has to look again, whatever is handed in. */
static int64_t next_look(const struct ledger_writer *writer)
{
    if (!writer->waiting.first)
        return NEVER;
    bool soon = writer->closing && writer->closing_until < writer->retry_at;
    return soon ? writer->closing_until : writer->retry_at;
}

static bool has_work(const struct ledger_writer *writer)
{
    return writer->rows.first || writer->orders.first ||
           (writer->waiting.first && writer->retry_at <= now_milliseconds());
}

/* The writer closes, and either nothing is left or its time is over. */
static bool is_over(const struct ledger_writer *writer)
{
    return writer->closing && !writer->rows.first && !writer->orders.first &&
           (!writer->waiting.first || writer->closing_until <= now_milliseconds());
}

/* Takes what was handed in, once there is something to do. False: nothing will be any more. */
static bool wait_for_work(struct ledger_writer *writer, struct entry_list *orders)
{
    pthread_mutex_lock(&writer->lock);
    while (!has_work(writer) && !is_over(writer))
        wait_until(writer, next_look(writer));
    bool over = is_over(writer);
    list_add_all(&writer->waiting, &writer->rows);
    list_add_all(orders, &writer->orders);
    pthread_mutex_unlock(&writer->lock);
    return !over;
}

/* Gives entries of one desk back; wakes its loop where that has nothing to see to yet. */
static void give_back(struct ledger_desk *desk, struct entry_list *entries)
{
    pthread_mutex_lock(&desk->lock);
    bool first = !desk->done.first;
    list_add_all(&desk->done, entries);
    /* Under the lock: the desk may be gone as soon as its loop has seen the last entry. */
    if (first)
        uv_async_send(&desk->wake);
    pthread_mutex_unlock(&desk->lock);
}

/* From `entries` to before `end`. A loop's entries came together, and go back together: it wakes
 * once for all of them. Those that belong to no desk any more are freed. */
static void give_back_all(struct ledger_entry *entries, const struct ledger_entry *end)
{
    while (entries != end) {
        struct ledger_desk *desk = entries->desk;
        struct entry_list list;
        list_init(&list);
        while (entries != end && entries->desk == desk) {
            struct ledger_entry *next = entries->next;
            if (desk)
                list_add(&list, entries);
            else
                free(entries);
            entries = next;
        }
        if (desk)
            give_back(desk, &list);
    }
}

static void set_status(struct ledger_entry *entries, const struct ledger_entry *end,
                       enum tw_status status)
{
    for (; entries != end; entries = entries->next)
        entries->status = status;
}

/* --- rows --- */

static size_t row_count(const struct ledger_entry *entries)
{
    size_t count = 0;
    for (; entries; entries = entries->next)
        count += entries->count;
    return count;
}

/* Writes as many entries as a batch holds, at least one; *end is the first one left. */
static enum tw_status write_batch(struct ledger_writer *writer, struct ledger_entry **end,
                                  struct tw_error *error)
{
    struct batch *batch = writer->batch;
    struct ledger_entry *at = writer->waiting.first;
    size_t count = 0, taken = 0;
    for (; at && taken < BATCH_ENTRIES && count + at->count <= BATCH_ROWS; at = at->next) {
        memcpy(batch->rows + count, at->rows, at->count * sizeof at->rows[0]);
        batch->reservations[taken++] = at->reservation;
        count += at->count;
    }
    if (taken) {
        *end = at;
        return ledger_settle(writer->store, batch->rows, count, batch->reservations, taken, error);
    }
    *end = at->next;
    return ledger_settle(writer->store, at->rows, at->count, &at->reservation, 1, error);
}

static void note_success(struct ledger_writer *writer)
{
    if (atomic_load_explicit(&writer->failing_since, memory_order_relaxed))
        report(writer, "the ledger can be written to again");
    atomic_store(&writer->failing_since, 0);
    writer->retry_at = writer->delay = 0;
}

static void note_failure(struct ledger_writer *writer, const struct tw_error *error)
{
    int64_t now = now_milliseconds();
    if (!atomic_load(&writer->failing_since)) {
        atomic_store(&writer->failing_since, now);
        report(writer, "the ledger cannot be written to, and its rows are kept: %s",
               error->message);
    }
    writer->delay = writer->delay ? 2 * writer->delay : FIRST_RETRY;
    writer->delay = writer->delay < LAST_RETRY ? writer->delay : LAST_RETRY;
    writer->retry_at = now + writer->delay;
}

static struct ledger_entry *copy_rows(const struct ledger_row *rows, size_t count);

/* Tells whoever waits for an entry that it is not written yet; a copy takes its place. Without
 * memory it goes on waiting. */
static void tell_waiting(struct ledger_entry **place, struct ledger_entry ***end)
{
    struct ledger_entry *entry = *place;
    struct ledger_entry *kept = copy_rows(entry->rows, entry->count);
    struct entry_list told;
    if (!kept)
        return;
    kept->desk = NULL;
    kept->order = NULL;
    kept->reservation = entry->reservation;
    kept->next = entry->next;
    *place = kept;
    if (*end == &entry->next)
        *end = &kept->next;
    entry->status = TW_BUSY;
    list_init(&told);
    list_add(&told, entry);
    give_back(entry->desk, &told);
}

/* What waits for a store that fails. */
static void keep_waiting(struct ledger_writer *writer)
{
    int64_t now = now_milliseconds();
    atomic_store(&writer->kept, row_count(writer->waiting.first));
    for (struct ledger_entry **place = &writer->waiting.first; *place; place = &(*place)->next) {
        struct ledger_entry *entry = *place;
        if (!entry->desk)
            continue;
        if (!entry->tell_at)
            entry->tell_at = now + writer->options.patience;
        if (entry->tell_at <= now)
            tell_waiting(place, &writer->waiting.end);
    }
}

static void write_rows(struct ledger_writer *writer)
{
    struct tw_error error;
    enum tw_status status = TW_OK;
    if (writer->retry_at > now_milliseconds())
        status = TW_BUSY;
    while (writer->waiting.first && status == TW_OK) {
        struct ledger_entry *entries = writer->waiting.first, *end;
        status = write_batch(writer, &end, &error);
        if (status == TW_OK) {
            note_success(writer);
            writer->waiting.first = end;
            if (!end)
                list_init(&writer->waiting);
            set_status(entries, end, TW_OK);
            give_back_all(entries, end);
        } else {
            note_failure(writer, &error);
        }
    }
    if (status != TW_OK)
        keep_waiting(writer);
    else if (atomic_load_explicit(&writer->kept, memory_order_relaxed))
        atomic_store(&writer->kept, 0);
}

/* The writer closes, and cannot wait any longer. */
static void lose_rows(struct ledger_writer *writer)
{
    writer->lost = row_count(writer->waiting.first);
    set_status(writer->waiting.first, NULL, TW_BUSY);
    give_back_all(writer->waiting.first, NULL);
    list_init(&writer->waiting);
}

/* --- orders --- */

/* Takes as many orders as a batch holds; gives the first one left. */
static struct ledger_entry *take_orders(struct ledger_writer *writer, struct ledger_entry *entries)
{
    struct ledger_entry *end = entries;
    size_t taken = 0;
    for (; end && taken < BATCH_ENTRIES; end = end->next)
        writer->batch->orders[taken++] = end->order;
    set_status(entries, end, budget_reserve(writer->store, writer->batch->orders, taken, NULL));
    return end;
}

static void take_all_orders(struct ledger_writer *writer, struct ledger_entry *entries)
{
    while (entries) {
        struct ledger_entry *rest = take_orders(writer, entries);
        give_back_all(entries, rest);
        entries = rest;
    }
}

/* Entries that came together are followed by more: a commit that waits a little takes them along,
 * and spares the disk a flush. A caller that comes alone is not made to wait. */
static void wait_for_more(int64_t begun)
{
    int64_t rest = begun + COMMIT_GAP - clock_monotonic();
    const struct timespec time = {.tv_nsec = rest};
    if (rest > 0 && rest <= COMMIT_GAP)
        nanosleep(&time, NULL);
}

/* Rows first: what they settle leaves room for the orders. */
static void *run(void *context)
{
    struct ledger_writer *writer = context;
    struct entry_list orders;
    list_init(&orders);
    while (wait_for_work(writer, &orders)) {
        int64_t begun = clock_monotonic();
        bool together = writer->waiting.first && writer->waiting.first->next;
        write_rows(writer);
        take_all_orders(writer, list_take_all(&orders));
        if (together && !atomic_load_explicit(&writer->failing_since, memory_order_relaxed))
            wait_for_more(begun);
    }
    lose_rows(writer);
    return NULL;
}

/* Instants of the condition are those of the monotonic clock. */
static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum tw_status ledger_writer_open(struct store *store, const struct ledger_writer_options *options,
                                  struct ledger_writer **result, struct tw_error *error)
{
    struct ledger_writer *writer = calloc(1, sizeof *writer);
    struct batch *batch = calloc(1, sizeof *batch);
    *result = NULL;
    if (!writer || !batch) {
        free(writer);
        free(batch);
        store_close(store);
        return fail(error, TW_NO_MEMORY, "out of memory");
    }
    writer->store = store;
    writer->batch = batch;
    writer->options = *options;
    list_init(&writer->waiting);
    list_init(&writer->rows);
    list_init(&writer->orders);
    pthread_mutex_init(&writer->lock, NULL);
    init_condition(&writer->work);
    if (pthread_create(&writer->thread, NULL, run, writer) != 0) {
        store_close(store);
        free(batch);
        free(writer);
        return fail(error, TW_IO, "the ledger's thread cannot be started");
    }
    *result = writer;
    return TW_OK;
}

size_t ledger_writer_close(struct ledger_writer *writer, int64_t patience)
{
    if (!writer)
        return 0;
    pthread_mutex_lock(&writer->lock);
    writer->closing = true;
    writer->closing_until = now_milliseconds() + patience;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    pthread_mutex_destroy(&writer->lock);
    pthread_cond_destroy(&writer->work);
    store_close(writer->store);
    size_t lost = writer->lost;
    free(writer->batch);
    free(writer);
    return lost;
}

struct ledger_writer_state ledger_writer_state(struct ledger_writer *writer)
{
    return (struct ledger_writer_state){.failing = atomic_load(&writer->failing_since) != 0,
                                        .kept = atomic_load(&writer->kept)};
}

/* --- desks --- */

enum tw_status ledger_desk_check(const struct ledger_desk *desk)
{
    struct ledger_writer *writer = desk->writer;
    int64_t since = atomic_load_explicit(&writer->failing_since, memory_order_relaxed);
    if (!since)
        return TW_OK;
    if (atomic_load_explicit(&writer->kept, memory_order_relaxed) >= LEDGER_KEPT_MAX)
        return TW_FULL;
    return now_milliseconds() - since > writer->options.patience ? TW_BUSY : TW_OK;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct ledger_desk *desk = handle->data;
    if (--desk->open_handles > 0)
        return;
    void (*closed)(void *) = desk->closed;
    void *context = desk->closed_context;
    pthread_mutex_destroy(&desk->lock);
    free(desk);
    if (closed)
        closed(context);
}

static void close_when_done(struct ledger_desk *desk)
{
    if (!desk->closing || desk->open_entries > 0 || uv_is_closing((uv_handle_t *)&desk->wake))
        return;
    uv_close((uv_handle_t *)&desk->wake, on_handle_closed);
    uv_close((uv_handle_t *)&desk->round, on_handle_closed);
}

static void on_done(uv_async_t *wake)
{
    struct ledger_desk *desk = wake->data;
    pthread_mutex_lock(&desk->lock);
    struct ledger_entry *entry = list_take_all(&desk->done);
    pthread_mutex_unlock(&desk->lock);
    while (entry) {
        struct ledger_entry *next = entry->next;
        desk->open_entries--;
        if (entry->written)
            entry->written(entry->context, entry->status);
        free(entry);
        entry = next;
    }
    close_when_done(desk);
}

enum tw_status ledger_desk_open(struct ledger_writer *writer, uv_loop_t *loop,
                                struct ledger_desk **result, struct tw_error *error)
{
    struct ledger_desk *desk = calloc(1, sizeof *desk);
    *result = NULL;
    if (!desk)
        return fail(error, TW_NO_MEMORY, "out of memory");
    desk->writer = writer;
    list_init(&desk->rows);
    list_init(&desk->orders);
    list_init(&desk->done);
    if (uv_async_init(loop, &desk->wake, on_done) != 0) {
        free(desk);
        return fail(error, TW_IO, "the ledger's thread cannot be reached");
    }
    pthread_mutex_init(&desk->lock, NULL);
    uv_prepare_init(loop, &desk->round);
    desk->round.data = desk->wake.data = desk;
    desk->open_handles = 2;
    *result = desk;
    return TW_OK;
}

void ledger_desk_close(struct ledger_desk *desk, void (*closed)(void *context), void *context)
{
    desk->closing = true;
    desk->closed = closed;
    desk->closed_context = context;
    close_when_done(desk);
}

static size_t text_bytes(const struct ledger_row *rows, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
#define LEDGER_TEXT(name, required) bytes += rows[i].name.length;
#define LEDGER_NUMBER(name, required)
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
    }
    return bytes;
}

static void copy_text(struct text *text, char **at)
{
    if (text->length)
        memcpy(*at, text->data, text->length);
    text->data = *at;
    *at += text->length;
}

/* rows may be NULL where count is 0. */
static struct ledger_entry *copy_rows(const struct ledger_row *rows, size_t count)
{
    size_t fixed = sizeof(struct ledger_entry) + count * sizeof(struct ledger_row);
    struct ledger_entry *entry = malloc(fixed + text_bytes(rows, count));
    if (!entry)
        return NULL;
    memset(entry, 0, sizeof *entry);
    char *at = (char *)entry + fixed;
    if (count)
        memcpy(entry->rows, rows, count * sizeof rows[0]);
    for (size_t i = 0; i < count; i++) {
#define LEDGER_TEXT(name, required) copy_text(&entry->rows[i].name, &at);
#define LEDGER_NUMBER(name, required)
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
    }
    entry->count = count;
    return entry;
}

/* A row that no store may hold must not make others fail that share its batch. */
static enum tw_status check_rows(const struct ledger_row *rows, size_t count,
                                 struct tw_error *error)
{
    enum tw_status status = TW_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = ledger_row_check(&rows[i], error);
    return status;
}

/* Before the loop waits for what comes next: the writer gets all that this round had for it, and is
 * woken once, where it has nothing to see to yet. */
static void on_round(uv_prepare_t *round)
{
    struct ledger_desk *desk = round->data;
    struct ledger_writer *writer = desk->writer;
    pthread_mutex_lock(&writer->lock);
    bool idle = !writer->rows.first && !writer->orders.first;
    list_add_all(&writer->rows, &desk->rows);
    list_add_all(&writer->orders, &desk->orders);
    pthread_mutex_unlock(&writer->lock);
    uv_prepare_stop(round);
    if (idle)
        pthread_cond_signal(&writer->work);
}

static void hand_in(struct ledger_desk *desk, struct ledger_entry *entry, ledger_written written,
                    void *context)
{
    entry->desk = desk;
    entry->written = written;
    entry->context = context;
    desk->open_entries++;
    list_add(entry->order ? &desk->orders : &desk->rows, entry);
    uv_prepare_start(&desk->round, on_round);
}

enum tw_status ledger_desk_settle(struct ledger_desk *desk, const struct ledger_row *rows,
                                  size_t count, int64_t reservation, ledger_written written,
                                  void *context, struct ledger_entry **result,
                                  struct tw_error *error)
{
    enum tw_status status = check_rows(rows, count, error);
    if (status)
        return status;
    struct ledger_entry *entry = copy_rows(rows, count);
    if (!entry)
        return fail(error, TW_NO_MEMORY, "out of memory");
    entry->order = NULL;
    entry->reservation = reservation;
    hand_in(desk, entry, written, context);
    if (result)
        *result = entry;
    return TW_OK;
}

enum tw_status ledger_desk_add(struct ledger_desk *desk, const struct ledger_row *rows,
                               size_t count, ledger_written written, void *context,
                               struct ledger_entry **result, struct tw_error *error)
{
    return ledger_desk_settle(desk, rows, count, 0, written, context, result, error);
}

enum tw_status ledger_desk_reserve(struct ledger_desk *desk, struct budget_order *order,
                                   ledger_written decided, void *context, struct tw_error *error)
{
    struct ledger_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return fail(error, TW_NO_MEMORY, "out of memory");
    entry->order = order;
    hand_in(desk, entry, decided, context);
    return TW_OK;
}

void ledger_entry_forget(struct ledger_entry *entry)
{
    entry->written = NULL;
}
