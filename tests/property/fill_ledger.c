/* Fills a ledger with rows of random answers, priced as the gateway prices them, for ledger.py.
 *
 * fill_ledger STORE PRICE_FILE ROWS SEED */
#include "program/compile.h"
#include "runtime/account.h"
#include "runtime/budget.h"
#include "runtime/retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 500 };

static const char policy_text[] = "timezone \"Europe/Berlin\"\n"
                                  "attribute team: string from header \"x-team\"\n"
                                  "when team == \"x\" -> flex else default\n"
                                  "otherwise -> default\n";

static uint64_t below(struct random *random, uint64_t bound)
{
    return random_next(random) % bound;
}

static const char *pick(struct random *random, const char *const *words, size_t count)
{
    return words[below(random, count)];
}
#define PICK(random, ...)                                                                          \
    pick(random, (const char *const[]){__VA_ARGS__},                                               \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static struct token_usage random_usage(struct random *random)
{
    int64_t input = (int64_t)below(random, below(random, 10) ? 20000 : 2000000);
    int64_t cached = below(random, 3) ? -1 : (int64_t)below(random, (uint64_t)input + 1);
    int64_t left = input - (cached > 0 ? cached : 0);
    int64_t written = below(random, 5) ? -1 : (int64_t)below(random, (uint64_t)left + 1);
    return (struct token_usage){input, cached, written, (int64_t)below(random, 100000), -1};
}

static void fill_row(struct account *account, struct random *random, struct arena *arena,
                     struct attempt *attempt, struct ledger_row *row)
{
    bool answered = below(random, 8) > 0;
    int64_t instant = 1767225600000 + (int64_t)below(random, (uint64_t)40 * 86400000);
    account->model = text_of(PICK(random, "plain", "cached", "long", "cheap", "unknown"));
    account->user = text_of(PICK(random, "", "ann", "bob", "eve"));
    account->rule = text_of(PICK(random, "line 3", "otherwise", "a \\\"rule\\\""));
    account->attributes = text_of(PICK(random, "", "{\"team\":\"x\"}", "{\"team\":\"y\"}"));
    account->chosen_tier = text_of(PICK(random, "flex", "default"));
    attempt_begin(attempt, instant, false, NULL, NULL);
    attempt->http_status = answered ? 200 : 429;
    if (answered) {
        attempt->answer.begun = true;
        attempt->answer.usage = random_usage(random);
        buffer_string(&attempt->answer.served_tier,
                      PICK(random, "default", "flex", "priority", "fast", "", "auto"));
    }
    account_row(account, instant, row);
    account_answer(account, attempt, answered ? MEANING_SERVED : MEANING_REFUSED, true, arena, row);
    row->attempt = 1;
    row->attempted_tier = text_of(PICK(random, "flex", "default"));
    row->delay_added = below(random, 3) ? 0 : (int64_t)below(random, 5000);
}

static enum tw_status fill(struct store *store, struct account *account, int64_t rows,
                           struct random *random, struct tw_error *error)
{
    static struct ledger_row batch[BATCH];
    enum tw_status status = TW_OK;
    struct attempt attempt;
    attempt_init(&attempt);
    while (rows > 0 && status == TW_OK) {
        size_t count = rows < BATCH ? (size_t)rows : BATCH;
        struct arena arena;
        arena_init(&arena, 1 << 20);
        for (size_t i = 0; i < count; i++)
            fill_row(account, random, &arena, &attempt, &batch[i]);
        status = ledger_append(store, batch, count, error);
        arena_free(&arena);
        rows -= (int64_t)count;
    }
    attempt_free(&attempt);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    const struct store_options options = STORE_DEFAULTS;
    struct random random = {strtoull(argv[4], NULL, 10)};
    struct tw_error error = {.message = ""};
    struct price_table *prices = NULL;
    struct store *store = NULL;
    struct zone *zone = NULL;
    tw_policy *policy = NULL;
    enum tw_status status =
        tw_policy_compile("fill", policy_text, sizeof policy_text - 1, &policy, NULL);
    if (status == TW_OK)
        status = price_table_open(argv[2], &prices, &error);
    if (status == TW_OK)
        status = zone_open(TEXT("Europe/Berlin"), &zone);
    if (status == TW_OK)
        status = store_open(argv[1], &options, &store, &error);
    struct account account = {.policy = policy,
                              .provider = provider_find(TEXT("openai")),
                              .prices = prices,
                              .zone = zone,
                              .price_table = TEXT("test"),
                              .request_id = TEXT("request")};
    if (status == TW_OK)
        status = fill(store, &account, atoll(argv[3]), &random, &error);
    if (status != TW_OK)
        fprintf(stderr, "%s\n", error.message);
    store_close(store);
    zone_free(zone);
    price_table_free(prices);
    tw_policy_free(policy);
    return status != TW_OK;
}
