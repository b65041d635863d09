/* tests/unit/test_validate.c: a program that does not do what its policy means is refused. */
#include "unit.h"

#include "front/front.h"
#include "program/validate.h"

#include <stdio.h>

/* A policy with what lowering makes of it, and its program. */
struct subject {
    struct front front;
    struct lowered lowered;
    tw_policy *program;
};

static void open_subject(struct subject *subject, const char *text)
{
    *subject = (struct subject){0};
    CU_ASSERT_EQUAL_FATAL(
        front_read(&subject->front, TEXT("test.tier"), text_of(text), &read_from_disk), TW_OK);
    CU_ASSERT_EQUAL_FATAL(subject->front.findings.error_count, 0);
    CU_ASSERT_EQUAL_FATAL(compile_front(&subject->front, &subject->program, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(
        lower_policy(&subject->lowered, &subject->front.arena, &subject->front.policy, ANY_PLAN),
        TW_OK);
}

static void close_subject(struct subject *subject)
{
    lowered_free(&subject->lowered);
    tw_policy_free(subject->program);
    front_free(&subject->front);
}

/* What comes of running `wrong` as the program of `meant`. */
static enum tw_status validate(const char *meant, const char *wrong, struct tw_error *error)
{
    struct subject policy, other;
    open_subject(&policy, meant);
    open_subject(&other, wrong);
    CU_ASSERT_EQUAL(validate_program(&policy.lowered, policy.program, error), TW_OK);
    enum tw_status status = validate_program(&policy.lowered, other.program, error);
    close_subject(&policy);
    close_subject(&other);
    return status;
}

static void test_boundary(void)
{
    struct tw_error error = {0};
    CU_ASSERT_EQUAL(validate("when tokens > 5000 -> flex else default",
                             "when tokens >= 5000 -> flex else default", &error),
                    TW_INTERNAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "report"));
    CU_ASSERT_EQUAL(validate("when tokens > 5000 -> flex else default",
                             "when tokens > 5001 -> flex else default", &error),
                    TW_INTERNAL);
}

static void test_order_of_rules(void)
{
    struct tw_error error = {0};
    CU_ASSERT_EQUAL(validate("when tokens > 5 -> flex else default\n"
                             "when priority == low -> default\n",
                             "when priority == low -> default\n"
                             "when tokens > 5 -> flex else default\n",
                             &error),
                    TW_INTERNAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "rule"));
}

static void test_texts(void)
{
    struct tw_error error = {0};
    CU_ASSERT_EQUAL(validate("when model like \"gpt-4*\" -> flex else default",
                             "when model like \"gpt-4?*\" -> flex else default", &error),
                    TW_INTERNAL);
    CU_ASSERT_EQUAL(validate("when model in {\"a\", \"b\"} -> flex else default",
                             "when model in {\"a\", \"c\"} -> flex else default", &error),
                    TW_INTERNAL);
}

static void test_unset(void)
{
    struct tw_error error = {0};
    CU_ASSERT_EQUAL(validate("when force_tier is set or tokens > 9 -> flex else default",
                             "when not force_tier is set or tokens > 9 -> flex else default",
                             &error),
                    TW_INTERNAL);
}

/* N rules, one of them with another threshold: each rule is looked at, however many there are. */
static void test_one_of_many(void)
{
    enum { RULES = 3000 };
    struct tw_error error = {0};
    struct buffer texts[2];
    for (int i = 0; i < 2; i++) {
        buffer_init(&texts[i], 1 << 20);
        for (int rule = 0; rule < RULES; rule++)
            buffer_format(&texts[i], "when model == \"m%d\" and tokens > %d -> flex else default\n",
                          rule, 100 + rule + (i && rule == 2047));
    }
    CU_ASSERT_EQUAL(validate(texts[0].data, texts[1].data, &error), TW_INTERNAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "2047"));
    buffer_free(&texts[0]);
    buffer_free(&texts[1]);
}

UNIT_TESTS({"a boundary off by one", test_boundary},
           {"rules in another order", test_order_of_rules}, {"texts and patterns", test_texts},
           {"what is not set", test_unset}, {"one rule of many", test_one_of_many})
