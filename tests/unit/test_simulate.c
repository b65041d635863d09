/* tests/unit/test_simulate.c: the parts of a replay: instants, frames, formats, shares, conditions.
 */
#include "unit.h"

#include "simulate/gates.h"
#include "simulate/log_frames.h"
#include "simulate/simulation.h"

#include <stdlib.h>
#include <unistd.h>

static const char policy_text[] = "attribute team : string\n"
                                  "cheap: when team == \"x\" -> flex else priority else default\n"
                                  "lone:  when tokens > 100 -> flex strict\n"
                                  "otherwise -> default\n";

static tw_policy *compile(const char *text)
{
    tw_policy *policy = NULL;
    CU_ASSERT_EQUAL_FATAL(tw_policy_compile("test.tier", text, strlen(text), &policy, NULL), TW_OK);
    return policy;
}

static void test_instants(void)
{
    static const struct {
        const char *text;
        int64_t instant;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-03-08T02:30:00-05:00", 1772955000000},
        {"2026-03-08T07:30:00.125Z", 1772955000125},
        {"2026-03-08 07:30:00.125999", 1772955000125},
        {"2026-03-08 07:30:00+00", 1772955000000},
        {"2026-03-08 13:00:00+0530", 1772955000000},
        {"1772955000", 1772955000000},
        {"1772955000.5", 1772955000500},
        {"1772955000125", 1772955000125},
    };
    static const char *const bad[] = {"",
                                      "now",
                                      "22:00",
                                      "2026-03-08",
                                      "2026-13-08T00:00:00Z",
                                      "1.5.2",
                                      "-5",
                                      "17729550.",
                                      "2026-03-08T07:30:00Zx",
                                      "2026-03-08T24:00:00Z",
                                      "1969-12-31T23:59:59Z",
                                      "9999999999999999",
                                      "2026-03-08T07:30:00+5"};
    int64_t instant;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CU_ASSERT_TRUE(log_instant_parse(text_of(good[i].text), &instant));
        CU_ASSERT_EQUAL(instant, good[i].instant);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CU_ASSERT_FALSE(log_instant_parse(text_of(bad[i]), &instant));
}

/* A file with the text, open for reading from its start. */
static int file_of(const char *text, size_t length)
{
    char path[] = "/tmp/tierway-test-XXXXXX";
    int descriptor = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(descriptor >= 0);
    unlink(path);
    CU_ASSERT_EQUAL_FATAL(write(descriptor, text, length), (ssize_t)length);
    lseek(descriptor, 0, SEEK_SET);
    return descriptor;
}

struct wanted_frame {
    const char *text;
    int64_t line;
};

static void expect_frames(const char *text, enum log_framing framing,
                          const struct wanted_frame *wanted)
{
    struct log_frames frames;
    struct text frame;
    struct tw_error error;
    int descriptor = file_of(text, strlen(text));
    log_frames_init(&frames, descriptor);
    for (; wanted->text; wanted++) {
        CU_ASSERT_EQUAL_FATAL(log_frames_next(&frames, &frame, &error), FRAME_READ);
        CU_ASSERT_TRUE(text_is(frame, wanted->text));
        CU_ASSERT_EQUAL(frames.line, wanted->line);
    }
    CU_ASSERT_EQUAL(log_frames_next(&frames, &frame, &error), FRAME_END);
    CU_ASSERT_EQUAL(frames.framing, framing);
    log_frames_free(&frames);
    close(descriptor);
}

static void test_frames(void)
{
    expect_frames("\xEF\xBB\xBF{\"a\":1}\r\n\n  {\"b\":2}\nbroken", FRAME_LINES,
                  (const struct wanted_frame[]){
                      {"{\"a\":1}", 1}, {"{\"b\":2}", 3}, {"broken", 4}, {NULL, 0}});
    expect_frames(
        "[{\"a\":\"]}\\\"\"},\n{\"b\":[{}]}]", FRAME_OBJECTS,
        (const struct wanted_frame[]){{"{\"a\":\"]}\\\"\"}", 1}, {"{\"b\":[{}]}", 2}, {NULL, 0}});
    expect_frames(
        "{\n\"a\": 1\n}\n{\n\"b\": 2\n}\n", FRAME_OBJECTS,
        (const struct wanted_frame[]){{"{\n\"a\": 1\n}", 1}, {"{\n\"b\": 2\n}", 4}, {NULL, 0}});
    expect_frames(
        "a,b\n1,\"x\ny\"\n3,4", FRAME_ROWS,
        (const struct wanted_frame[]){{"a,b", 1}, {"1,\"x\ny\"", 2}, {"3,4", 4}, {NULL, 0}});
    expect_frames("", FRAME_UNKNOWN, (const struct wanted_frame[]){{NULL, 0}});
}

