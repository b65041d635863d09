/* tests/limit/test_hostile.c: texts that nobody writes by accident: very long, very deep, very
 * many, cut, no text at all. Each has to end within LONGEST_SECONDS, with an error that says why or
 * with a program. The last line is "N passed, N failed". */
#include "outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    int passed, failed;
};

enum expected { A_PROGRAM, AN_ERROR, EITHER };

static void judge(const char *name, struct text text, enum expected expected, struct tally *tally)
{
    struct outcome outcome = outcome_of(text, NULL);
    bool good = outcome_good(name, &outcome);
    if (expected != EITHER && (outcome.errors > 0) != (expected == AN_ERROR)) {
        printf("FAILED: %s: %zu errors\n", name, outcome.errors);
        good = false;
    }
    tally->passed += good;
    tally->failed += !good;
}

/* The largest text that is one piece again and again. */
static void test_repeated(const char *piece, struct tally *tally)
{
    struct buffer text;
    char name[60];
    size_t length = strlen(piece);
    buffer_init(&text, TW_MAX_SOURCE);
    while (text.length + length <= TW_MAX_SOURCE)
        buffer_append(&text, piece, length);
    snprintf(name, sizeof name, "16 MB of `%s`", piece[0] == '\n' ? "line ends" : piece);
    judge(name, buffer_view(&text), AN_ERROR, tally);
    buffer_free(&text);
}

static const char *const pieces[] = {
    " ",
    "\n",
    "(",
    ")",
    "{",
    "not ",
    "a or ",
    "\"",
    "\"\" ",
    "a",
    "a-",
    "'",
    "1",
    "$",
    "-",
    ":",
    ";",
    "!",
    "=",
    "->",
    "é",
    "a: ",
    "else flex ",
    "let a = ",
    "let a ",
    "when ",
    "{a,",
    "in {1..2, ",
    "5k5 ",
    "1:1:1",
    "2026-12-25",
    "edition 1\n",
    "#",
    "#\n",
    "// ",
    "\\",
    "\"\\",
    "a.b ",
    "include \"x\"\n",
    "when stream -> flex ",
    "otherwise -> flex\n",
    "budget b $1 per day\n",
    "attribute a : int\n",
    "expect flex when a = 1\n",
    "never flex when a\n",
    "timezone \"Nowhere/Land\"\n",
    "provider x\n",
    "tiers {a}\n",
    "# lint: allow x y\n",
};

static void write_numbered(struct buffer *out, const char *format, size_t count)
    __attribute__((format(printf, 2, 0)));

/* The format takes its number up to three times. */
static void write_numbered(struct buffer *out, const char *format, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char line[400];
        snprintf(line, sizeof line, format, i, i, i);
        buffer_string(out, line);
    }
}

/* A head, a line for each number, and a tail. */
static const struct many {
    const char *name, *head, *line;
    size_t count;
    const char *tail;
    enum expected expected;
} manies[] = {
    {"10,000 rules", "", "r%zu: when tokens > %zu and user like \"a%zu*\" -> flex\n", 10000, "",
     A_PROGRAM},
    {"100,000 small rules", "", "when tokens == %zu -> flex else auto\n", 100000, "", A_PROGRAM},
    {"10,000 lets", "", "let a%zu = tokens > %zu and stream\n", 10000, "when a5 -> flex",
     A_PROGRAM},
    {"10,000 unknown names near 10,000 lets", "",
     "let name_number_%zu = 5\nwhen tokens > name_numbr_%zu -> flex\n", 10000, "", AN_ERROR},
    {"10,000 unknown labels", "",
     "l%zu: when stream -> flex\nexpect flex by m%zu when tokens = 1\n", 10000, "", AN_ERROR},
    {"10,000 times `not` in a row", "when stream", " and not tools and not stream", 10000,
     " -> flex", A_PROGRAM},
    {"a set of 100,000 texts", "when user in {\"a\"", ", \"text %zu\"", 99999, "} -> flex",
     A_PROGRAM},
    {"a set of 1,000,000 numbers", "when tokens in {1", ", %zu", 1000000, "} -> flex", AN_ERROR},
    {"90,000 parts of one `or`", "when stream", " or tokens == %zu", 90000, " -> flex", A_PROGRAM},
    {"1,000,000 steps of `else`", "when stream -> flex", " else flex", 1000000, "", AN_ERROR},
    {"1,000,000 values of an example", "expect flex when tokens = 1", ", tokens = \"x\"", 1000000,
     "", AN_ERROR},
    {"100,000 words of an enum", "attribute a : enum {w", ", w%zu", 100000, "}", AN_ERROR},
    {"100,000 tiers", "tiers {t", ", t%zu", 100000, "}", AN_ERROR},
    {"200,000 lets on one another, upwards", "let a0 = stream\n", "let b%zu = not a0\n", 200000,
     "when b7 -> flex", A_PROGRAM},
    {"2,000 allow comments", "", "# lint: allow unused-let kept\nlet a%zu = 5\n", 2000,
     "when stream -> flex", EITHER},
    {"2,000 patterns", "", "when user like \"*%zu?%zu*\" -> flex\n", 2000, "", A_PROGRAM},
    {"1,000 nights", "", "when now in {mon..thu 22:00..06:%02zu, sat} -> flex\n", 60, "",
     A_PROGRAM},
};

