/* cli/bench_requests.c: see bench_requests.h. Allocates everything before anything is measured. */
#include "cli/bench_requests.h"

#include "program/lower.h"

#include <stdlib.h>
#include <string.h>

/* What making requests reads. */
struct making {
    struct bench_requests *requests;
    const struct lowered *lowered;
    struct random *random;
};

static size_t random_below(struct random *random, size_t count)
{
    return (size_t)(random_next(random) % count);
}

static int64_t random_between(struct random *random, int64_t low, int64_t high)
{
    uint64_t width = (uint64_t)high - (uint64_t)low + 1;
    uint64_t offset = width ? random_next(random) % width : random_next(random);
    return (int64_t)((uint64_t)low + offset);
}

static int64_t random_number(const struct making *making, const struct variable_classes *classes)
{
    const struct class_run *run = &classes->runs[random_below(making->random, classes->run_count)];
    return random_between(making->random, run->low, run->high);
}

static struct text random_text(const struct making *making, const struct variable_classes *classes)
{
    size_t named = classes->text_count, all = named + classes->sample_count;
    size_t index = all ? random_below(making->random, all) : 0;
    if (all == 0)
        return TEXT("");
    return index < named ? classes->texts[index] : classes->samples[index - named];
}

static void set_variable(const struct making *making, size_t row, uint32_t variable)
{
    struct bench_requests *requests = making->requests;
    const struct variable_classes *classes = &making->lowered->diagram.classes.variables[variable];
    size_t place = row * requests->width + variable;
    bool unset = classes->unset != UINT32_MAX &&
                 random_below(making->random, classes->count ? classes->count : 1) == 0;
    if (unset) {
        requests->values[place] = VALUE_UNSET;
    } else if (making->lowered->policy->variables[variable].type == TW_TYPE_STRING) {
        requests->texts[place] = random_text(making, classes);
        requests->values[place] = text_class(requests->policy, variable, requests->texts[place]);
    } else {
        requests->values[place] = random_number(making, classes);
    }
}

static void make_row(const struct making *making, size_t row)
{
    struct bench_requests *requests = making->requests;
    size_t start = row * requests->width + requests->first;
    memcpy(requests->values + start, requests->own_values + requests->first,
           requests->width * sizeof *requests->values);
    memcpy(requests->texts + start, requests->own_texts + requests->first,
           requests->width * sizeof *requests->texts);
    for (uint32_t i = 0; i < making->lowered->policy->variable_count; i++)
        if (making->lowered->diagram.classes.variables[i].used)
            set_variable(making, row, i);
}

/* From the first to the last variable that is tested; at least one. */
static void find_width(struct bench_requests *requests, const struct lowered *lowered)
{
    uint32_t count = (uint32_t)lowered->policy->variable_count, last = 0;
    requests->first = count ? count - 1 : 0;
    for (uint32_t i = 0; i < count; i++)
        if (lowered->diagram.classes.variables[i].used) {
            requests->first = i < requests->first ? i : requests->first;
            last = i;
        }
    requests->width = last >= requests->first ? last - requests->first + 1 : 1;
}

static enum tw_status allocate(struct bench_requests *requests)
{
    size_t places = requests->count * requests->width + requests->policy->count_VARIABLES;
    enum tw_status status = tw_request_new(requests->policy, &requests->request);
    if (status != TW_OK)
        return status;
    requests->own_values = requests->request->values;
    requests->own_texts = requests->request->texts;
    requests->values = calloc(places, sizeof *requests->values);
    requests->texts = calloc(places, sizeof *requests->texts);
    return requests->values && requests->texts ? TW_OK : TW_NO_MEMORY;
}

enum tw_status bench_requests_make(struct bench_requests *requests, struct front *front,
                                   const tw_policy *policy, size_t count, struct random *random)
{
    struct lowered lowered;
    *requests = (struct bench_requests){.policy = policy, .count = count};
    enum tw_status status = lower_policy(&lowered, &front->arena, &front->policy, ANY_PLAN);
    if (status == TW_OK) {
        find_width(requests, &lowered);
        status = allocate(requests);
    }
    const struct making making = {requests, &lowered, random};
    for (size_t i = 0; i < count && status == TW_OK; i++)
        make_row(&making, i);
    lowered_free(&lowered);
    return status;
}

void bench_requests_free(struct bench_requests *requests)
{
    free(requests->values);
    free(requests->texts);
    tw_request_free(requests->request);
}

/* The request as it was, so that it can be freed. */
static void put_back(struct bench_requests *requests)
{
    requests->request->values = requests->own_values;
    requests->request->texts = requests->own_texts;
}

static inline void show_row(struct bench_requests *requests, size_t row)
{
    requests->request->values = requests->values + row * requests->width;
    requests->request->texts = requests->texts + row * requests->width;
}

uint64_t bench_requests_decide(struct bench_requests *requests, uint64_t *decided)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < requests->count; i++) {
        show_row(requests, i);
        uint32_t rule = tw_decide(requests->policy, requests->request);
        sum += rule * (uint64_t)(i + 1);
        if (decided)
            decided[rule]++;
    }
    put_back(requests);
    return sum;
}

uint64_t bench_requests_decide_texts(struct bench_requests *requests)
{
    const tw_policy *policy = requests->policy;
    uint64_t sum = 0;
    for (size_t i = 0; i < requests->count; i++) {
        show_row(requests, i);
        for (size_t a = 0; a < policy->count_ATTRIBUTES; a++) {
            uint32_t variable = policy->section_ATTRIBUTES[a].variable;
            if (policy->attributes[a].type == TW_TYPE_STRING && policy->attributes[a].needed &&
                requests->request->values[variable] != VALUE_UNSET)
                tw_request_set_text(requests->request, a, requests->request->texts[variable].data,
                                    requests->request->texts[variable].length);
        }
        sum += tw_decide(policy, requests->request) * (uint64_t)(i + 1);
    }
    put_back(requests);
    return sum;
}
