/*
 * Tests are written once, with Criterion's macros, beside the code they test
 * (policy_test.c beside policy.c). Where Criterion has no port the same
 * sources are built with the small stand-in below: one process per test,
 * `program --list` and `program SUITE/NAME`.
 *
 * Rules that keep tests honest (STYLE.md, section 2): a test's name is a
 * claim; assertions carry a message where the expression does not say enough;
 * the build counts Test( lines and ctest fails when a different number ran.
 * Use only: Test, cr_assert, cr_assert_not, cr_assert_eq, cr_assert_neq,
 * cr_assert_str_eq, cr_assert_null, cr_assert_not_null, cr_assert_fail,
 * cr_skip_test.
 */
#ifndef HOLDFAST_BASE_TEST_H
#define HOLDFAST_BASE_TEST_H

#if defined(__has_include)
#if __has_include(<criterion/criterion.h>) && !defined(HOLDFAST_TEST_STANDIN)
#define HOLDFAST_HAS_CRITERION 1
#endif
#endif

#if defined(HOLDFAST_HAS_CRITERION)

#include <criterion/criterion.h>

#else

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct standin_test {
    const char *suite;
    const char *name;
    void (*run)(void);
    struct standin_test *next;
};

void standin_register(struct standin_test *test);
_Noreturn void standin_fail(const char *file, int line, const char *expression, const char *format,
                            ...);
_Noreturn void standin_skip(const char *format, ...);

/* Tests are linked as object files, never from an archive, so constructors are not lost. */
#define Test(suite_, name_, ...)                                                           \
    static void test_##suite_##_##name_(void);                                             \
    static struct standin_test entry_##suite_##_##name_ = {#suite_, #name_,                \
                                                           test_##suite_##_##name_, NULL}; \
    __attribute__((constructor)) static void register_##suite_##_##name_(void)             \
    {                                                                                      \
        standin_register(&entry_##suite_##_##name_);                                       \
    }                                                                                      \
    static void test_##suite_##_##name_(void)

#define STANDIN_CHECK(condition, ...) \
    ((condition) ? (void)0 : standin_fail(__FILE__, __LINE__, #condition, "" __VA_ARGS__))

#define cr_assert(condition, ...)          STANDIN_CHECK(condition, __VA_ARGS__)
#define cr_assert_not(condition, ...)      STANDIN_CHECK(!(condition), __VA_ARGS__)
#define cr_assert_eq(actual, wanted, ...)  STANDIN_CHECK((actual) == (wanted), __VA_ARGS__)
#define cr_assert_neq(actual, wanted, ...) STANDIN_CHECK((actual) != (wanted), __VA_ARGS__)
#define cr_assert_null(actual, ...)        STANDIN_CHECK((actual) == NULL, __VA_ARGS__)
#define cr_assert_not_null(actual, ...)    STANDIN_CHECK((actual) != NULL, __VA_ARGS__)
#define cr_assert_str_eq(actual, wanted, ...) \
    STANDIN_CHECK(strcmp((actual), (wanted)) == 0, __VA_ARGS__)
#define cr_assert_fail(...) standin_fail(__FILE__, __LINE__, "fail", "" __VA_ARGS__)
#define cr_skip_test(...)   standin_skip("" __VA_ARGS__)

#endif
#endif
