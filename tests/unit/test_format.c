/* The canonical layout of policies: exact results, what is kept, and 2,000 random texts. */
#include "unit.h"

#include "front/format.h"
#include "front/parse.h"

#include <stdlib.h>

#define ARENA_LIMIT ((size_t)64 << 20)

/* What one call of format_policy gives. */
struct result {
    struct arena arena;
    struct sources sources;
    struct findings findings;
    struct buffer out;
    struct tw_error error;
    enum tw_status status;
};

static void format_with(struct result *result, struct text content, size_t arena_limit,
                        size_t out_limit)
{
    *result = (struct result){0};
    arena_init(&result->arena, arena_limit);
    result->sources.arena = result->findings.arena = &result->arena;
    result->findings.sources = &result->sources;
    buffer_init(&result->out, out_limit);
    result->status =
        format_policy(TEXT("t.tier"), content, &result->findings, &result->out, &result->error);
}

static void format(struct result *result, struct text content)
{
    format_with(result, content, ARENA_LIMIT, ARENA_LIMIT);
}

static void release(struct result *result)
{
    arena_free(&result->arena);
    buffer_free(&result->out);
}

static bool shows(const char *what, struct text wanted, struct text got)
{
    bool equal = text_equal(wanted, got);
    if (!equal)
        printf("\n%s: wanted\n%.*s<end>\ngot\n%.*s<end>\n", what, (int)wanted.length, wanted.data,
               (int)got.length, got.data);
    return equal;
}

/* Formats, compares, and formats the result again. */
static void expect(const char *input, const char *output)
{
    struct result result, again;
    format(&result, text_of(input));
    CU_ASSERT_EQUAL(result.status, TW_OK);
    CU_ASSERT_TRUE(shows(input, text_of(output), buffer_view(&result.out)));
    format(&again, buffer_view(&result.out));
    CU_ASSERT_EQUAL(again.status, TW_OK);
    CU_ASSERT_TRUE(shows("again", buffer_view(&result.out), buffer_view(&again.out)));
    release(&again);
    release(&result);
}

static void test_spacing(void)
{
    expect("when priority==low or tokens>5000->flex",
           "when priority == low or tokens > 5000 -> flex\n");
    expect("when(a==1)and not(b)->flex", "when (a == 1) and not (b) -> flex\n");
    expect("when ( ( a ) )->flex", "when ((a)) -> flex\n");
    expect("when a in{x ,y , 1 .. 2}->flex", "when a in {x, y, 1..2} -> flex\n");
    expect("when now in {mon .. thu 22:00 .. 06:00 ,sat}->flex",
           "when now in {mon..thu 22:00..06:00, sat} -> flex\n");
    expect("when daily . used>90%->flex", "when daily.used > 90% -> flex\n");
    expect("x :when a is  not\tset->reject\"no\"", "x: when a is not set -> reject \"no\"\n");
    expect("tiers{a,b}", "tiers {a, b}\n");
    expect("attribute team:enum{a,b}=a from header\"X-Team\"",
           "attribute team: enum {a, b} = a from header \"X-Team\"\n");
    expect("attribute n : int", "attribute n: int\n");
    expect("budget daily $50 per day   by team", "budget daily $50 per day by team\n");
    expect("never flex when a", "never flex when a\n");
    expect("expect flex by night when priority=normal,time=23:30",
           "expect flex by night when priority = normal, time = 23:30\n");
    expect("expect reject when a=1", "expect reject when a = 1\n");
}

static void test_kept_as_written(void)
{
    expect("when a > 5_000 or a > 1.5M or a < -3 -> flex",
           "when a > 5_000 or a > 1.5M or a < -3 -> flex\n");
    expect("when m like \"a\\\"  b\\n\" -> flex", "when m like \"a\\\"  b\\n\" -> flex\n");
    expect("when d == 2026-12-25 and t < 1h30m -> flex",
           "when d == 2026-12-25 and t < 1h30m -> flex\n");
    expect("expect flex when now=2026-03-08T02:30:00-05:00",
           "expect flex when now = 2026-03-08T02:30:00-05:00\n");
}

