#include "base/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "conformance/expectation.h"

static int read_text(struct expectation_list *list, const char *text, struct error *err)
{
    char path[64];
    int result;

    (void)snprintf(path, sizeof path, "expectation-test-%ld.tmp", (long)getpid());
    if (os_replace_file(path, text, strlen(text), err) < 0)
        return -1;
    result = expectation_list_read(list, path, err);
    (void)remove(path);
    return result;
}

static void expect_refusal(const char *text, const char *complaint)
{
    struct expectation_list list = {0};
    struct error err = {0};

    cr_assert_eq(read_text(&list, text, &err), -1, "accepted: %s", text);
    cr_assert_not_null(strstr(err.message, complaint), "said: %s", err.message);
}

Test(expectation, fits_by_pattern_identity_and_abi)
{
    struct expectation_list list = {0};
    struct error err = {0};

    cr_assert_eq(read_text(&list,
                           "{\"mode\":\"m\",\"expires\":\"2031-12-31\",\"gaps\":["
                           "{\"case\":\"fs.trunc*\",\"landlock_abi_below\":3,\"reason\":\"r1\","
                           "\"source\":\"s\"},"
                           "{\"case\":\"fs.chmod\",\"identity\":\"root\",\"reason\":\"r2\","
                           "\"source\":\"s\",\"expires\":\"2030-01-31\"},"
                           "{\"case\":\"net.x\",\"landlock_abi_from\":4,\"reason\":\"r3\","
                           "\"source\":\"s\"}]}",
                           &err),
                 0, "%s", err.message);
    cr_assert_not_null(expectation_find(&list, "fs.truncate-path", "user", 2));
    cr_assert_null(expectation_find(&list, "fs.truncate-path", "user", 3));
    cr_assert_not_null(expectation_find(&list, "fs.chmod", "root", 7));
    cr_assert_str_eq(expectation_find(&list, "fs.chmod", "root", 7)->expires, "2030-01-31");
    cr_assert_str_eq(expectation_find(&list, "net.x", "user", 4)->expires, "2031-12-31");
    cr_assert_null(expectation_find(&list, "fs.chmod", "user", 7));
    cr_assert_null(expectation_find(&list, "net.x", "user", 3));
    cr_assert_not_null(expectation_find(&list, "net.x", "user", 4));
    cr_assert_null(expectation_find(&list, "fs.write-direct", "user", 7));
    expectation_list_done(&list);
}

Test(expectation, a_gap_needs_reason_source_and_day)
{
    expect_refusal("{\"mode\":\"m\",\"gaps\":[{\"case\":\"a\",\"source\":\"s\"}]}", "reason");
    expect_refusal("{\"mode\":\"m\",\"gaps\":[{\"case\":\"a\",\"reason\":\"\",\"source\":\"s\"}]}",
                   "gaps[0]");
    expect_refusal("{\"mode\":\"m\",\"gaps\":[{\"case\":\"a\",\"reason\":\"r\",\"source\":\"s\","
                   "\"identity\":\"me\"}]}",
                   "identity");
    expect_refusal("{\"mode\":\"m\",\"gaps\":[{\"case\":\"a\",\"reason\":\"r\",\"source\":\"s\","
                   "\"expires\":\"2030-02-31\"}]}",
                   "expires");
    expect_refusal("{\"mode\":\"m\",\"gaps\":[{\"case\":\"a\",\"reason\":\"r\",\"source\":\"s\"}]}",
                   "expires: missing");
    expect_refusal("{\"mode\":\"m\",\"expires\":\"soon\",\"gaps\":[{\"case\":\"a\","
                   "\"reason\":\"r\",\"source\":\"s\"}]}",
                   "expires: soon");
    expect_refusal("{\"mode\":\"m\",\"gaps\":[{\"case\":\"a\",\"reason\":\"r\",\"source\":\"s\","
                   "\"why\":\"x\"}]}",
                   "why");
}