static void test_many(const struct many *many, struct tally *tally)
{
    struct buffer text;
    buffer_init(&text, TW_MAX_SOURCE);
    buffer_string(&text, many->head);
    write_numbered(&text, many->line, many->count);
    buffer_string(&text, many->tail);
    judge(many->name, buffer_view(&text), many->expected, tally);
    buffer_free(&text);
}

/* Names that each use the one before, or the one behind them. */
static const struct tower {
    const char *name, *first, *line, *use;
    size_t count;
    bool upwards;
    enum expected expected;
} towers[] = {
    {"conditions, doubled 64 times", "stream", "a%zu and not a%zu", "a%zu", 64, false, AN_ERROR},
    {"conditions, doubled 13 times", "user != \"x\"", "a%zu or not a%zu", "a%zu", 14, false,
     A_PROGRAM},
    {"sets, doubled 60 times", "{1, 2}", "{a%zu, a%zu}", "tokens in a%zu", 60, false, AN_ERROR},
    {"wrong sets, doubled 60 times", "{wrong}", "{a%zu, a%zu}", "tokens in a%zu", 60, false,
     AN_ERROR},
    {"aliases, 100,000 deep", "5", "a%zu", "tokens > a%zu", 100000, false, AN_ERROR},
    {"aliases, 100,000 deep, backwards", "5", "a%zu", "tokens > a%zu", 100000, true, AN_ERROR},
    {"conditions, 100,000 deep", "stream", "a%zu and tools", "a%zu", 100000, false, AN_ERROR},
    {"conditions, 100,000 deep, backwards", "stream", "a%zu and tools", "a%zu", 100000, true,
     AN_ERROR},
    {"timeouts, 100,000 deep", "5m", "a%zu", NULL, 100000, false, AN_ERROR},
};

static void write_tower_line(struct buffer *out, const struct tower *tower, size_t number)
{
    char right[100];
    size_t below = tower->upwards ? number + 1 : number - 1;
    bool first = tower->upwards ? number + 1 == tower->count : number == 0;
    snprintf(right, sizeof right, first ? tower->first : tower->line, below, below);
    buffer_format(out, "let a%zu = %s\n", number, right);
}

static void test_tower(const struct tower *tower, struct tally *tally)
{
    struct buffer text;
    char use[60];
    size_t top = tower->upwards ? 0 : tower->count - 1;
    buffer_init(&text, TW_MAX_SOURCE);
    for (size_t i = 0; i < tower->count; i++)
        write_tower_line(&text, tower, i);
    if (tower->use) {
        snprintf(use, sizeof use, tower->use, top);
        buffer_format(&text, "when %s -> flex\n", use);
    } else {
        buffer_format(&text, "when stream -> flex timeout a%zu\n", top);
    }
    judge(tower->name, buffer_view(&text), tower->expected, tally);
    buffer_free(&text);
}