static void test_lines(void)
{
    expect("", "");
    expect(" \n\n ", "");
    expect("\n\n# only\n\n\n", "# only\n");
    expect("edition 1 provider openai\n\n\n\ntimezone \"UTC\"\n\n",
           "edition 1\nprovider openai\n\ntimezone \"UTC\"\n");
    expect("when a\n\n  -> flex", "when a -> flex\n");
    expect("edition 1\r\n\r\n# a \r\nprovider openai # b\t\r\n",
           "edition 1\n\n# a\nprovider openai  # b\n");
    expect("\xEF\xBB\xBFwhen a -> flex", "when a -> flex\n");
    expect("\xEF\xBB\xBF# first\nwhen a -> flex", "# first\nwhen a -> flex\n");
}

static void test_rules_in_columns(void)
{
    expect("pinned: when force_tier is set -> force_tier\n"
           "b: when x -> flex else auto\n"
           "when y == 1 -> auto\n"
           "otherwise -> auto\n",
           "pinned: when force_tier is set -> force_tier\n"
           "b:      when x                 -> flex else auto\n"
           "        when y == 1            -> auto\n"
           "otherwise                      -> auto\n");
    expect("when x -> flex\nwhen long_name -> auto", "when x         -> flex\n"
                                                     "when long_name -> auto\n");
    expect("when x -> flex\n\nlonger: when long_name -> auto",
           "when x -> flex\n\nlonger: when long_name -> auto\n");
    expect("when x -> flex\n# between\nlonger: when long_name -> auto",
           "when x -> flex\n# between\nlonger: when long_name -> auto\n");
    expect("when x -> flex never flex when abc when long_name -> auto",
           "when x -> flex\nnever flex when abc\nwhen long_name -> auto\n");
    /* Columns are counted in code points. */
    expect("when m == \"\xC3\xA4\xC3\xA4\" -> flex when m == \"abc\" -> auto",
           "when m == \"\xC3\xA4\xC3\xA4\"  -> flex\nwhen m == \"abc\" -> auto\n");
}

static void test_lets_in_columns(void)
{
    expect("let large=5k\nlet off-peak=time in 22:00..06:00\nlet s={a,b}",
           "let large    = 5k\nlet off-peak = time in 22:00..06:00\nlet s        = {a, b}\n");
    expect("let a=1\n\nlet long=2", "let a = 1\n\nlet long = 2\n");
}

static void test_comments(void)
{
    expect("# top\n#two\n\nwhen a -> flex# t\n# below\n",
           "# top\n#two\n\nwhen a -> flex  # t\n# below\n");
    expect("when a -> flex # x\nwhen bb -> auto\nwhen c -> flex else auto # y\n",
           "when a  -> flex            # x\n"
           "when bb -> auto\n"
           "when c  -> flex else auto  # y\n");
    expect("never flex when a # x\nexpect auto when bcd=1 #y",
           "never flex when a         # x\nexpect auto when bcd = 1  #y\n");
}

static void test_comments_inside(void)
{
    expect("when a # first\n\n  # second\n or b -> # third\n flex # behind\nwhen long_name -> auto",
           "when a  # first\n"
           "    # second\n"
           "    or b ->  # third\n"
           "    flex  # behind\n"
           "when long_name -> auto\n");
    expect("x # 1\n: # 2\n when a -> flex", "x  # 1\n    :  # 2\n    when a -> flex\n");
    expect("when # 1\n a -> flex", "when  # 1\n    a -> flex\n");
    expect("when a in { # 1\n x, # 2\n y # 3\n } -> flex",
           "when a in {  # 1\n    x,  # 2\n    y  # 3\n    } -> flex\n");
    expect("tiers\n# own\n{a}", "tiers\n    # own\n    {a}\n");
}

#define LONG_A "model == \"a-model-with-a-long-name\""
#define LONG_B "team == \"a-team-with-a-long-name\""
#define LONG_C "user == \"a-user-with-a-long-name\""

