/* The gateway's configuration: what a file may say, what is refused and where, what overrides what.
 */
#include "unit.h"

#include "gateway/config.h"

#include <stdlib.h>

#define MINIMAL "policy: a.tier\nupstream:\n  url: https://api.example.com/v1\n"
#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* A config that was read from text, and what was said about it. */
struct given {
    struct config config;
    struct buffer problems;
    enum tw_status read, checked;
};

static void give(struct given *given, struct text yaml)
{
    buffer_init(&given->problems, CONFIG_PROBLEMS_MAX);
    CU_ASSERT_EQUAL_FATAL(config_init(&given->config), TW_OK);
    given->read = config_read(&given->config, "t.yaml", yaml, &given->problems);
    given->checked = TW_INVALID;
    if (given->read == TW_OK)
        given->checked = config_check(&given->config, &given->problems);
}

static void take_back(struct given *given)
{
    config_free(&given->config);
    buffer_free(&given->problems);
}

static void test_defaults(void)
{
    struct given given;
    give(&given, TEXT("# nothing but a comment\n"));
    CU_ASSERT_EQUAL(given.read, TW_OK);
    CU_ASSERT_STRING_EQUAL(given.config.listen, "127.0.0.1:8080");
    CU_ASSERT_EQUAL(given.config.threads, 0);
    CU_ASSERT_STRING_EQUAL(given.config.prices, "openai");
    CU_ASSERT_STRING_EQUAL(given.config.store, "tierway.db");
    CU_ASSERT_PTR_NULL(given.config.policy);
    CU_ASSERT_EQUAL(given.config.limit_body, 64 << 20);
    CU_ASSERT_EQUAL(given.config.drain, 30000);
    CU_ASSERT_FALSE(given.config.attributes.given);
    CU_ASSERT_FALSE(given.config.allow_anyone);
    take_back(&given);
}

static void test_every_kind(void)
{
    struct given given;
    give(&given, TEXT(MINIMAL "  connections: 7\n"
                              "listen: \"[::1]:0\"\n"
                              "limits: {body: 2MiB, head_time: 1m30s}\n"
                              "drain: 90\n"
                              "attributes:\n- priority\n- deadline\n"
                              "allow_anyone: true\n"
                              "callers:\n"
                              "  - {name: web, sha256: " HASH_A ", attributes: [], admin: true}\n"
                              "  - name: batch\n    sha256: " HASH_B "\n    requests: 4\n"));
    const struct config *config = &given.config;
    CU_ASSERT_EQUAL(given.read, TW_OK);
    CU_ASSERT_STRING_EQUAL(config->listen, "[::1]:0");
    CU_ASSERT_STRING_EQUAL(config->upstream_url, "https://api.example.com/v1");
    CU_ASSERT_EQUAL(config->upstream_connections, 7);
    CU_ASSERT_EQUAL(config->limit_body, 2 << 20);
    CU_ASSERT_EQUAL(config->limit_head_time, 90000);
    CU_ASSERT_EQUAL(config->limit_idle_time, 75000);
    CU_ASSERT_EQUAL(config->drain, 90000);
    CU_ASSERT_EQUAL_FATAL(config->attributes.count, 2);
    CU_ASSERT_STRING_EQUAL(config->attributes.items[1], "deadline");
    CU_ASSERT_TRUE(config->allow_anyone);
    CU_ASSERT_EQUAL_FATAL(config->caller_count, 2);
    CU_ASSERT_STRING_EQUAL(config->callers[0].name, "web");
    CU_ASSERT_TRUE(config->callers[0].admin);
    CU_ASSERT_TRUE(config->callers[0].attributes.given);
    CU_ASSERT_EQUAL(config->callers[0].attributes.count, 0);
    CU_ASSERT_STRING_EQUAL(config->callers[1].sha256, HASH_B);
    CU_ASSERT_EQUAL(config->callers[1].requests, 4);
    CU_ASSERT_FALSE(config->callers[1].attributes.given);
    CU_ASSERT_FALSE(config->callers[1].admin);
    CU_ASSERT_EQUAL(config->origins[CONFIG_listen], ORIGIN_FILE);
    CU_ASSERT_EQUAL(config->origins[CONFIG_prices], ORIGIN_DEFAULT);
    take_back(&given);
}

/* A file and the whole of what is said about it. */
struct refused {
    const char *yaml;
    const char *problems;
};

static void check_refused(const struct refused *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct given given;
        give(&given, text_of(rows[i].yaml));
        const char *said = given.problems.length ? given.problems.data : "";
        if (strcmp(said, rows[i].problems) != 0)
            printf("\n  %s\n  -> %s", rows[i].yaml, said);
        CU_ASSERT_STRING_EQUAL(said, rows[i].problems);
        CU_ASSERT_TRUE(given.read == TW_INVALID || given.checked == TW_INVALID);
        take_back(&given);
    }
}

