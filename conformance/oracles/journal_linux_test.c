/* What is done to watched names is told, whoever puts it back; what others do is not. */
#include "conformance/oracles/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "fixtures/tree_remove.h"

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    cr_assert(fd >= 0, "%s", path);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

Test(journal, tells_what_was_written_and_put_back)
{
    char top[] = "/var/tmp/holdfast-test-XXXXXX";
    char inner[80], canary[96], made[96], text[400];
    int one = 1, other = 2;
    struct journal journal;

    cr_assert_not_null(mkdtemp(top));
    (void)snprintf(inner, sizeof inner, "%s/inner", top);
    (void)snprintf(canary, sizeof canary, "%s/canary", top);
    (void)snprintf(made, sizeof made, "%s/made", inner);
    cr_assert_eq(mkdir(inner, 0755), 0);
    put(canary, "content");
    journal_open(&journal);
    cr_assert(journal.fd >= 0);
    journal_watch(&journal, &one, top, "top");
    journal_watch(&journal, &other, inner, "inner");
    journal_watch(&journal, &one, "/no/such/directory", "none");
    cr_assert_eq(journal_read(&journal, &one, text, sizeof text), 0, "%s", text);
    put(canary, "changed");
    put(canary, "content");
    cr_assert_neq(journal_read(&journal, &one, text, sizeof text), 0);
    cr_assert_not_null(strstr(text, "top/canary written"), "%s", text);
    cr_assert_eq(journal_read(&journal, &other, text, sizeof text), 0, "%s", text);
    put(made, "x");
    cr_assert_eq(unlink(made), 0);
    cr_assert_neq(journal_read(&journal, &other, text, sizeof text), 0);
    cr_assert_not_null(strstr(text, "inner/made made"), "%s", text);
    cr_assert_not_null(strstr(text, "inner/made removed"), "%s", text);
    journal_reset(&journal, &one);
    cr_assert_eq(journal_read(&journal, &one, text, sizeof text), 0, "%s", text);
    journal_forget(&journal, &one);
    put(canary, "nobody looks");
    cr_assert_eq(journal_read(&journal, &one, text, sizeof text), 0, "%s", text);
    journal_close(&journal);
    (void)tree_remove(top, &(struct error){0});
}