static void test_long_lines(void)
{
    expect("r: when " LONG_A " and " LONG_B " -> flex timeout 15m retry 3 else default",
           "r: when " LONG_A " and " LONG_B "\n"
           "    -> flex timeout 15m retry 3 else default\n");
    expect("when " LONG_A " and " LONG_B " or " LONG_C " -> flex",
           "when " LONG_A " and " LONG_B "\n"
           "    or " LONG_C "\n"
           "    -> flex\n");
    expect("when " LONG_A " and " LONG_B " and " LONG_C " or x -> flex", "when " LONG_A "\n"
                                                                         "    and " LONG_B "\n"
                                                                         "    and " LONG_C "\n"
                                                                         "    or x\n"
                                                                         "    -> flex\n");
    expect("when (" LONG_A " or " LONG_B ") and (x or y) and z == \"a longer value\" -> flex",
           "when (" LONG_A " or " LONG_B ")\n"
           "    and (x or y)\n"
           "    and z == \"a longer value\"\n"
           "    -> flex\n");
    /* It takes no part in the columns of its neighbours. */
    expect("a: when x -> flex\nlonger-label: when " LONG_A " and " LONG_B
           " -> flex timeout 15m retry 3\nbc: when yy -> auto",
           "a:  when x  -> flex\n"
           "longer-label: when " LONG_A " and " LONG_B "\n"
           "    -> flex timeout 15m retry 3\n"
           "bc: when yy -> auto\n");
    /* A list is filled. */
    expect(
        "let models = {\"a-model-number-one\", \"a-model-number-two\", \"a-model-number-three\", "
        "\"a-model-number-four\"}",
        "let models = {\"a-model-number-one\", \"a-model-number-two\", \"a-model-number-three\",\n"
        "    \"a-model-number-four\"}\n");
}

static void test_line_of_exactly_100(void)
{
    char text[200], wanted[200];
    for (int more = 0; more < 2; more++) {
        int length = 80 + more; /* `when ` and ` -> auto else x` make 20 */
        char name[100] = {0};
        memset(name, 'n', (size_t)length);
        snprintf(text, sizeof text, "when %s -> auto else x", name);
        snprintf(wanted, sizeof wanted, "when %s%s -> auto else x\n", name, more ? "\n   " : "");
        CU_ASSERT_EQUAL(strlen(text), (size_t)length + 20);
        expect(text, wanted);
    }
}

static void test_includes_are_left(void)
{
    expect("include   \"t.tier\" include \"no/such\"\ninclude \"no/such\"",
           "include \"t.tier\"\ninclude \"no/such\"\ninclude \"no/such\"\n");
}

static void test_refused(void)
{
    static const char *const texts[] = {"when a > -> flex",
                                        "when a && b -> flex",
                                        "when \"a",
                                        "when a = 1 -> flex",
                                        "\xff",
                                        "when a -> flex;",
                                        "hello"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct result result;
        format(&result, text_of(texts[i]));
        CU_ASSERT_EQUAL(result.status, TW_REFUSED);
        CU_ASSERT_EQUAL(result.out.length, 0);
        CU_ASSERT_TRUE(result.findings.error_count > 0);
        release(&result);
    }
}

static void test_limits(void)
{
    struct result result;
    struct text text = TEXT("when priority == low -> flex # comment");
    for (size_t limit = 0; limit < 100000; limit += 512) {
        format_with(&result, text, limit, 1000);
        CU_ASSERT_TRUE(result.status == TW_NO_MEMORY || result.status == TW_OK);
        if (limit < 1024)
            CU_ASSERT_EQUAL(result.status, TW_NO_MEMORY);
        release(&result);
    }
    CU_ASSERT_EQUAL(result.status, TW_OK);
    format_with(&result, text, ARENA_LIMIT, text.length);
    CU_ASSERT_EQUAL(result.status, TW_LIMIT);
    release(&result);
    char *large = malloc(TW_MAX_SOURCE + 1);
    memset(large, ' ', TW_MAX_SOURCE + 1);
    format(&result, (struct text){large, TW_MAX_SOURCE + 1});
    CU_ASSERT_EQUAL(result.status, TW_LIMIT);
    CU_ASSERT_STRING_EQUAL(result.error.message, "a policy has at most 16777216 bytes");
    release(&result);
    free(large);
}