#define CHECK_REFUSED(rows) check_refused(rows, sizeof(rows) / sizeof(rows)[0])

static void test_unknown_and_repeated(void)
{
    static const struct refused rows[] = {
        {"polcy: a\n", "t.yaml:1:1: there is no setting \"polcy\" here; did you mean `policy`?\n"},
        {"upstream:\n  urll: x\n",
         "t.yaml:2:3: there is no setting \"urll\" here; did you mean `url`?\n"},
        {"limits:\n  policy: x\n", "t.yaml:2:3: there is no setting \"policy\" here\n"},
        {"url: x\n", "t.yaml:1:1: there is no setting \"url\" here\n"},
        {"upstream.url: x\n",
         "t.yaml:1:1: there is no setting \"upstream.url\" here; did you mean `upstream`?\n"},
        {"caller: []\n", "t.yaml:1:1: there is no setting \"caller\" here; did you mean "
                         "`callers`?\n"},
        {"polcy: {a: [b, {c: d}]}\nstoer: x\n",
         "t.yaml:1:1: there is no setting \"polcy\" here; did you mean `policy`?\n"
         "t.yaml:2:1: there is no setting \"stoer\" here; did you mean `store`?\n"},
        {"policy: a\npolicy: b\n", "t.yaml:2:1: this setting stands here twice\n"},
        {"limits: {}\nlimits: {}\n", "t.yaml:2:1: this setting stands here twice\n"},
        {"callers:\n- nme: x\n",
         "t.yaml:2:3: there is no setting \"nme\" here; did you mean `name`?\n"},
        {"? [a]\n: b\n", "t.yaml:1:3: a setting's name is a single word\n"},
    };
    CHECK_REFUSED(rows);
}

static void test_wrong_values(void)
{
    static const struct refused rows[] = {
        {"threads: many\n", "t.yaml:1:10: `threads`: \"many\" is no whole number\n"},
        {"threads: 1.5\n", "t.yaml:1:10: `threads`: \"1.5\" is no whole number\n"},
        {"threads: -1\n", "t.yaml:1:10: `threads`: \"-1\" is no whole number\n"},
        {"threads: 257\n", "t.yaml:1:10: `threads`: 257 is more than 256\n"},
        {"threads: 99999999999999999999\n",
         "t.yaml:1:10: `threads`: \"99999999999999999999\" is too large\n"},
        {"threads:\n", "t.yaml:1:9: `threads`: it has no value\n"},
        {"threads: ~\n", "t.yaml:1:10: `threads`: it has no value\n"},
        {"threads: [1]\n", "t.yaml:1:10: `threads`: it is a single value\n"},
        {"listen: \"\"\n", "t.yaml:1:9: `listen`: it is empty\n"},
        {"listen: \"a\\0b\"\n", "t.yaml:1:9: `listen`: it holds something else than text\n"},
        {"allow_anyone: yes\n", "t.yaml:1:15: `allow_anyone`: \"yes\" is neither true nor false\n"},
        {"drain: 48h\n", "t.yaml:1:8: `drain`: 2d is more than 1d\n"},
        {"limits: {head: 1}\n", "t.yaml:1:16: `limits.head`: 1 is less than 1KiB\n"},
        {"limits: {body: 1025MiB}\n", "t.yaml:1:16: `limits.body`: 1025MiB is more than 1024MiB\n"},
        {"limits: {body: 1MB}\n",
         "t.yaml:1:16: `limits.body`: \"1MB\" is no whole number of bytes, "
         "as 65536, 64KiB or 32MiB\n"},
        {"limits: {body: 9223372036854775807GiB}\n",
         "t.yaml:1:16: `limits.body`: \"9223372036854775807GiB\" is too large\n"},
        {"attributes: priority\n", "t.yaml:1:13: `attributes`: it is a list, as [a, b]\n"},
        {"attributes: {a: b}\n", "t.yaml:1:13: `attributes`: it is a list, as [a, b]\n"},
        {"attributes: [[a]]\n", "t.yaml:1:14: an item of this list is a single value\n"},
        {"limits: 3\n", "t.yaml:1:9: this is a section: its settings stand below it, each on a "
                        "line\n"},
        {"callers: web\n", "t.yaml:1:10: callers are a list: `- name: NAME`, one for each\n"},
        {"callers: [web]\n",
         "t.yaml:1:11: a caller is given by `- name: NAME` and `sha256: HASH`\n"},
    };
    CHECK_REFUSED(rows);
}

