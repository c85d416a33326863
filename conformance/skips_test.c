#include "base/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "conformance/skips.h"

static int read_text(struct skip_list *list, const char *text, struct error *err)
{
    char path[64];
    int result;

    (void)snprintf(path, sizeof path, "skips-test-%ld.tmp", (long)getpid());
    if (os_replace_file(path, text, strlen(text), err) < 0)
        return -1;
    result = skip_list_read(list, path, err);
    (void)remove(path);
    return result;
}

static bool allows(const struct skip_list *list, char *id, char *sandbox, char *identity,
                   char *reason)
{
    const struct result_case row = {
        .id = id, .sandbox = sandbox, .identity = identity, .reason = reason};

    return skip_list_allows(list, &row);
}

Test(skips, a_rule_fits_by_case_reason_identity_and_sandbox)
{
    struct skip_list list = {0};
    struct error err = {0};

    cr_assert_eq(read_text(&list,
                           "{\"skips\":["
                           "{\"cases\":[\"net.*\",\"mw.go\"],\"reason\":\"* is not installed\"},"
                           "{\"cases\":[\"fs.a\"],\"reason\":\"root only\",\"identity\":\"user\"},"
                           "{\"cases\":[\"*\"],\"reason\":\"cannot: *\",\"sandboxes\":[\"bw*\"]}]}",
                           &err),
                 0, "%s", err.message);
    cr_assert(allows(&list, "mw.go", "m", "user", "go is not installed"), "a tool");
    cr_assert_not(allows(&list, "mw.java", "m", "user", "java is not installed"), "another case");
    cr_assert_not(allows(&list, "mw.go", "m", "user", "go is broken"), "another reason");
    cr_assert_not(allows(&list, "mw.go", "m", "user", NULL), "no reason at all");
    cr_assert(allows(&list, "fs.a", "m", "user", "root only"), "its identity");
    cr_assert_not(allows(&list, "fs.a", "m", "root", "root only"), "the other identity");
    cr_assert(allows(&list, "fs.b", "bwrap", "root", "cannot: x"), "its sandbox");
    cr_assert_not(allows(&list, "fs.b", "runc", "root", "cannot: x"), "another sandbox");
    skip_list_done(&list);
}

static void expect_refusal(const char *text, const char *complaint)
{
    struct skip_list list = {0};
    struct error err = {0};

    cr_assert_eq(read_text(&list, text, &err), -1, "accepted: %s", text);
    cr_assert_not_null(strstr(err.message, complaint), "said: %s", err.message);
}

Test(skips, a_rule_without_cases_or_reason_is_refused)
{
    expect_refusal("{\"skips\":[{\"reason\":\"r\"}]}", "cases");
    expect_refusal("{\"skips\":[{\"cases\":[],\"reason\":\"r\"}]}", "cases");
    expect_refusal("{\"skips\":[{\"cases\":[1],\"reason\":\"r\"}]}", "cases[0]");
    expect_refusal("{\"skips\":[{\"cases\":[\"a\"]}]}", "reason");
    expect_refusal("{\"skips\":[{\"cases\":[\"a\"],\"reason\":\"*\"}]}", "allows anything");
    expect_refusal("{\"skips\":[{\"cases\":[\"a\"],\"reason\":\"r\",\"identity\":\"me\"}]}",
                   "identity");
    expect_refusal("{\"skips\":[{\"cases\":[\"a\"],\"reason\":\"r\",\"case\":\"b\"}]}", "case");
}
