/* queue/allowance.c: see allowance.h. Allocates nothing and cannot fail. */
#include "queue/allowance.h"

/* FNV-1a; never 0. */
static uint64_t key_of(struct text model)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < model.length; i++)
        hash = (hash ^ (unsigned char)model.data[i]) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

static struct allowance *find(struct allowances *allowances, struct text model)
{
    uint64_t key = key_of(model);
    struct allowance *oldest = &allowances->rows[0], *row = NULL;
    for (size_t i = 0; i < ALLOWANCE_MODELS && !row; i++) {
        struct allowance *at = &allowances->rows[i];
        row = at->key == key ? at : NULL;
        oldest = at->used < oldest->used ? at : oldest;
    }
    if (!row) {
        row = oldest;
        *row = (struct allowance){.key = key, .requests.limit = -1, .tokens.limit = -1};
    }
    row->used = ++allowances->uses;
    return row;
}

/* Milliseconds until so many more may be sent. One that is larger than all that there ever is may
 * be sent alone: the provider has the last word on it. */
static int64_t wait_for(struct allowance_part *part, int64_t wanted, int64_t now)
{
    if (part->reset && now >= part->reset) {
        part->reset = 0;
        part->left = part->limit - part->under_way;
    }
    if (part->limit >= 0 && wanted > part->limit)
        wanted = part->limit;
    bool unbounded = !part->reset && part->limit < 0;
    if (unbounded || part->left >= wanted)
        return 0;
    /* All of the limit is under way: the next answer tells more. */
    return part->reset ? part->reset - now : 100;
}

int64_t allowance_ask(struct allowances *allowances, struct text model, int64_t tokens, int64_t now)
{
    struct allowance *row = find(allowances, model);
    if (now < row->blocked)
        return row->blocked - now;
    int64_t requests = wait_for(&row->requests, 1, now),
            of_tokens = wait_for(&row->tokens, tokens, now);
    if (requests || of_tokens)
        return requests > of_tokens ? requests : of_tokens;
    row->requests.left -= 1;
    row->requests.under_way += 1;
    row->tokens.left -= tokens;
    row->tokens.under_way += tokens;
    return 0;
}

static int64_t at_least_0(int64_t number)
{
    return number > 0 ? number : 0;
}

static void take_in(struct allowance_part *part, int64_t ended, const struct rate_limit *said,
                    int64_t now)
{
    part->under_way = at_least_0(part->under_way - ended);
    if (said->limit > 0)
        part->limit = said->limit;
    if (said->remaining < 0 || said->reset < 0) {
        part->left = part->reset ? part->left : part->limit - part->under_way;
        return;
    }
    int64_t left = at_least_0(said->remaining - part->under_way);
    bool same = part->reset > now;
    part->left = same && part->left < left ? part->left : left;
    part->reset = now + said->reset;
}

void allowance_answer(struct allowances *allowances, struct text model, int64_t tokens,
                      const struct rate_limits *limits, int64_t now)
{
    struct allowance *row = find(allowances, model);
    take_in(&row->requests, 1, &limits->requests, now);
    take_in(&row->tokens, tokens, &limits->tokens, now);
}

void allowance_block(struct allowances *allowances, struct text model, int64_t milliseconds,
                     int64_t now)
{
    struct allowance *row = find(allowances, model);
    if (now + milliseconds > row->blocked)
        row->blocked = now + milliseconds;
}