static void test_not_a_configuration(void)
{
    static const struct refused rows[] = {
        {"just words\n", "t.yaml:1:1: a configuration is lines of the form `setting: value`\n"},
        {"- a\n", "t.yaml:1:1: a configuration is lines of the form `setting: value`\n"},
        {"threads: &x 3\n", "t.yaml:1:10: anchors, aliases and tags are not read here\n"},
        {"threads: !!int 3\n", "t.yaml:1:10: anchors, aliases and tags are not read here\n"},
        {"threads: 1\n---\nthreads: 2\n", "t.yaml:2:1: there is more than one document\n"},
        {"attributes: [a\n", "t.yaml:2:1: this is not YAML: did not find expected ',' or ']' while "
                             "parsing a flow sequence\n"},
        {"policy: b: c\n", "t.yaml:1:10: this is not YAML: mapping values are not allowed in this "
                           "context\n"},
    };
    CHECK_REFUSED(rows);
}

static void test_whole(void)
{
    static const struct refused rows[] = {
        {"", "t.yaml: `policy` is missing: the policy that decides\n"
             "t.yaml: `upstream.url` is missing: the provider's base URL, with its /v1\n"},
        {"policy: a\nupstream: {url: \"https://me:secret@host/v1\"}\n",
         "t.yaml: `upstream.url`: the base URL: no user and no password may stand in it\n"},
        {MINIMAL "  key_file: a\n  key_env: B\n",
         "t.yaml: the provider's key comes from `upstream.key_file` or from `upstream.key_env`, "
         "not from both\n"},
        {MINIMAL "listen: 0.0.0.0:80\n",
         "t.yaml: other machines can reach 0.0.0.0:80, and no caller needs a key: name `callers`, "
         "listen on 127.0.0.1, or say `allow_anyone: true`\n"},
        {MINIMAL "  key_env: K\ncallers:\n- name: a\n- sha256: " HASH_A "\n",
         "t.yaml:6:3: this caller has no `sha256`; `tierway keys new NAME` makes a key\n"
         "t.yaml:7:3: this caller has no `name`\n"},
        {MINIMAL "  key_env: K\ncallers:\n- {name: a, sha256: xyz}\n- {name: 'a b', sha256: " HASH_A
                 "}\n",
         "t.yaml:6:3: `sha256` is the hash of a key: 64 digits, 0 to 9 and a to f\n"
         "t.yaml:7:3: a caller's name is 1 to 64 letters, digits, or any of . _ - @, the first a "
         "letter or digit\n"},
        {MINIMAL "  key_env: K\ncallers:\n- {name: a, sha256: " HASH_A
                 "}\n- {name: a, sha256: " HASH_B "}\n- {name: c, sha256: " HASH_A "}\n",
         "t.yaml:7:3: another caller has this name\n"
         "t.yaml:8:3: another caller has this key\n"},
        {MINIMAL "callers:\n- {name: a, sha256: " HASH_A "}\n",
         "t.yaml: with `callers`, the provider's key has to come from `upstream.key_file` or "
         "`upstream.key_env`\n"},
        {"policy: a\nupstream: {url: \"http://host/v1\", http2: true}\n",
         "t.yaml: `upstream.http2` needs an https URL: it is agreed on by TLS\n"},
        {MINIMAL "  key_header: cookie\n",
         "t.yaml: `upstream.key_header` is authorization or api-key\n"},
        {MINIMAL "tls: {certificate: a.pem}\n",
         "t.yaml: `tls.certificate` and `tls.key` belong together: one of them is missing\n"},
        {MINIMAL "ledger_sync: never\n", "t.yaml: `ledger_sync` is before or after\n"},
        {MINIMAL "attributes: [Priority]\n",
         "t.yaml: `attributes`: \"Priority\" is no attribute's name\n"},
    };
    CHECK_REFUSED(rows);
}

static void test_open_to_others(void)
{
    static const struct {
        const char *listen;
        bool local;
    } rows[] = {
        {"127.0.0.1:8080", true}, {"127.9.9.9:0", true},      {"[::1]:1", true},
        {"localhost:1", true},    {"0.0.0.0:8080", false},    {"[::]:8080", false},
        {"10.0.0.1:1", false},    {"localhost.a.b:1", false}, {"1.127.0.0:1", false},
    };
    struct given given;
    give(&given, TEXT(MINIMAL "listen: 0.0.0.0:80\nallow_anyone: true\n"));
    CU_ASSERT_EQUAL(given.checked, TW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        given.config.listen = rows[i].listen;
        CU_ASSERT_EQUAL(config_is_local(&given.config), rows[i].local);
    }
    take_back(&given);
}

