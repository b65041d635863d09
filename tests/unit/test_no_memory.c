/* What happens when memory is out: for each of the library's parts the n-th allocation fails, for
 * n = 1, 2, ... until a run needs no n-th. Each run says TW_NO_MEMORY or, where it could do
 * without, TW_OK; and in the end as much is allocated as before. The linker puts the functions
 * below in the place of malloc and its like (tests/CMakeLists.txt). */
#include "unit.h"

#include "author/lint.h"
#include "front/format.h"
#include "program/compile.h"
#include "program/run/program.h"
#include "runtime/body.h"
#include "runtime/price.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
    long until_failure; /* allocations; 0: none fails */
    bool failed;
    long live;
} memory;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

static bool fails(void)
{
    if (memory.until_failure == 0 || --memory.until_failure > 0)
        return false;
    memory.failed = true;
    return true;
}

static void *count_live(void *made)
{
    memory.live += made != NULL;
    return made;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : count_live(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : count_live(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (fails())
        return NULL;
    void *made = __real_realloc(old, size);
    memory.live += made != NULL && old == NULL;
    return made;
}

void __wrap_free(void *old)
{
    memory.live -= old != NULL;
    __real_free(old);
}

static const char everything[] =
    "edition 1\n"
    "timezone \"UTC\"\n"
    "attribute team : string = \"none\" from header \"x-team\"\n"
    "attribute plan : enum {free, pro} from body \"/metadata/plan\"\n"
    "attribute wish : tier = flex\n"
    "budget daily $100 per day by team\n"
    "let many = 5k\n"
    "let nights = {mon..thu 22:00..06:00, sat, sun}\n"
    "let quiet = now in nights and not stream\n"
    "first: when team in {\"a\", \"na\xc3\xafve\"} and user like \"x*?\" -> wish retry 3 else "
    "default\n"
    "when quiet and (daily.used > 90% or daily.left <= $3) -> reject \"spent\"\n"
    "when tokens in {1..5, 7, 1_000..many} and deadline >= 1h30m -> flex timeout 15m else auto\n"
    "when plan != pro and hour in 22..6 and priority == low -> flex strict\n"
    "otherwise -> auto\n"
    "never flex when priority == critical and batch_mode\n"
    "expect auto by otherwise when tokens = 6, now = 2026-03-08T02:30:00-05:00\n"
    "# lint: allow unused-let kept for later\n"
    "let unused = 5\n";

/* Runs a scenario with each allocation failing once. */
static void fail_each(enum tw_status (*scenario)(void))
{
    CU_ASSERT_EQUAL(scenario(), TW_OK); /* whatever the system keeps for good is allocated now */
    long before = memory.live, runs = 0;
    for (memory.failed = true; memory.failed; runs++) {
        memory.failed = false;
        memory.until_failure = runs + 1;
        enum tw_status status = scenario();
        memory.until_failure = 0;
        if (status != TW_OK && (status != TW_NO_MEMORY || !memory.failed)) {
            printf("\nallocation %ld: %s\n", runs + 1, tw_status_text(status));
            CU_FAIL_FATAL("another result than TW_OK or TW_NO_MEMORY");
        }
        if (memory.live != before) {
            printf("\nallocation %ld: %ld blocks left\n", runs + 1, memory.live - before);
            CU_FAIL_FATAL("memory is lost");
        }
    }
    CU_ASSERT(runs > 1);
}

static enum tw_status compile_everything(tw_policy **policy)
{
    tw_diagnostics *diagnostics;
    enum tw_status status =
        tw_policy_compile("all.tier", everything, sizeof everything - 1, policy, &diagnostics);
    CU_ASSERT(status != TW_NO_MEMORY || !diagnostics);
    CU_ASSERT((status == TW_OK) == (*policy != NULL));
    tw_diagnostics_free(diagnostics);
    return status;
}

static enum tw_status compile(void)
{
    tw_policy *policy;
    enum tw_status status = compile_everything(&policy);
    tw_policy_free(policy);
    return status;
}

static void test_compile(void)
{
    fail_each(compile);
}

static enum tw_status compile_mistakes(void)
{
    static const char text[] =
        "let a = b and c let b = a\nwhen tokns > 5% -> flx\nexpect auto by x "
        "when user = 5, hour = 3, time = 2:00\ninclude \"nothing.tier\"\n";
    tw_policy *policy;
    tw_diagnostics *diagnostics;
    enum tw_status status =
        tw_policy_compile("mistakes.tier", text, sizeof text - 1, &policy, &diagnostics);
    tw_diagnostics_free(diagnostics);
    CU_ASSERT_PTR_NULL(policy);
    return status == TW_REFUSED ? TW_OK : status;
}

static void test_compile_mistakes(void)
{
    fail_each(compile_mistakes);
}

/* Made once, outside the runs. */
static tw_policy *shared_policy;

static enum tw_status load(void)
{
    size_t length;
    const void *image = tw_policy_image(shared_policy, &length);
    tw_policy *policy;
    struct tw_error error = {0};
    enum tw_status status = tw_policy_load(image, length, &policy, &error);
    CU_ASSERT_EQUAL(error.code, status);
    tw_policy_free(policy);
    return status;
}

static enum tw_status use_request(void)
{
    static const char *const given[][2] = {{"team", "a"},       {"user", "someone"},
                                           {"tokens", "5k"},    {"now", "2026-03-08T02:30:00Z"},
                                           {"priority", "low"}, {"daily.spent", "$5"}};
    tw_request *request;
    struct tw_error error = {0};
    struct buffer out;
    buffer_init(&out, 1000);
    enum tw_status status = tw_request_new(shared_policy, &request);
    CU_ASSERT((status == TW_OK) == (request != NULL));
    for (size_t i = 0; status == TW_OK && i < sizeof given / sizeof given[0]; i++)
        status = tw_request_set(request, given[i][0], given[i][1], &error);
    if (status == TW_OK) {
        CU_ASSERT_EQUAL(tw_decide(shared_policy, request), 4);
        request_print(request, tw_policy_find_attribute(shared_policy, "user"), &out);
        status = out.status;
    }
    buffer_free(&out);
    tw_request_free(request);
    return status;
}

static void with_policy(enum tw_status (*scenario)(void))
{
    CU_ASSERT_EQUAL_FATAL(compile_everything(&shared_policy), TW_OK);
    fail_each(scenario);
    tw_policy_free(shared_policy);
    shared_policy = NULL;
}

static void test_load(void)
{
    with_policy(load);
}

static void test_request(void)
{
    with_policy(use_request);
}

static enum tw_status lint(void)
{
    struct front front;
    struct buffer out;
    buffer_init(&out, 1 << 20);
    enum tw_status status =
        front_read(&front, TEXT("all.tier"), text_of(everything), &read_from_disk);
    if (status == TW_OK)
        status = lint_policy(&front, 1767225600000, NULL);
    for (size_t i = 0; status == TW_OK && i < front.findings.count; i++)
        finding_print(&front.findings, &front.findings.items[i], true, &out);
    status = status ? status : out.status;
    buffer_free(&out);
    front_free(&front);
    return status;
}

static void test_lint(void)
{
    fail_each(lint);
}

static enum tw_status format(void)
{
    struct arena arena;
    struct sources sources = {.arena = &arena};
    struct findings findings = {.sources = &sources, .arena = &arena};
    struct buffer out;
    arena_init(&arena, 1 << 24);
    buffer_init(&out, 1 << 20);
    enum tw_status status =
        format_policy(TEXT("all.tier"), text_of(everything), &findings, &out, NULL);
    buffer_free(&out);
    arena_free(&arena);
    return status;
}

static void test_format(void)
{
    fail_each(format);
}

static enum tw_status splice(void)
{
    static const char document[] = "{\"model\": \"gpt-4o\", \"stream\": true, \"messages\": "
                                   "[{\"role\": \"user\", \"content\": \"h\\u00e9\"}]}";
    struct text tier = TEXT("flex");
    struct body body;
    struct buffer out;
    buffer_init(&out, 1000);
    enum tw_status status = body_scan(text_of(document), &body, NULL);
    if (status == TW_OK)
        status = body_splice(&body, &tier, true, &out);
    buffer_free(&out);
    return status;
}

static void test_splice(void)
{
    fail_each(splice);
}

static enum tw_status price(void)
{
    struct price_table *table;
    struct price_quote quote;
    struct token_usage usage = {1000, 100, -1, 50, -1};
    struct tw_error error = {0};
    enum tw_status status = price_table_builtin(TEXT("openai"), &table, &error);
    if (status == TW_OK && table->count > 0)
        price_usage(table,
                    &(struct price_question){.model = table->rows[0].model, .tier = TEXT("flex")},
                    &usage, &quote, &error);
    CU_ASSERT((status == TW_OK) == (table != NULL));
    price_table_free(table);
    return status;
}

static void test_price(void)
{
    fail_each(price);
}

static enum tw_status count_row(void *context, const struct ledger_row *row)
{
    (void)row;
    ++*(int *)context;
    return TW_OK;
}

static enum tw_status count_group(void *context, const struct ledger_group *group)
{
    *(int64_t *)context += group->attempts;
    return TW_OK;
}

static enum tw_status keep(struct store *store)
{
    struct ledger_row rows[20];
    int count = 0;
    int64_t attempts = 0;
    for (size_t i = 0; i < 20; i++) {
        ledger_row_init(&rows[i]);
#define LEDGER_TEXT(name, required) rows[i].name = (required) ? TEXT("x") : TEXT("");
#define LEDGER_NUMBER(name, required)
#include "store/ledger.def"
#undef LEDGER_TEXT
#undef LEDGER_NUMBER
    }
    enum tw_status status = ledger_append(store, rows, 20, NULL);
    if (status == TW_OK)
        status = ledger_each(store, LEDGER_ALL, count_row, &count, NULL);
    if (status == TW_OK)
        status = ledger_groups(store, LEDGER_ALL, count_group, &attempts, NULL);
    CU_ASSERT(status != TW_OK || (count == 20 && attempts == 20));
    return status;
}

static enum tw_status store(void)
{
    struct store *opened;
    enum tw_status status = store_open("memory:", &STORE_DEFAULTS, &opened, NULL);
    CU_ASSERT((status == TW_OK) == (opened != NULL));
    if (status == TW_OK)
        status = keep(opened);
    store_close(opened);
    return status;
}

static void test_store(void)
{
    fail_each(store);
}

UNIT_TESTS({"compile", test_compile}, {"compile mistakes", test_compile_mistakes},
           {"load", test_load}, {"request", test_request}, {"lint", test_lint},
           {"format", test_format}, {"splice", test_splice}, {"price", test_price},
           {"store", test_store})
