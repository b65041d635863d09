/* tests/property/mutate_image.c: program images that were damaged, by accident or on purpose.
 *
 *     mutate_image [MUTATIONS [SEED]]
 *
 * By accident: each byte changed in several ways, and the image cut at every length. All of it has
 * to be refused but for changes of what the checksum does not cover, and nothing may crash.
 * On purpose: the same and random changes of whole fields, with length, checksum and longest run
 * made right afterwards. What loads then has to decide requests and describe itself, clean under
 * the sanitizers. The last line is "N passed, N failed". */
#include "exercise.h"
#include "policy_generator.h"

#include "front/front.h"
#include "program/compile.h"
#include "program/run/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    uint64_t accepted, refused, failed;
};

struct image {
    char *bytes;
    size_t length;
};

static bool is_error(enum tw_status status)
{
    return status == TW_DAMAGED || status == TW_NEWER || status == TW_NOT_FOUND;
}

static bool load_and_use(const char *bytes, size_t length, struct random *random,
                         struct tally *tally)
{
    tw_policy *policy;
    struct tw_error error = {0};
    enum tw_status status = tw_policy_load(bytes, length, &policy, &error);
    if (status) {
        tally->refused++;
        tally->failed += !is_error(status) || policy || !error.message[0];
        return false;
    }
    tally->accepted++;
    tally->failed += !exercise_policy(policy, random, 4);
    tw_policy_free(policy);
    return true;
}

static struct image make_image(uint64_t seed)
{
    struct feature_counts counts = {0};
    struct image image = {NULL, 0};
    struct buffer text;
    struct front front;
    tw_policy *policy;
    buffer_init(&text, 1 << 20);
    policy_generate(seed, &counts, &text);
    if (front_read(&front, TEXT("random.tier"), buffer_view(&text), &read_from_disk) ||
        front.findings.error_count || compile_front(&front, &policy, NULL))
        abort();
    const void *bytes = tw_policy_image(policy, &image.length);
    image.bytes = malloc(image.length);
    if (!image.bytes)
        abort();
    memcpy(image.bytes, bytes, image.length);
    tw_policy_free(policy);
    front_free(&front);
    buffer_free(&text);
    return image;
}

static const struct {
    unsigned char keep, flip;
} changes[] = {{0xff, 0x01}, {0xff, 0x80}, {0xff, 0xff}, {0x00, 0x00}, {0x00, 0x7f}};

enum { CHANGE_COUNT = sizeof changes / sizeof changes[0] };

/* Each byte in each way. repair: as one who means it would. */
static void change_each_byte(const struct image *image, bool repair, struct random *random,
                             struct tally *tally)
{
    char *copy = malloc(image->length);
    for (size_t at = 0; copy && at < image->length; at++) {
        for (int way = 0; way < CHANGE_COUNT; way++) {
            memcpy(copy, image->bytes, image->length);
            copy[at] = (char)((copy[at] & changes[way].keep) ^ changes[way].flip);
            if (copy[at] == image->bytes[at])
                continue;
            if (repair)
                image_repair(copy, image->length);
            bool accepted = load_and_use(copy, image->length, random, tally);
            if (accepted && !repair && at >= sizeof(struct image_header)) {
                printf("byte %zu changed, and nobody noticed\n", at);
                tally->failed++;
            }
        }
    }
    free(copy);
}

/* Cut at every length. The copy is as long as the cut, so that reading on is found. */
static void cut_everywhere(const struct image *image, bool repair, struct random *random,
                           struct tally *tally)
{
    for (size_t length = 0; length < image->length; length++) {
        char *copy = malloc(length + 1);
        if (!copy)
            abort();
        memcpy(copy, image->bytes, length);
        if (repair)
            image_repair(copy, length);
        if (load_and_use(copy, length, random, tally) && !repair) {
            printf("cut at %zu, and nobody noticed\n", length);
            tally->failed++;
        }
        free(copy);
    }
}

/* Fields are 4 or 8 bytes: another field's value, an end of the range, or something near. */
static void change_field(const struct image *image, char *copy, struct random *random)
{
    static const int64_t values[] = {0, 1, -1, 2, INT64_MIN, INT64_MAX, 0x7fffffff, 255, 4096};
    size_t size = random_chance(random, 50) ? 4 : 8;
    size_t at = random_below(random, image->length / size) * size;
    size_t other = random_below(random, image->length / size) * size;
    int64_t value = 0;
    memcpy(&value, copy + at, size);
    switch (random_below(random, 4)) {
    case 0:
        value = values[random_below(random, sizeof values / sizeof values[0])];
        break;
    case 1:
        memcpy(&value, image->bytes + other, size);
        break;
    default:
        value = (int64_t)((uint64_t)value + random_next(random) % 17 - 8);
        break;
    }
    memcpy(copy + at, &value, size);
}

static void change_fields(const struct image *image, uint64_t times, struct random *random,
                          struct tally *tally)
{
    char *copy = malloc(image->length);
    for (uint64_t i = 0; copy && i < times; i++) {
        memcpy(copy, image->bytes, image->length);
        for (size_t field = 1 + random_below(random, 3); field > 0; field--)
            change_field(image, copy, random);
        image_repair(copy, image->length);
        load_and_use(copy, image->length, random, tally);
    }
    free(copy);
}

static void report(const char *what, const struct tally *tally)
{
    printf("%s: %llu accepted, %llu refused, %llu failed\n", what,
           (unsigned long long)tally->accepted, (unsigned long long)tally->refused,
           (unsigned long long)tally->failed);
}

int main(int argc, char **argv)
{
    uint64_t mutations = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct random random = {seed};
    struct tally accident = {0}, purpose = {0}, fields = {0};
    for (uint64_t i = 0; i < 3; i++) {
        struct image image = make_image(seed + i);
        change_each_byte(&image, false, &random, &accident);
        cut_everywhere(&image, false, &random, &accident);
        change_each_byte(&image, true, &random, &purpose);
        cut_everywhere(&image, true, &random, &purpose);
        free(image.bytes);
    }
    for (uint64_t i = 0; i < 20; i++) {
        struct image image = make_image(seed + i);
        change_fields(&image, mutations / 20, &random, &fields);
        free(image.bytes);
    }
    report("bytes, as they are", &accident);
    report("bytes, with a right checksum", &purpose);
    report("fields, with a right checksum", &fields);
    uint64_t failed = accident.failed + purpose.failed + fields.failed;
    uint64_t all = accident.accepted + accident.refused + purpose.accepted + purpose.refused +
                   fields.accepted + fields.refused;
    printf("%llu passed, %llu failed\n", (unsigned long long)(all - failed),
           (unsigned long long)failed);
    return failed > 0;
}
