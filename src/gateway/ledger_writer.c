/* gateway/ledger_writer.c: see ledger_writer.h.
 *
 * An entry belongs to its desk's thread until it is handed in, to the writer's thread until it is
 * written, then to its desk's thread again, which frees it. Only `written` and `context` stay with
 * the desk's thread all the time. A batch that cannot be written fails for all its entries. */
#include "gateway/ledger_writer.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
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
    struct entry_list rows, orders; /* that wait; under the lock, as is `closing` */
    bool closing;
    struct batch *batch;
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

struct work {
    struct ledger_entry *rows, *orders; /* both NULL when the writer closes and none is left */
};

static struct work wait_for_work(struct ledger_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    while (!writer->rows.first && !writer->orders.first && !writer->closing)
        pthread_cond_wait(&writer->work, &writer->lock);
    struct work work = {list_take_all(&writer->rows), list_take_all(&writer->orders)};
    pthread_mutex_unlock(&writer->lock);
    return work;
}

static struct ledger_entry *set_status(struct ledger_entry *entries, struct ledger_entry *end,
                                       enum tw_status status)
{
    for (struct ledger_entry *entry = entries; entry != end; entry = entry->next)
        entry->status = status;
    return end;
}

/* Both below take as many entries as a batch holds, at least one, and give the first one left. */

static struct ledger_entry *write_rows(struct ledger_writer *writer, struct ledger_entry *entries)
{
    struct batch *batch = writer->batch;
    struct ledger_entry *end = entries;
    size_t count = 0, taken = 0;
    for (; end && taken < BATCH_ENTRIES && count + end->count <= BATCH_ROWS; end = end->next) {
        memcpy(batch->rows + count, end->rows, end->count * sizeof end->rows[0]);
        batch->reservations[taken++] = end->reservation;
        count += end->count;
    }
    if (taken)
        return set_status(
            entries, end,
            ledger_settle(writer->store, batch->rows, count, batch->reservations, taken, NULL));
    return set_status(
        end, end->next,
        ledger_settle(writer->store, end->rows, end->count, &end->reservation, 1, NULL));
}

static struct ledger_entry *take_orders(struct ledger_writer *writer, struct ledger_entry *entries)
{
    struct ledger_entry *end = entries;
    size_t taken = 0;
    for (; end && taken < BATCH_ENTRIES; end = end->next)
        writer->batch->orders[taken++] = end->order;
    return set_status(entries, end,
                      budget_reserve(writer->store, writer->batch->orders, taken, NULL));
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
 * once for all of them. */
static void give_back_all(struct ledger_entry *entries, const struct ledger_entry *end)
{
    while (entries != end) {
        struct ledger_desk *desk = entries->desk;
        struct entry_list list;
        list_init(&list);
        while (entries != end && entries->desk == desk) {
            struct ledger_entry *next = entries->next;
            list_add(&list, entries);
            entries = next;
        }
        give_back(desk, &list);
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

static void do_all(struct ledger_writer *writer, struct ledger_entry *entries,
                   struct ledger_entry *(*do_some)(struct ledger_writer *, struct ledger_entry *))
{
    while (entries) {
        struct ledger_entry *rest = do_some(writer, entries);
        give_back_all(entries, rest);
        entries = rest;
    }
}

/* Rows first: what they settle leaves room for the orders. */
static void *run(void *context)
{
    struct ledger_writer *writer = context;
    for (;;) {
        struct work work = wait_for_work(writer);
        if (!work.rows && !work.orders)
            return NULL;
        int64_t begun = clock_monotonic();
        bool together = work.rows && work.rows->next;
        do_all(writer, work.rows, write_rows);
        do_all(writer, work.orders, take_orders);
        if (together)
            wait_for_more(begun);
    }
}

enum tw_status ledger_writer_open(struct store *store, struct ledger_writer **result,
                                  struct tw_error *error)
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
    list_init(&writer->rows);
    list_init(&writer->orders);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->work, NULL);
    if (pthread_create(&writer->thread, NULL, run, writer) != 0) {
        store_close(store);
        free(batch);
        free(writer);
        return fail(error, TW_IO, "the ledger's thread cannot be started");
    }
    *result = writer;
    return TW_OK;
}

void ledger_writer_close(struct ledger_writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->closing = true;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    pthread_mutex_destroy(&writer->lock);
    pthread_cond_destroy(&writer->work);
    store_close(writer->store);
    free(writer->batch);
    free(writer);
}

/* --- desks --- */

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
