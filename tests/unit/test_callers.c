/* Callers' keys: where a key stands in a request, whose it is, what its caller may do. */
#include "unit.h"

#include "gateway/callers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* sha256sum of "alpha", "beta" and "abc" (the last is FIPS 180-2's own example). */
#define HASH_ALPHA "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8"
#define HASH_BETA "f44e64e75f3948e9f73f8dfa94721c4ce8cbb4f265c4790c702b2d41cfbf2753"
#define HASH_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

#define CONFIG                                                                                     \
    "attributes: [priority, max_wait]\n"                                                           \
    "callers:\n"                                                                                   \
    "- {name: web, sha256: " HASH_ALPHA ", requests: 2}\n"                                         \
    "- {name: batch, sha256: " HASH_BETA ", attributes: [deadline], admin: true}\n"

struct given {
    struct config config;
    struct callers *callers;
    struct key_hasher *hasher;
};

static void give_after(struct given *given, struct text yaml, const struct callers *before)
{
    struct buffer problems;
    buffer_init(&problems, CONFIG_PROBLEMS_MAX);
    CU_ASSERT_EQUAL_FATAL(config_init(&given->config), TW_OK);
    CU_ASSERT_EQUAL_FATAL(config_read(&given->config, "t", yaml, &problems), TW_OK);
    CU_ASSERT_EQUAL_FATAL(callers_open(&given->config, before, &given->callers), TW_OK);
    given->hasher = key_hasher_new();
    buffer_free(&problems);
}

static void give(struct given *given, struct text yaml)
{
    give_after(given, yaml, NULL);
}

static void take_back(struct given *given)
{
    key_hasher_free(given->hasher);
    callers_close(given->callers);
    config_free(&given->config);
}

static const char *who(const struct given *given, const struct http_header *headers, size_t count)
{
    const struct http_request request = {.headers = headers, .header_count = count};
    struct caller *caller = callers_find(given->callers, given->hasher, &request);
    return caller ? caller_name(caller) : "nobody";
}

#define HEADER(name, value)                                                                        \
    {                                                                                              \
        {"" name, sizeof(name) - 1},                                                               \
        {                                                                                          \
            "" value, sizeof(value) - 1                                                            \
        }                                                                                          \
    }

static void test_whose_key(void)
{
    static const struct {
        struct http_header header;
        const char *name;
    } rows[] = {
        {HEADER("Authorization", "Bearer alpha"), "web"},
        {HEADER("authorization", "bearer   beta"), "batch"},
        {HEADER("x-api-key", "beta"), "batch"},
        {HEADER("Api-Key", "alpha"), "web"},
        {HEADER("Authorization", "Bearer alpha2"), "nobody"},
        {HEADER("Authorization", "Bearer alph"), "nobody"},
        {HEADER("Authorization", "Bearer "), "nobody"},
        {HEADER("Authorization", "Bearer"), "nobody"},
        {HEADER("Authorization", "alpha"), "nobody"},
        {HEADER("Authorization", "Basic alpha"), "nobody"},
        {HEADER("Authorization", ""), "nobody"},
        {HEADER("x-api-key", "Bearer alpha"), "nobody"},
        {HEADER("x-api-key", HASH_ALPHA), "nobody"},
        {HEADER("x-other-key", "alpha"), "nobody"},
    };
    struct given given;
    give(&given, TEXT(CONFIG));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CU_ASSERT_STRING_EQUAL(who(&given, &rows[i].header, 1), rows[i].name);
    CU_ASSERT_STRING_EQUAL(who(&given, NULL, 0), "nobody");
    take_back(&given);
}

