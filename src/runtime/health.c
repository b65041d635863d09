/* runtime/health.c: see health.h. Buckets of a ring are used again once their time has passed; the
 * one that writes puts a bucket to 0 before it gives it its new number. */
#include "runtime/health.h"

#include "base/value.h"

#define LOAD(place) __atomic_load_n(place, __ATOMIC_RELAXED)
#define STORE(place, value) __atomic_store_n(place, value, __ATOMIC_RELAXED)

static uint64_t key_of(struct text tier)
{
    uint64_t hash = text_hash(tier, 0);
    return hash ? hash : 1;
}

static struct health_tier *tier_of(struct health *health, uint64_t key)
{
    for (size_t i = 0; i < HEALTH_TIERS; i++) {
        uint64_t found = LOAD(&health->tiers[i].key);
        if (found == 0)
            STORE(&health->tiers[i].key, key);
        if (found == 0 || found == key)
            return &health->tiers[i];
    }
    return NULL;
}

void health_note(struct health *health, struct text tier, bool refused, int64_t instant)
{
    struct health_tier *row = tier_of(health, key_of(tier));
    int64_t number = instant / HEALTH_BUCKET;
    if (!row || instant < 0)
        return;
    struct health_bucket *bucket = &row->buckets[number % HEALTH_BUCKETS];
    if (bucket->number != number) {
        STORE(&bucket->attempts, 0);
        STORE(&bucket->refused, 0);
        STORE(&bucket->number, number);
    }
    STORE(&bucket->attempts, bucket->attempts + 1);
    STORE(&bucket->refused, bucket->refused + refused);
}

/* What was counted lately of one tier. */
struct lately {
    uint64_t attempts, refused;
};

static void add_buckets(const struct health_tier *tier, int64_t newest, struct lately *lately)
{
    for (size_t i = 0; i < HEALTH_BUCKETS; i++) {
        const struct health_bucket *bucket = &tier->buckets[i];
        int64_t number = LOAD(&bucket->number);
        if (number > newest || number <= newest - HEALTH_BUCKETS)
            continue;
        lately->attempts += LOAD(&bucket->attempts);
        lately->refused += LOAD(&bucket->refused);
    }
}

static void add_tier(const struct health *health, uint64_t key, int64_t newest,
                     struct lately *lately)
{
    for (size_t i = 0; i < HEALTH_TIERS; i++) {
        uint64_t found = LOAD(&health->tiers[i].key);
        if (found == key)
            add_buckets(&health->tiers[i], newest, lately);
        if (found == key || found == 0)
            return;
    }
}

int64_t health_refused(struct health *const *all, size_t count, struct text tier, int64_t instant)
{
    struct lately lately = {0, 0};
    for (size_t i = 0; i < count; i++)
        add_tier(all[i], key_of(tier), instant / HEALTH_BUCKET, &lately);
    /* One that is being noted may be seen as refused before it is seen as an attempt. */
    uint64_t refused = lately.refused < lately.attempts ? lately.refused : lately.attempts;
    return lately.attempts ? (int64_t)(refused * PERCENT_ALL / lately.attempts) : 0;
}
