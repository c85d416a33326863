#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/audit.h"

static void make(const char *directory, const char *name, mode_t mode, bool is_directory)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    if (is_directory) {
        cr_assert_eq(mkdir(path, 0700), 0);
    } else {
        file = fopen(path, "w");
        cr_assert_not_null(file);
        (void)fclose(file);
    }
    cr_assert_eq(chmod(path, mode), 0);
}

static bool finds(const struct audit *audit, const char *end)
{
    for (size_t i = 0; i < audit->count; i++) {
        const char *path = audit->findings[i].path;

        if (strlen(path) >= strlen(end) && strcmp(path + strlen(path) - strlen(end), end) == 0)
            return true;
    }
    return false;
}

Test(audit_linux, names_what_others_may_write_within_its_depth_and_budget)
{
    char directory[] = "/tmp/holdfast-audit-XXXXXX";
    char link_path[64];
    struct audit audit = {.depth = 1, .entries_max = 100};
    struct audit small = {.depth = 5, .entries_max = 3};
    struct error err = {0};

    cr_assert_not_null(mkdtemp(directory));
    make(directory, "open", 0666, false);
    make(directory, "closed", 0644, false);
    make(directory, "sticky", 01777, true);
    make(directory, "sticky/deeper", 0666, false);
    (void)snprintf(link_path, sizeof link_path, "%s/link", directory);
    cr_assert_eq(symlink("open", link_path), 0);
    cr_assert_eq(audit_place(&audit, directory, &err), 0, "%s", err.message);
    cr_assert(finds(&audit, "/open"));
    cr_assert(finds(&audit, "/sticky"));
    cr_assert_eq(audit.count, 2u, "neither what is closed, nor a link, nor what lies deeper");
    cr_assert_eq(audit.links, 1u);
    cr_assert_not(audit.was_stopped);
    cr_assert_eq(audit_place(&audit, "/no/such/place", &err), 0, "not there is no failure");
    cr_assert_eq(audit_place(&small, directory, &err), 0);
    cr_assert(small.was_stopped);
    cr_assert(small.looks <= 3);
    audit_done(&audit);
    audit_done(&small);
    (void)snprintf(link_path, sizeof link_path, "rm -rf %s", directory);
    cr_assert_eq(system(link_path), 0);
}