static void test_several_headers(void)
{
    static const struct http_header twice[] = {HEADER("Authorization", "Bearer alpha"),
                                               HEADER("Authorization", "Bearer beta")};
    static const struct http_header both[] = {HEADER("x-api-key", "beta"),
                                              HEADER("Authorization", "Bearer alpha")};
    static const struct http_header bad_first[] = {HEADER("x-api-key", "beta"),
                                                   HEADER("Authorization", "Bearer wrong")};
    struct given given;
    char bytes[KEY_BYTES_MAX + 1];
    give(&given, TEXT(CONFIG));
    CU_ASSERT_STRING_EQUAL(who(&given, twice, 2), "nobody");
    CU_ASSERT_STRING_EQUAL(who(&given, both, 2), "web");
    CU_ASSERT_STRING_EQUAL(who(&given, bad_first, 2), "nobody");
    memset(bytes, 'a', sizeof bytes);
    const struct http_header long_key = {TEXT("x-api-key"), {bytes, sizeof bytes}};
    CU_ASSERT_STRING_EQUAL(who(&given, &long_key, 1), "nobody");
    take_back(&given);
}

static void test_hash(void)
{
    struct key_hasher *hasher = key_hasher_new();
    struct buffer out;
    uint8_t hash[KEY_HASH_BYTES];
    buffer_init(&out, 1 << 10);
    for (int again = 0; again < 2; again++) {
        buffer_clear(&out);
        key_hash(hasher, TEXT("abc"), hash);
        key_hash_print(hash, &out);
        CU_ASSERT_STRING_EQUAL(out.data, HASH_ABC);
    }
    buffer_free(&out);
    key_hasher_free(hasher);
}

static void test_key_headers(void)
{
    CU_ASSERT_TRUE(header_is_key(TEXT("AUTHORIZATION")));
    CU_ASSERT_TRUE(header_is_key(TEXT("X-Api-Key")));
    CU_ASSERT_TRUE(header_is_key(TEXT("api-key")));
    CU_ASSERT_FALSE(header_is_key(TEXT("openai-organization")));
    CU_ASSERT_FALSE(header_is_key(TEXT("authorizations")));
}

static struct caller *caller_with(const struct given *given, const char *key)
{
    const struct http_header header = {TEXT("x-api-key"), text_of(key)};
    const struct http_request request = {.headers = &header, .header_count = 1};
    struct caller *caller = callers_find(given->callers, given->hasher, &request);
    CU_ASSERT_PTR_NOT_NULL_FATAL(caller);
    return caller;
}

static void test_may_set(void)
{
    struct given given;
    give(&given, TEXT(CONFIG));
    const struct callers *callers = given.callers;
    struct caller *web = caller_with(&given, "alpha"), *batch = caller_with(&given, "beta");
    CU_ASSERT_TRUE(caller_may_set(callers, web, TEXT("x-tierway-priority")));
    CU_ASSERT_TRUE(caller_may_set(callers, web, TEXT("X-Tierway-Max-Wait")));
    CU_ASSERT_FALSE(caller_may_set(callers, web, TEXT("x-tierway-deadline")));
    CU_ASSERT_FALSE(caller_may_set(callers, web, TEXT("x-tierway-priority2")));
    CU_ASSERT_FALSE(caller_may_set(callers, web, TEXT("x-tierway-")));
    CU_ASSERT_TRUE(caller_may_set(callers, batch, TEXT("x-tierway-deadline")));
    CU_ASSERT_FALSE(caller_may_set(callers, batch, TEXT("x-tierway-priority")));
    CU_ASSERT_TRUE(caller_may_set(callers, NULL, TEXT("x-tierway-priority")));
    CU_ASSERT_FALSE(caller_may_set(callers, NULL, TEXT("x-tierway-deadline")));
    CU_ASSERT_FALSE(caller_is_admin(web));
    CU_ASSERT_TRUE(caller_is_admin(batch));
    take_back(&given);
    give(&given, TEXT(""));
    CU_ASSERT_FALSE(callers_required(given.callers));
    CU_ASSERT_TRUE(caller_may_set(given.callers, NULL, TEXT("x-tierway-anything")));
    CU_ASSERT_TRUE(caller_is_admin(NULL));
    CU_ASSERT_STRING_EQUAL(caller_name(NULL), "");
    take_back(&given);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *enter_and_leave(void *context)
{
    struct caller *caller = context;
    for (int i = 0; i < ROUNDS; i++)
        if (caller_enter(caller))
            caller_leave(caller);
    return NULL;
}

static void test_requests_under_way(void)
{
    pthread_t threads[THREADS];
    struct given given;
    give(&given, TEXT(CONFIG));
    struct caller *web = caller_with(&given, "alpha"), *batch = caller_with(&given, "beta");
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, enter_and_leave, web);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_TRUE(caller_enter(web));
    CU_ASSERT_TRUE(caller_enter(web));
    CU_ASSERT_FALSE(caller_enter(web));
    caller_leave(web);
    CU_ASSERT_TRUE(caller_enter(web));
    for (int i = 0; i < 100; i++)
        CU_ASSERT_TRUE(caller_enter(batch));
    CU_ASSERT_TRUE(caller_enter(NULL));
    take_back(&given);
}

