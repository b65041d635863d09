/* tests/unit/unit.h: what every unit test program shares: a table of tests and a main.
 *
 *     UNIT_TESTS({"name of the test", function}, ...)
 *
 * The exit status is 0 only if every assertion held and at least one test ran. */
#ifndef TIERWAY_TESTS_UNIT_H
#define TIERWAY_TESTS_UNIT_H

#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <string.h>

struct unit_test {
    const char *name;
    CU_TestFunc run;
};

static int unit_main(const char *suite_name, const struct unit_test *tests, size_t count)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    for (size_t i = 0; i < count; i++)
        if (!suite || !CU_add_test(suite, tests[i].name, tests[i].run))
            return 1;
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() > 0 || CU_get_number_of_tests_run() != count;
    CU_cleanup_registry();
    return failed;
}

#define UNIT_TESTS(...)                                                                            \
    int main(void)                                                                                 \
    {                                                                                              \
        static const struct unit_test tests[] = {__VA_ARGS__};                                     \
        return unit_main(__FILE__, tests, sizeof tests / sizeof tests[0]);                         \
    }

#endif
