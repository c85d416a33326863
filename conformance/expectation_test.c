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

Test(expectation, says_what_is_open_and_what_does_not_apply)
{
    struct expectation_list list = {0};
    struct error err = {0};

    cr_assert_eq(
        read_text(&list,
                  "{\"mode\":\"m\",\"unverified\":\"never run\",\"expires\":\"2031-12-31\","
                  "\"gaps\":[{\"cases\":[\"fs.a\",\"fs.b\"],\"reason\":\"r\",\"source\":\"s\"}],"
                  "\"open\":[{\"case\":\"fs.c\",\"reason\":\"r\",\"source\":\"s\"}],"
                  "\"not_applicable\":[{\"case\":\"fs.d\",\"reason\":\"r\",\"source\":\"s\"}],"
                  "\"holds\":[{\"case\":\"fs.b\",\"reason\":\"r\",\"source\":\"s\"}]}",
                  &err),
        0, "%s", err.message);
    cr_assert_str_eq(list.unverified, "never run");
    cr_assert_eq(expectation_verdict(expectation_find(&list, "fs.a", "user", 0), false),
                 VERDICT_ESCAPED);
    cr_assert_eq(expectation_verdict(expectation_find(&list, "fs.a", "user", 0), true),
                 VERDICT_OVERBLOCKED);
    cr_assert_eq(expectation_verdict(expectation_find(&list, "fs.b", "user", 0), false),
                 VERDICT_HELD, "what holds goes before a gap");
    cr_assert_eq(expectation_verdict(expectation_find(&list, "fs.c", "user", 0), false),
                 VERDICT_UNVERIFIABLE);
    cr_assert_eq(expectation_verdict(expectation_find(&list, "fs.d", "user", 0), false),
                 VERDICT_SKIPPED);
    cr_assert_eq(expectation_verdict(expectation_find(&list, "fs.e", "user", 0), true),
                 VERDICT_WORKS);
    expectation_list_done(&list);
    expect_refusal("{\"mode\":\"m\",\"gaps\":[],\"open\":[{\"case\":\"a\",\"source\":\"s\"}]}",
                   "reason");
    expect_refusal("{\"mode\":\"m\",\"gaps\":[],\"open\":[{\"case\":\"a\",\"cases\":[\"b\"],"
                   "\"reason\":\"r\",\"source\":\"s\"}]}",
                   "both");
    expect_refusal("{\"mode\":\"m\",\"gaps\":[],\"like\":\"no-such-mode\"}", "no-such-mode");
}

/* The mode's own words go before those of the file that it is like. */
Test(expectation, is_like_another_where_it_says_nothing)
{
    static const char other[] =
        "{\"mode\":\"o\",\"expires\":\"2031-12-31\",\"gaps\":[{\"cases\":[\"fs.a\",\"fs.b\"],"
        "\"reason\":\"r\",\"source\":\"s\"}]}";
    struct expectation_list list = {0};
    struct error err = {0};

    cr_assert_eq(os_replace_file("expectation-like-test.json", other, strlen(other), &err), 0);
    cr_assert_eq(read_text(&list,
                           "{\"mode\":\"m\",\"like\":\"expectation-like-test\",\"gaps\":[],"
                           "\"open\":[{\"case\":\"fs.a\",\"reason\":\"own\",\"source\":\"s\"}]}",
                           &err),
                 0, "%s", err.message);
    (void)remove("expectation-like-test.json");
    cr_assert_eq(expectation_find(&list, "fs.a", "user", 0)->kind, EXPECT_OPEN);
    cr_assert_eq(expectation_find(&list, "fs.b", "user", 0)->kind, EXPECT_GAP);
    cr_assert_null(expectation_find(&list, "fs.c", "user", 0));
    expectation_list_done(&list);
}
