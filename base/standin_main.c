/*
 * main() of a test program on platforms without Criterion (base/test.h).
 * Without arguments it runs every test in a process of its own and closes
 * with Criterion's summary words, so that one checker reads both.
 */
#include "base/test.h"

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

static int run_all(const char *self)
{
    int counts[3] = {0};

    for (const struct standin_test *test = first; test != NULL; test = test->next) {
        char name[256];
        intptr_t status;

        (void)snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
        status = _spawnl(_P_WAIT, self, self, name, (char *)NULL);
        counts[status == PASSED ? 0 : status == SKIPPED ? 1 : 2]++;
        if (status != PASSED && status != SKIPPED)
            (void)printf("[FAIL] %s: status %ld\n", name, (long)status);
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
