/* tests/bench/bench_price.c: what pricing one answer costs with the built-in table of OpenAI.
 *
 * Answers name a model of the table, exactly or as a dated snapshot, and the tier that served; some
 * are over a long-context threshold. "Split" is the same in two steps, with the rates of each model
 * and tier looked up beforehand, as simulate does for the lines of a log. */
#include "bench.h"
#include "runtime/price.h"

#include <stdlib.h>

enum { ANSWERS = 4096, NAME_MAX_BYTES = 64 };

struct answer {
    char name[NAME_MAX_BYTES];
    struct price_question question;
    struct token_usage usage;
    struct price_terms terms;
};

struct answers {
    struct price_table *table;
    struct answer *items;
};

static void name_answer(struct answer *answer, const struct price_row *row, bool dated)
{
    int length = snprintf(answer->name, sizeof answer->name, dated ? "%.*s-2026-03-05" : "%.*s",
                          TEXT_ARGUMENTS(row->model));
    answer->question.model = (struct text){answer->name, (size_t)length};
}

/* Only answers that have a price: what has none is looked for in vain, and costs less. */
static void make_answer(struct answer *answer, const struct price_table *table,
                        struct random *random, bool dated)
{
    static const char *const tiers[] = {"default", "flex", "priority", "batch"};
    struct price_quote quote;
    do {
        const struct price_row *row = &table->rows[random_below(random, (int32_t)table->count)];
        name_answer(answer, row, dated);
        answer->question.tier = text_of(tiers[random_below(random, 4)]);
        answer->question.provider = TEXT("openai");
        answer->question.instant = 1790000000000 + random_below(random, 1000000);
        answer->usage.input = 1 + random_below(random, 300000);
        answer->usage.cached = random_below(random, 2) ? answer->usage.input / 2 : 0;
        answer->usage.cache_write = 0;
        answer->usage.output = random_below(random, 4000);
        answer->usage.reasoning = 0;
    } while (price_usage(table, &answer->question, &answer->usage, &quote, NULL) != TW_OK);
    if (price_terms_find(table, &answer->question, &answer->terms, NULL) != TW_OK)
        bench_trouble("%s has a price and no terms", answer->name);
}

static uint64_t price_whole(const void *context)
{
    const struct answers *answers = context;
    struct price_quote quote;
    uint64_t sum = 0;
    for (size_t i = 0; i < ANSWERS; i++) {
        const struct answer *answer = &answers->items[i];
        if (price_usage(answers->table, &answer->question, &answer->usage, &quote, NULL) == TW_OK)
            sum += (uint64_t)quote.cost * (i + 1);
    }
    return sum;
}

static uint64_t price_split(const void *context)
{
    const struct answers *answers = context;
    struct price_quote quote;
    uint64_t sum = 0;
    for (size_t i = 0; i < ANSWERS; i++) {
        const struct answer *answer = &answers->items[i];
        if (price_terms_apply(&answer->terms, &answer->usage, &quote, NULL) == TW_OK)
            sum += (uint64_t)quote.cost * (i + 1);
    }
    return sum;
}

static void compare(struct bench *bench, const char *name, bool dated)
{
    struct random random = {11};
    struct answers answers = {.items = bench_memory(ANSWERS, sizeof(struct answer))};
    if (price_table_builtin(TEXT("openai"), &answers.table, NULL) != TW_OK)
        bench_trouble("there is no table of OpenAI");
    for (size_t i = 0; i < ANSWERS; i++)
        make_answer(&answers.items[i], answers.table, &random, dated);
    const struct subject subject = {
        .name = name, .rules = (uint32_t)answers.table->count, .requests = ANSWERS};
    struct way ways[] = {{"model, tier and tokens", price_whole, &answers, ANSWERS, 0, 0},
                         {"split: tokens alone", price_split, &answers, ANSWERS, 0, 0}};
    bench_table(bench, &subject, ways, sizeof ways / sizeof ways[0], 0);
    price_table_free(answers.table);
    free(answers.items);
}

int main(int argc, char **argv)
{
    struct bench bench;
    bench_options(&bench, argc, argv);
    compare(&bench, "pricing, exact names", false);
    compare(&bench, "pricing, dated snapshots", true);
    bench_end(&bench);
    return 0;
}
