/* simulate/tiers.c: see tiers.h. Names are copied into the arena. */
#include "simulate/tiers.h"

#include "runtime/price.h"

static const struct {
    enum price_tier tier;
    const char *word;
} words[] = {
#define PRICE_TIER_WORD(name, word, served) {PRICE_TIER_##name, word},
#include "runtime/price.def"
#undef PRICE_TIER_WORD
};

void tiers_init(struct tiers *tiers, struct arena *arena)
{
    *tiers = (struct tiers){.arena = arena};
}

static int price_tier_of(struct text name)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (text_is(name, words[i].word))
            return (int)words[i].tier;
    return -1;
}

static int add(struct tiers *tiers, struct text name)
{
    struct tier_line *line = &tiers->lines[tiers->count];
    line->name = arena_text(tiers->arena, name);
    line->price_tier = price_tier_of(name);
    line->latency = -1;
    if (name.length && !line->name.length)
        return -1;
    return (int)tiers->count++;
}

int tiers_find(struct tiers *tiers, struct text name)
{
    for (size_t i = 0; i < tiers->count; i++)
        if (text_equal(tiers->lines[i].name, name))
            return (int)i;
    if (tiers->count == TIERS_MAX)
        return TIERS_MAX - 1;
    if (tiers->count == TIERS_MAX - 1)
        return add(tiers, TEXT("other"));
    return add(tiers, name);
}

bool tiers_same(const struct tiers *tiers, int a, int b)
{
    return a == b || (tiers->lines[a].price_tier >= 0 &&
                      tiers->lines[a].price_tier == tiers->lines[b].price_tier);
}

static int64_t own_latency(const struct tier_line *tier, enum assumption *from)
{
    *from = tier->latency >= 0 ? tier->latency_from : tier->answers ? MEASURED : ASSUMED;
    if (tier->latency >= 0)
        return tier->latency;
    return tier->answers ? (int64_t)(tier->latencies / tier->answers) : -1;
}

int64_t tiers_latency(const struct tiers *tiers, int tier, enum assumption *from)
{
    enum assumption unused;
    int64_t latency = own_latency(&tiers->lines[tier], from ? from : &unused);
    for (size_t i = 0; i < tiers->count && latency < 0; i++)
        if (tiers_same(tiers, tier, (int)i)) {
            latency = own_latency(&tiers->lines[i], &unused);
            if (from)
                *from = ASSUMED;
        }
    return latency;
}