/* A list in another one's place: limits go on by names, whoever is freed first. */
static void test_another_list(void)
{
    struct given old, fresh, none;
    give(&old, TEXT(CONFIG));
    CU_ASSERT_TRUE(caller_enter(caller_with(&old, "alpha")));
    give_after(&fresh, TEXT("callers: [{name: web, sha256: " HASH_ABC ", requests: 2}]\n"),
               old.callers);
    const struct http_header removed = HEADER("x-api-key", "beta");
    CU_ASSERT_STRING_EQUAL(who(&old, &removed, 1), "batch");
    CU_ASSERT_STRING_EQUAL(who(&fresh, &removed, 1), "nobody");
    struct caller *before = caller_with(&old, "alpha"), *web = caller_with(&fresh, "abc");
    CU_ASSERT_TRUE(caller_enter(web));
    CU_ASSERT_FALSE(caller_enter(web));
    caller_leave(before);
    CU_ASSERT_TRUE(caller_enter(web));
    CU_ASSERT_FALSE(caller_enter(before));
    take_back(&old);
    CU_ASSERT_FALSE(caller_enter(web));
    give_after(&none, TEXT("callers: []\n"), fresh.callers);
    CU_ASSERT_TRUE(callers_required(none.callers));
    const struct http_header known = HEADER("x-api-key", "abc");
    CU_ASSERT_STRING_EQUAL(who(&none, &known, 1), "nobody");
    take_back(&fresh);
    take_back(&none);
    CU_ASSERT_FALSE(callers_required(NULL));
}

static void test_description(void)
{
    struct given given;
    struct buffer out;
    buffer_init(&out, 1 << 10);
    give(&given, TEXT(CONFIG));
    callers_describe(given.callers, &out);
    CU_ASSERT_STRING_EQUAL(out.data, "keys attributes priority max_wait\n"
                                     "web " HASH_ALPHA " 2\n"
                                     "batch " HASH_BETA " 0 admin attributes deadline\n");
    take_back(&given);
    buffer_clear(&out);
    give(&given, TEXT("attributes: []\n"));
    callers_describe(given.callers, &out);
    CU_ASSERT_STRING_EQUAL(out.data, "no keys attributes\n");
    take_back(&given);
    buffer_free(&out);
}

static void test_new_keys(void)
{
    struct buffer out;
    uint8_t random[KEY_RANDOM_BYTES];
    buffer_init(&out, 1 << 10);
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)i;
    key_print(random, &out);
    /* python3 -c "import base64; print(base64.urlsafe_b64encode(bytes(range(32))))" */
    CU_ASSERT_STRING_EQUAL(out.data, "tw-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    buffer_clear(&out);
    memset(random, 255, sizeof random);
    key_print(random, &out);
    CU_ASSERT_STRING_EQUAL(out.data, "tw-__________________________________________8");
    buffer_free(&out);
}

UNIT_TESTS({"whose key", test_whose_key}, {"several headers", test_several_headers},
           {"hash", test_hash}, {"headers with keys", test_key_headers}, {"may set", test_may_set},
           {"requests under way", test_requests_under_way}, {"another list", test_another_list},
           {"description", test_description}, {"new keys", test_new_keys})