/* Rules that each write out a large condition. */
static void test_many_large(struct tally *tally)
{
    struct buffer text;
    buffer_init(&text, TW_MAX_SOURCE);
    buffer_string(&text, "let a0 = user != \"x\"\n");
    for (int i = 1; i < 16; i++)
        buffer_format(&text, "let a%d = a%d or not a%d\n", i, i - 1, i - 1);
    for (int i = 0; i < 1000; i++)
        buffer_string(&text, "when a15 or model != \"x\" -> flex\n");
    judge("1,000 rules of 65,000 parts", buffer_view(&text), AN_ERROR, tally);
    buffer_free(&text);
}

static void test_bytes(struct tally *tally)
{
    struct buffer text;
    uint64_t state = 1;
    buffer_init(&text, TW_MAX_SOURCE);
    judge("nothing", (struct text){"", 0}, AN_ERROR, tally);
    judge("a byte order mark", TEXT("\xEF\xBB\xBF"), AN_ERROR, tally);
    judge("a zero byte", (struct text){"", 1}, AN_ERROR, tally);
    judge("Latin-1", TEXT("when user == \"na\xefve\" -> flex"), AN_ERROR, tally);
    judge("a zero byte in a string", (struct text){"when user == \"\0\" -> flex", 22}, AN_ERROR,
          tally);
    judge("UTF-16", (struct text){"\xff\xfew\0h\0e\0n\0", 10}, AN_ERROR, tally);
    judge("a surrogate", TEXT("# \xed\xa0\x80"), AN_ERROR, tally);
    buffer_byte(&text, '#');
    buffer_repeat(&text, '\0', TW_MAX_SOURCE - 1);
    judge("16 MB of zero bytes in a comment", buffer_view(&text), AN_ERROR, tally);
    buffer_clear(&text);
    for (size_t i = 0; i < TW_MAX_SOURCE; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        buffer_byte(&text, (char)(state >> 56));
    }
    judge("16 MB of random bytes", buffer_view(&text), AN_ERROR, tally);
    for (size_t i = 0; i < text.length; i++)
        text.data[i] &= 0x7f;
    judge("16 MB of random ASCII", buffer_view(&text), AN_ERROR, tally);
    buffer_free(&text);
}

/* A real policy, cut at every byte, and with each byte taken out. */
static void test_cuts(const char *path, struct tally *tally)
{
    struct arena arena;
    struct text content, identity;
    arena_init(&arena, 1 << 20);
    if (read_from_disk.read(NULL, &arena, text_of(path), &content, &identity) != TW_OK)
        abort();
    size_t bad = 0;
    char *copy = arena_alloc(&arena, content.length, 1);
    for (size_t cut = 0; copy && cut < content.length; cut++) {
        struct outcome outcome = outcome_of((struct text){content.data, cut}, NULL);
        bad += outcome.status != TW_OK || outcome.seconds > LONGEST_SECONDS;
        memcpy(copy, content.data, cut);
        memcpy(copy + cut, content.data + cut + 1, content.length - cut - 1);
        outcome = outcome_of((struct text){copy, content.length - 1}, NULL);
        bad += outcome.status != TW_OK || outcome.seconds > LONGEST_SECONDS;
    }
    printf("%s, cut at %zu places: %zu bad\n", strrchr(path, '/') + 1, content.length, bad);
    tally->passed += bad == 0;
    tally->failed += bad > 0;
    arena_free(&arena);
}

int main(void)
{
    struct tally tally = {0};
    test_bytes(&tally);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        test_repeated(pieces[i], &tally);
    for (size_t i = 0; i < sizeof manies / sizeof manies[0]; i++)
        test_many(&manies[i], &tally);
    for (size_t i = 0; i < sizeof towers / sizeof towers[0]; i++)
        test_tower(&towers[i], &tally);
    test_many_large(&tally);
    test_cuts(TIERWAY_SOURCE_DIR "/tests/fuzz/corpus/policy/everything.tier", &tally);
    printf("%d passed, %d failed\n", tally.passed, tally.failed);
    return tally.failed > 0;
}