static void test_overriding(void)
{
    struct given given;
    struct tw_error error;
    give(&given, TEXT(MINIMAL "threads: 2\nattributes: [a]\n"));
    struct config *config = &given.config;
    CU_ASSERT_EQUAL(config_set(config, CONFIG_threads, TEXT("3"), ORIGIN_ENVIRONMENT, &error),
                    TW_OK);
    CU_ASSERT_EQUAL(config->threads, 3);
    CU_ASSERT_EQUAL(config_set(config, CONFIG_threads, TEXT("x"), ORIGIN_OPTION, &error),
                    TW_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "\"x\" is no whole number");
    CU_ASSERT_EQUAL(config->threads, 3);
    CU_ASSERT_EQUAL(config->origins[CONFIG_threads], ORIGIN_ENVIRONMENT);
    CU_ASSERT_EQUAL(config_set(config, CONFIG_threads, TEXT("500"), ORIGIN_OPTION, &error),
                    TW_LIMIT);
    CU_ASSERT_EQUAL(config_set(config, CONFIG_attributes, TEXT("b, c"), ORIGIN_ENVIRONMENT, &error),
                    TW_OK);
    CU_ASSERT_EQUAL_FATAL(config->attributes.count, 2);
    CU_ASSERT_STRING_EQUAL(config->attributes.items[0], "b");
    CU_ASSERT_STRING_EQUAL(config->attributes.items[1], "c");
    CU_ASSERT_EQUAL(config_set(config, CONFIG_attributes, TEXT(""), ORIGIN_ENVIRONMENT, &error),
                    TW_OK);
    CU_ASSERT_TRUE(config->attributes.given);
    CU_ASSERT_EQUAL(config->attributes.count, 0);
    CU_ASSERT_EQUAL(config_set(config, CONFIG_attributes, TEXT("a,,b"), ORIGIN_OPTION, &error),
                    TW_INVALID);
    take_back(&given);
}

static void test_description(void)
{
    struct given given;
    struct buffer out;
    buffer_init(&out, 1 << 16);
    give(&given, TEXT(MINIMAL "  key_env: K\nattributes: [a, b]\ncallers:\n- {name: web, "
                              "sha256: " HASH_A "}\n"));
    CU_ASSERT_EQUAL(given.checked, TW_OK);
    CU_ASSERT_EQUAL(config_set(&given.config, CONFIG_threads, TEXT("3"), ORIGIN_ENVIRONMENT, NULL),
                    TW_OK);
    config_describe(&given.config, &out);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "listen: 127.0.0.1:8080  # default\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "threads: 3  # TIERWAY_THREADS\n"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(out.data, "upstream:\n  url: https://api.example.com/v1  # file\n  key_env: K"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "attributes: [a, b]  # file\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "limits:\n  head: 64KiB  # default\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "callers:\n  - name: web  # file\n"));
    CU_ASSERT_PTR_NULL(strstr(out.data, HASH_A));
    /* But for the hashes it can be read again. */
    struct given again;
    give(&again, buffer_view(&out));
    CU_ASSERT_EQUAL(again.read, TW_OK);
    CU_ASSERT_EQUAL(again.config.threads, 3);
    take_back(&again);
    take_back(&given);
    buffer_free(&out);
}

static void test_sizes(void)
{
    struct given given;
    struct buffer yaml;
    buffer_init(&yaml, 1 << 21);
    buffer_repeat(&yaml, '#', CONFIG_FILE_MAX + 1);
    give(&given, buffer_view(&yaml));
    CU_ASSERT_EQUAL(given.read, TW_INVALID);
    CU_ASSERT_STRING_EQUAL(given.problems.data, "t.yaml: it is larger than 1048576 bytes\n");
    take_back(&given);
    buffer_clear(&yaml);
    buffer_string(&yaml, "attributes: [");
    for (int i = 0; i <= CONFIG_WORDS_MAX; i++)
        buffer_format(&yaml, "a%d,", i);
    buffer_string(&yaml, "]\n");
    give(&given, buffer_view(&yaml));
    CU_ASSERT_EQUAL(given.read, TW_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(given.problems.data, "it has more than 1000 items"));
    take_back(&given);
    buffer_clear(&yaml);
    buffer_string(&yaml, "callers:\n");
    for (int i = 0; i <= CONFIG_CALLERS_MAX; i++)
        buffer_format(&yaml, "- name: a%d\n", i);
    give(&given, buffer_view(&yaml));
    CU_ASSERT_EQUAL(given.read, TW_INVALID);
    CU_ASSERT_STRING_EQUAL(given.problems.data, "t.yaml:1002:3: there are too many callers\n");
    take_back(&given);
    buffer_free(&yaml);
}

UNIT_TESTS({"defaults", test_defaults}, {"every kind of value", test_every_kind},
           {"unknown and repeated settings", test_unknown_and_repeated},
           {"wrong values", test_wrong_values},
           {"what is no configuration", test_not_a_configuration},
           {"what is wrong as a whole", test_whole}, {"open to others", test_open_to_others},
           {"overriding", test_overriding}, {"description", test_description},
           {"sizes", test_sizes})