/* Random policies: words of the grammar, with anything that may stand between two words. */
struct random {
    uint64_t state;
    struct buffer out;
    int comments;
};

static uint32_t pick(struct random *random, uint32_t count)
{
    random->state = random->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random->state >> 33) % count;
}

#define PICK(random, ...)                                                                          \
    (((const char *const[]){__VA_ARGS__})[pick(                                                    \
        (random), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))])

static void between(struct random *random)
{
    switch (pick(random, 24)) {
    case 0:
        buffer_format(&random->out, " # inside %d \r\n", random->comments++);
        break;
    case 1:
        buffer_format(&random->out, "\n\n\t#own %d\n\n", random->comments++);
        break;
    case 2:
        buffer_string(&random->out, "\r\n\n\n  ");
        break;
    case 3:
        buffer_string(&random->out, "   \t");
        break;
    default:
        buffer_byte(&random->out, ' ');
    }
}

/* A string is one word, whatever it holds. */
static size_t word_length(const char *words)
{
    if (*words != '"')
        return strcspn(words, " ");
    size_t length = 1;
    while (words[length] != '"')
        length += words[length] == '\\' ? 2 : 1;
    return length + 1;
}

/* Words are separated by single blanks in `words`. */
static void put(struct random *random, const char *words)
{
    for (const char *at = words; *at;) {
        size_t length = word_length(at);
        buffer_append(&random->out, at, length);
        between(random);
        at += length + (at[length] == ' ');
    }
}

static void put_value(struct random *random)
{
    put(random, PICK(random, "5k", "low", "\"a  b\"", "22:00", "$0.05", "90%", "1h30m", "true",
                     "2026-12-25", "-3", "1.5M", "\"\\\"#\""));
}

static void put_set(struct random *random)
{
    put(random, "{");
    for (uint32_t i = 0, count = pick(random, 12); i <= count; i++) {
        if (i)
            put(random, ",");
        if (pick(random, 3))
            put_value(random);
        else
            put(random, PICK(random, "1 .. 5k", "mon .. fri", "mon .. thu 22:00 .. 06:00",
                             "sat 1:00 .. 2:00", "-5 .. -1"));
    }
    put(random, "}");
}

static void put_test(struct random *random)
{
    put(random, PICK(random, "tokens", "daily . used", "model", "off-peak-name"));
    switch (pick(random, 6)) {
    case 0:
        put(random, PICK(random, "is set", "is not set", "like \"gpt-*\"", "not like \"x\""));
        break;
    case 1:
        put(random, PICK(random, "in", "not in"));
        put_set(random);
        break;
    case 2:
        break;
    default:
        put(random, PICK(random, "==", "!=", "<", "<=", ">", ">="));
        put_value(random);
    }
}

static void put_condition(struct random *random, int depth)
{
    for (uint32_t i = 0, count = pick(random, 4); i <= count; i++) {
        if (i)
            put(random, PICK(random, "and", "or"));
        if (pick(random, 5) == 0)
            put(random, "not");
        if (depth < 4 && pick(random, 4) == 0) {
            put(random, "(");
            put_condition(random, depth + 1);
            put(random, ")");
        } else {
            put_test(random);
        }
    }
}

static void put_chain(struct random *random)
{
    put(random, "->");
    for (uint32_t i = 0, count = pick(random, 4); i <= count; i++) {
        if (i)
            put(random, "else");
        put(random,
            PICK(random, "flex", "auto strict", "flex timeout 15m retry 3", "default retry 1"));
    }
    if (pick(random, 4) == 0)
        put(random, PICK(random, "else reject", "else reject \"too  late\""));
}

static void put_statement(struct random *random)
{
    switch (pick(random, 8)) {
    case 0:
        put(random, PICK(random, "edition 1", "provider openai", "tiers { a , b }",
                         "timezone \"UTC\"", "include \"x\"", "budget b $5 per day by team",
                         "attribute n : enum { a , b } = a from header \"H\""));
        break;
    case 1:
    case 2:
        put(random, PICK(random, "let a =", "let long-name ="));
        if (pick(random, 2))
            put_set(random);
        else
            put_condition(random, 0);
        break;
    case 3:
        put(random, PICK(random, "never flex when", "always auto when"));
        put_condition(random, 0);
        break;
    case 4:
        put(random, "expect flex by night when priority = normal , time = 23:30");
        break;
    case 5:
        put(random, "otherwise");
        put_chain(random);
        break;
    default:
        put(random, PICK(random, "when", "pinned : when", "a : when"));
        put_condition(random, 0);
        put_chain(random);
    }
}