/* One line over the limit between two that are not. */
static void test_a_long_line_is_passed_over(void)
{
    struct log_frames frames;
    struct text frame;
    struct tw_error error;
    size_t length = LOG_LINE_MAX + (3 << 20);
    char *text = malloc(length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, 'x', length);
    memcpy(text, "{}\n", 3);
    memcpy(text + length - 4, "\n{ }", 4);
    int descriptor = file_of(text, length);
    log_frames_init(&frames, descriptor);
    CU_ASSERT_EQUAL(log_frames_next(&frames, &frame, &error), FRAME_READ);
    CU_ASSERT_EQUAL(log_frames_next(&frames, &frame, &error), FRAME_TOO_LONG);
    CU_ASSERT_EQUAL(frames.line, 2);
    CU_ASSERT_EQUAL(log_frames_next(&frames, &frame, &error), FRAME_READ);
    CU_ASSERT_TRUE(text_is(frame, "{ }"));
    CU_ASSERT_EQUAL(frames.line, 3);
    CU_ASSERT_EQUAL(log_frames_next(&frames, &frame, &error), FRAME_END);
    log_frames_free(&frames);
    close(descriptor);
    free(text);
}

/* A replay of a text, against nothing. */
struct fixture {
    tw_policy *policy;
    struct price_table *prices;
    struct simulation *simulation;
};

static void fixture_open(struct fixture *fixture)
{
    fixture->policy = compile(policy_text);
    CU_ASSERT_EQUAL_FATAL(price_table_builtin(TEXT("seed"), &fixture->prices, NULL), TW_OK);
    fixture->simulation = calloc(1, sizeof *fixture->simulation);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fixture->simulation);
    const struct simulation_options options = {
        .policies = {NULL, fixture->policy}, .prices = fixture->prices, .served = TEXT("")};
    CU_ASSERT_EQUAL_FATAL(simulation_open(fixture->simulation, &options, NULL), TW_OK);
}

static void fixture_close(struct fixture *fixture)
{
    simulation_close(fixture->simulation);
    free(fixture->simulation);
    price_table_free(fixture->prices);
    tw_policy_free(fixture->policy);
}

static void replay(struct fixture *fixture, const char *log)
{
    const struct log_options options = {.detect = true, .policies = {NULL, fixture->policy}};
    const struct log_listener listener = {.context = fixture->simulation,
                                          .record = simulation_take,
                                          .broken = simulation_take_broken};
    struct tw_error error;
    int descriptor = file_of(log, strlen(log));
    CU_ASSERT_EQUAL(log_read(descriptor, &options, &listener, &error), TW_OK);
    close(descriptor);
    CU_ASSERT_EQUAL(simulation_finish(fixture->simulation, &error), TW_OK);
}

static const struct note *note_of(const struct simulation *simulation, enum note_kind kind)
{
    for (size_t i = 0; i < simulation->notes.count; i++)
        if (simulation->notes.items[i]->kind == kind)
            return simulation->notes.items[i];
    return NULL;
}

/* flex refuses a tenth, priority a fifth: of the first rule's requests they serve 90 % and 8 %, and
 * default 2 %. A request of 1,000,000 input tokens costs $2.50, half of that at flex. */
