/* queue/pace.c: see pace.h. Allocates nothing and cannot fail. */
#include "queue/pace.h"

static struct pace *find(struct paces *paces, struct text tier)
{
    uint64_t key = text_hash(tier, 0) | 1;
    size_t at = 0;
    while (at + 1 < PACE_TIERS && paces->rows[at].key && paces->rows[at].key != key)
        at++;
    struct pace *pace = &paces->rows[at];
    if (!pace->key)
        *pace =
            (struct pace){.key = key, .limit = paces->concurrency * INT64_C(1000), .cut_at = -1};
    return pace;
}

bool pace_begin(struct paces *paces, struct text tier)
{
    struct pace *pace = find(paces, tier);
    if (pace->running * INT64_C(1000) >= pace->limit)
        return false;
    pace->running++;
    return true;
}

void pace_end(struct paces *paces, struct text tier, enum pace_end end, int64_t begun, int64_t now)
{
    struct pace *pace = find(paces, tier);
    int64_t most = paces->concurrency * INT64_C(1000);
    pace->running -= pace->running > 0;
    if (end == PACE_ANSWERED) {
        pace->limit += INT64_C(1000000) / pace->limit;
        pace->limit = pace->limit < most ? pace->limit : most;
    } else if (end == PACE_REFUSED && begun > pace->cut_at) {
        pace->limit = pace->limit / 2 > 1000 ? pace->limit / 2 : 1000;
        pace->cut_at = now;
    }
}
