/*
 * main() of a test program on platforms without Criterion (base/test.h).
 * Without arguments it runs every test in a process of its own and closes
 * with Criterion's summary words, so that one checker reads both.
 */
#include "base/test.h"

#include <errno.h>
#include <process.h>
#include <stdarg.h>
#include <stdint.h>

enum {
    PASSED = 0,
    FAILED = 1,
    SKIPPED = 77
};

static struct standin_test *first;

void standin_register(struct standin_test *test)
{
    test->next = first;
    first = test;
}

_Noreturn void standin_fail(const char *file, int line, const char *expression, const char *format,
                            ...)
{
    va_list args;

    (void)printf("[FAIL] %s:%d: %s: ", file, line, expression);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
    (void)fflush(stdout);
    exit(FAILED);
}

_Noreturn void standin_skip(const char *format, ...)
{
    va_list args;

    (void)printf("[SKIP] ");
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
    (void)fflush(stdout);
    exit(SKIPPED);
}

static int run_one(const char *wanted)
{
    for (const struct standin_test *test = first; test != NULL; test = test->next) {
        char name[256];

        (void)snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
        if (strcmp(name, wanted) != 0)
            continue;
        test->run();
        return PASSED;
    }
    (void)printf("no such test: %s\n", wanted);
    return FAILED;
}

/* Wine now and then cannot start a process (seen once in some thousand starts). That says nothing of
 * the test, so it is started again, and said. */
static intptr_t start(const char *self, const char *name)
{
    intptr_t status = -1;

    for (int try = 0; try < 3; try++) {
        errno = 0;
        status = _spawnl(_P_WAIT, self, self, name, (char *)NULL);
        if (status != -1 || errno == 0)
            return status;
        (void)printf("[WARN] %s: not started, errno %d\n", name, errno);
    }
    return status;
}

static int run_all(const char *self)
{
    static const char *const words[] = {"PASS", "SKIP", "FAIL"};
    int counts[3] = {0};

    for (const struct standin_test *test = first; test != NULL; test = test->next) {
        char name[256];
        intptr_t status;
        int result;

        (void)snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
        status = start(self, name);
        result = status == PASSED ? 0 : status == SKIPPED ? 1 : 2;
        counts[result]++;
        /* "test", so that a skip is not counted a second time by ci/run-tests */
        (void)printf("test %s %s: status %ld\n", words[result], name, (long)status);
    }
    (void)printf("[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: 0\n",
                 counts[0] + counts[2], counts[0], counts[2]);
    return counts[2] == 0 && counts[0] > 0 ? PASSED : FAILED;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (const struct standin_test *test = first; test != NULL; test = test->next)
            (void)printf("%s/%s\n", test->suite, test->name);
        return PASSED;
    }
    return argc == 2 ? run_one(argv[1]) : run_all(argv[0]);
}