static void test_shares_are_exact(void)
{
    struct fixture fixture;
    struct figures figures;
    fixture_open(&fixture);
    simulation_assume(fixture.simulation, TEXT("flex"), 100000, -1, GIVEN);
    simulation_assume(fixture.simulation, TEXT("priority"), 200000, -1, GIVEN);
    replay(&fixture,
           "{\"model\":\"m\",\"team\":\"x\",\"input_tokens\":1000000,\"output_tokens\":0}\n"
           "{\"model\":\"m\",\"team\":\"y\",\"input_tokens\":1000000,\"output_tokens\":0}\n"
           "{\"model\":\"m\",\"team\":\"y\",\"input_tokens\":100,\"output_tokens\":0}\n");
    CU_ASSERT_EQUAL_FATAL(figures_make(&figures, fixture.simulation, NULL), TW_OK);
    CU_ASSERT_EQUAL(figures.tier_count, 3);
    /* 1.25 * 0.9 + 2.5 * 0.08 + 2.5 * 0.02, then 1.25 * 0.9 of the strict one, then 0.00025 */
    __int128 wanted = (__int128)2500250000000 * SHARE_ALL;
    CU_ASSERT_TRUE(figures_new_cost(&figures) == wanted);
    CU_ASSERT_TRUE(figures.unserved[SIDE_NEW] == SHARE_ALL / 10);
    CU_ASSERT_EQUAL(fixture.simulation->evaluated, 3);
    CU_ASSERT_EQUAL(fixture.simulation->compared, 0);
    figures_free(&figures);
    fixture_close(&fixture);
}

static void test_what_cannot_be_read(void)
{
    struct fixture fixture;
    fixture_open(&fixture);
    replay(&fixture, "{\"model\":\"m\",\"input_tokens\":1,\"output_tokens\":1}\n"
                     "{\"model\":\n"
                     "[1]\n"
                     "{\"input_tokens\":-1}\n"
                     "{\"team\":5,\"input_tokens\":1}\n"
                     "{\"outcome\":\"denied\"}\n");
    CU_ASSERT_EQUAL(fixture.simulation->requests, 6);
    CU_ASSERT_EQUAL(fixture.simulation->evaluated, 1);
    const struct note *broken = note_of(fixture.simulation, NOTE_BROKEN);
    CU_ASSERT_PTR_NOT_NULL_FATAL(broken);
    CU_ASSERT_EQUAL(broken->requests, 3);
    CU_ASSERT_EQUAL(broken->first_line, 2);
    const struct note *bad = note_of(fixture.simulation, NOTE_BAD_VALUE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(bad);
    CU_ASSERT_TRUE(text_is(bad->subject, "team"));
    CU_ASSERT_PTR_NOT_NULL(note_of(fixture.simulation, NOTE_NOT_ROUTED));
    fixture_close(&fixture);
}

/* Memory stays flat: models and notes past their limits go together. */
static void test_limits_of_what_is_told_apart(void)
{
    struct fixture fixture;
    struct buffer log;
    fixture_open(&fixture);
    buffer_init(&log, 16 << 20);
    for (int i = 0; i < MODELS_MAX + 500; i++)
        buffer_format(&log,
                      "{\"model\":\"m%d\",\"input_tokens\":1,\"output_tokens\":1,"
                      "\"tier\":\"t%d\"}\n",
                      i, i);
    replay(&fixture, log.data);
    CU_ASSERT_EQUAL(fixture.simulation->model_count, MODELS_MAX);
    CU_ASSERT_EQUAL(fixture.simulation->other_models.sums.requests, 500);
    CU_ASSERT_EQUAL(fixture.simulation->tiers.count, TIERS_MAX);
    CU_ASSERT_EQUAL(fixture.simulation->compared, MODELS_MAX + 500);
    buffer_free(&log);
    fixture_close(&fixture);
}

static void test_conditions_that_are_none(void)
{
    static const char *const bad[] = {
        "",          "cost",          "cost >",      "cost > 5%", "cost = $5",   "costs > $5",
        "flex > $5", "changed > +1%", "cost > five", "> 5",       "saved > +$1", "latency > 5"};
    tw_policy *policy = compile(policy_text);
    const tw_policy *const policies[SIDES] = {NULL, policy};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct gate gate;
        struct tw_error error = {0};
        CU_ASSERT_NOT_EQUAL(gate_parse(text_of(bad[i]), policies, &gate, &error), TW_OK);
        CU_ASSERT_NOT_EQUAL(error.message[0], '\0');
    }
    tw_policy_free(policy);
}

