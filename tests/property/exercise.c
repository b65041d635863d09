/* tests/property/exercise.c: see exercise.h. */
#include "exercise.h"

#include "program/compile.h"
#include "program/run/verify.h"

#include <stdlib.h>
#include <string.h>

static size_t lengths(const char *const *texts, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += strlen(texts[i]);
    return sum;
}

/* Reads every string to its end, so that one without an end is found. */
static size_t read_descriptions(const tw_policy *policy)
{
    size_t sum = strlen(tw_policy_hash(policy)) + strlen(tw_policy_timezone(policy)) +
                 strlen(tw_policy_provider(policy));
    struct tw_attribute attribute;
    struct tw_rule rule;
    for (size_t i = 0; i < tw_policy_tier_count(policy); i++)
        sum += strlen(tw_policy_tier(policy, i));
    for (size_t i = 0; tw_policy_attribute(policy, i, &attribute); i++) {
        sum += strlen(attribute.name) + strlen(attribute.source) + strlen(attribute.default_text);
        sum += lengths(attribute.words, attribute.word_count);
        sum += attribute.word_count && attribute.has_default
                   ? strlen(attribute.words[attribute.default_value])
                   : 0;
    }
    for (uint32_t i = 0; tw_policy_rule(policy, i, &rule); i++)
        sum += strlen(rule.name) + strlen(rule.label) + strlen(rule.file);
    return sum;
}

static bool read_actions(const tw_policy *policy, const tw_request *request)
{
    struct tw_action action;
    for (uint32_t i = 0; i <= tw_policy_rule_count(policy); i++) {
        if (!tw_policy_action(policy, request, i, &action) || action.step_count > TW_MAX_STEPS ||
            (action.step_count == 0 && !action.reject))
            return false;
        for (size_t step = 0; step < action.step_count; step++)
            if (action.steps[step].tier >= tw_policy_tier_count(policy) ||
                strlen(action.steps[step].name) > tw_policy_attribute_count(policy) + (64 << 20))
                return false;
    }
    return true;
}

static int64_t draw_number(struct random *random)
{
    static const int64_t numbers[] = {0,    1,       -1,        2,         23,
                                      3600, 1000000, INT64_MIN, INT64_MAX, INT64_MIN + 1};
    return random_chance(random, 20) ? (int64_t)random_next(random)
                                     : numbers[random_below(random, 10)];
}

static void set_attribute(tw_request *request, size_t index, struct random *random)
{
    static const char *const texts[] = {"",   "low",  "5k",  "$3",  "23:59",
                                        "ab", "\xff", "mon", "flex"};
    const char *text = texts[random_below(random, sizeof texts / sizeof texts[0])];
    struct tw_attribute attribute;
    tw_policy_attribute(request->policy, index, &attribute);
    if (random_chance(random, 30))
        tw_request_set(request, attribute.name, text, NULL);
    else if (attribute.type == TW_TYPE_STRING)
        tw_request_set_text(request, index, text, strlen(text));
    else
        tw_request_set_number(request, index, draw_number(random));
}

static void set_request(tw_request *request, struct random *random)
{
    tw_request_clear(request);
    if (random_chance(random, 50))
        tw_request_set_instant(request, (int64_t)(random_next(random) % 253402300799999));
    for (size_t i = 0; i < tw_policy_attribute_count(request->policy); i++)
        if (random_chance(random, 50))
            set_attribute(request, i, random);
}

bool exercise_policy(const tw_policy *policy, struct random *random, int requests)
{
    tw_request *request;
    struct buffer out;
    if (read_descriptions(policy) == 0 || tw_request_new(policy, &request))
        return false;
    bool good = read_actions(policy, NULL) && read_actions(policy, request);
    buffer_init(&out, 1 << 22);
    for (int i = 0; i < requests && good; i++) {
        set_request(request, random);
        good = tw_decide(policy, request) <= tw_policy_rule_count(policy) &&
               read_actions(policy, request);
        for (size_t at = 0; at < tw_policy_attribute_count(policy); at++)
            request_print(request, (int)at, &out);
        buffer_clear(&out);
    }
    disassemble(policy, &out);
    buffer_free(&out);
    tw_request_free(request);
    return good;
}

/* 0 where the sections cannot be relied on: such an image is refused whatever its header says. */
static uint32_t longest_run(const char *image, size_t length)
{
    struct tw_policy policy = {
        .image = (char *)image, .length = length, .header = (const struct image_header *)image};
    struct checker checker = {&policy, CHECKER_RECORDS};
    if (verify_sections(&policy, NULL) || verify_schema(&checker, NULL) ||
        verify_actions(&checker, NULL) || verify_code(&checker, NULL))
        return 0;
    return program_longest_run(&policy);
}

void image_repair(char *image, size_t length)
{
    struct image_header header;
    if (length < sizeof header + SECTION_COUNT * sizeof(struct image_section))
        return;
    memcpy(&header, image, sizeof header);
    header.length = length;
    header.longest_run = longest_run(image, length);
    header.checksum = image_checksum(image, length);
    memcpy(image, &header, sizeof header);
}