/* Every token and comment of a text, one a line, read with the scanner alone. */
static void list_words(struct text content, struct buffer *list)
{
    struct arena arena;
    arena_init(&arena, ARENA_LIMIT);
    struct sources sources = {.arena = &arena};
    struct findings findings = {.sources = &sources, .arena = &arena};
    struct parse parse = {
        .arena = &arena, .token_arena = &arena, .sources = &sources, .findings = &findings};
    struct source *source = sources_add(&sources, TEXT("t"), TEXT(""), content);
    CU_ASSERT_FATAL(source && scan_source(&parse, source, 0));
    CU_ASSERT_EQUAL(findings.count, 0);
    size_t c = 0;
    for (size_t t = 0; t <= source->token_count; t++) {
        uint32_t end = t < source->token_count ? source->tokens[t].span.start : UINT32_MAX;
        for (; c < source->comment_count && source->comments[c].span.start < end; c++) {
            buffer_text(list, text_trim(span_text(&sources, source->comments[c].span)));
            buffer_byte(list, '\n');
        }
        if (t == source->token_count)
            break;
        buffer_format(list, "%d ", source->tokens[t].kind);
        buffer_text(list, span_text(&sources, source->tokens[t].span));
        buffer_byte(list, '\n');
    }
    arena_free(&arena);
}

static bool is_tidy(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char before = i ? text.data[i - 1] : '\n';
        if (text.data[i] == '\r' || text.data[i] == '\t')
            return false;
        if (text.data[i] == '\n' &&
            (before == ' ' || i == 0 || (before == '\n' && text.data[i - 2] == '\n')))
            return false;
    }
    return text.length == 0 || text.data[text.length - 1] == '\n';
}

static void check_random(struct text content)
{
    struct result first, again;
    struct buffer before, after;
    buffer_init(&before, ARENA_LIMIT);
    buffer_init(&after, ARENA_LIMIT);
    format(&first, content);
    if (first.status)
        printf("\n%s in\n%.*s\n", first.error.message, (int)content.length, content.data);
    CU_ASSERT_EQUAL_FATAL(first.status, TW_OK);
    CU_ASSERT_TRUE(is_tidy(buffer_view(&first.out)));
    list_words(content, &before);
    list_words(buffer_view(&first.out), &after);
    CU_ASSERT_TRUE(shows("words", buffer_view(&before), buffer_view(&after)));
    format(&again, buffer_view(&first.out));
    CU_ASSERT_TRUE(shows("fixed point", buffer_view(&first.out), buffer_view(&again.out)));
    release(&first);
    release(&again);
    buffer_free(&before);
    buffer_free(&after);
}

static void test_random_policies(void)
{
    struct random random = {.state = 20261125};
    buffer_init(&random.out, ARENA_LIMIT);
    for (int i = 0; i < 2000; i++) {
        buffer_clear(&random.out);
        for (uint32_t j = 0, count = pick(&random, 12); j <= count; j++)
            put_statement(&random);
        check_random(buffer_view(&random.out));
    }
    CU_ASSERT_TRUE(random.comments > 10000);
    buffer_free(&random.out);
}

UNIT_TESTS({"spaces between words", test_spacing}, {"literals as written", test_kept_as_written},
           {"lines, ends and marks", test_lines}, {"rules in columns", test_rules_in_columns},
           {"lets in columns", test_lets_in_columns}, {"comments", test_comments},
           {"comments inside statements", test_comments_inside},
           {"lines that are too long", test_long_lines},
           {"a line of exactly 100 columns", test_line_of_exactly_100},
           {"includes are not read", test_includes_are_left}, {"texts with errors", test_refused},
           {"limits", test_limits}, {"random policies", test_random_policies})