static void expect_gate(const struct fixture *fixture, const struct figures *figures,
                        const char *text, bool wanted)
{
    const tw_policy *const policies[SIDES] = {NULL, fixture->policy};
    struct gate gate;
    bool holds = !wanted;
    CU_ASSERT_EQUAL_FATAL(gate_parse(text_of(text), policies, &gate, NULL), TW_OK);
    CU_ASSERT_EQUAL(gate_holds(&gate, figures, &holds, NULL), TW_OK);
    CU_ASSERT_EQUAL(holds, wanted);
    if (holds != wanted)
        fprintf(stderr, "%s\n", text);
}

/* Four requests of $2.50 at default: two are served at flex for half, as the log has them. */
static void test_conditions(void)
{
    struct fixture fixture;
    struct figures figures;
    static const struct {
        const char *text;
        bool holds;
    } gates[] = {
        {"cost > $7.50", false},      {"cost >= $7.50", true},      {"cost<$7.51", true},
        {"cost > -25%", false},       {"cost >= -25%", true},       {"cost <= -$2.50", true},
        {"cost < -$2.50", false},     {"saved >= $2.50", true},     {"saved >= 25%", true},
        {"saved > 25%", false},       {"changed > 1", true},        {"changed > 50%", false},
        {"changed >= 50%", true},     {"flex >= 50%", true},        {"flex > 2", false},
        {"default <= 2", true},       {"unpriced > 0", false},      {"unevaluated > 0", true},
        {"unevaluated >= 20%", true}, {"unevaluated > 20%", false}, {"rejected > 0", false},
        {"refused > 0", false},       {"latency > 1s", false},      {"latency <= 1s", true},
    };
    fixture_open(&fixture);
    replay(&fixture, "{\"tokens\":500,\"input_tokens\":1000000,\"output_tokens\":0,\"tier\":"
                     "\"default\",\"latency_ms\":1000}\n"
                     "{\"tokens\":500,\"input_tokens\":1000000,\"output_tokens\":0,\"tier\":"
                     "\"default\",\"latency_ms\":1000}\n"
                     "{\"tokens\":5,\"input_tokens\":1000000,\"output_tokens\":0,\"tier\":"
                     "\"default\",\"latency_ms\":1000}\n"
                     "{\"tokens\":5,\"input_tokens\":1000000,\"output_tokens\":0,\"tier\":"
                     "\"default\",\"latency_ms\":1000}\n"
                     "broken\n");
    fixture.simulation->tiers.lines[1].latency = 1000;
    CU_ASSERT_EQUAL_FATAL(figures_make(&figures, fixture.simulation, NULL), TW_OK);
    for (size_t i = 0; i < sizeof gates / sizeof gates[0]; i++)
        expect_gate(&fixture, &figures, gates[i].text, gates[i].holds);
    figures_free(&figures);
    fixture_close(&fixture);
}

/* Without a word on what served there is nothing to compare with. */
static void test_conditions_that_cannot_be_told(void)
{
    static const char *const unknown[] = {"cost > +5%", "changed > 1", "latency > 1s"};
    struct fixture fixture;
    struct figures figures;
    fixture_open(&fixture);
    replay(&fixture, "{\"input_tokens\":1,\"output_tokens\":0}\n");
    CU_ASSERT_EQUAL_FATAL(figures_make(&figures, fixture.simulation, NULL), TW_OK);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        const tw_policy *const policies[SIDES] = {NULL, fixture.policy};
        struct gate gate;
        bool holds;
        CU_ASSERT_EQUAL_FATAL(gate_parse(text_of(unknown[i]), policies, &gate, NULL), TW_OK);
        CU_ASSERT_EQUAL(gate_holds(&gate, &figures, &holds, NULL), TW_UNKNOWN);
    }
    figures_free(&figures);
    fixture_close(&fixture);
}

UNIT_TESTS({"instants", test_instants}, {"frames", test_frames},
           {"a long line", test_a_long_line_is_passed_over},
           {"shares are exact", test_shares_are_exact},
           {"what cannot be read", test_what_cannot_be_read},
           {"limits of what is told apart", test_limits_of_what_is_told_apart},
           {"conditions that are none", test_conditions_that_are_none},
           {"conditions", test_conditions},
           {"conditions that cannot be told", test_conditions_that_cannot_be_told})
