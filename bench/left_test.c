#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/left.h"

static char directory[64];

static void write_file(const char *name)
{
    char path[128];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    file = fopen(path, "w");
    cr_assert_not_null(file, "%s cannot be made", path);
    (void)fclose(file);
}

static struct left_counts count_after(void (*act)(void))
{
    struct left_snapshot snapshot;
    struct left_counts counts = {-1, -1, -1};
    struct error err = {0};

    (void)strcpy(directory, "/tmp/holdfast-left-XXXXXX");
    cr_assert_not_null(mkdtemp(directory), "no directory");
    write_file("there");
    cr_assert_eq(left_look(&snapshot, directory, &err), 0, "%s", err.message);
    act();
    cr_assert_eq(left_count(&snapshot, &counts, &err), 0, "%s", err.message);
    left_done(&snapshot);
    return counts;
}

static void clear(void)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/new", directory);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/there", directory);
    (void)unlink(path);
    (void)rmdir(directory);
}

static void do_nothing(void)
{
}

static void make_new(void)
{
    write_file("new");
}

static void change_mode(void)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/there", directory);
    (void)chmod(path, 0600);
}

Test(left, nothing_done_is_nothing_left)
{
    struct left_counts counts = count_after(do_nothing);

    clear();
    cr_assert_eq(counts.objects_left, 0);
    cr_assert_eq(counts.objects_written, 0, "%lld written", (long long)counts.objects_written);
    cr_assert_eq(counts.mounts_left, 0);
}

Test(left, a_new_file_is_left_and_its_directory_written)
{
    struct left_counts counts = count_after(make_new);

    clear();
    cr_assert_eq(counts.objects_left, 1);
    cr_assert_eq(counts.objects_written, 2, "%lld written", (long long)counts.objects_written);
}

Test(left, a_changed_mode_is_written)
{
    struct left_counts counts = count_after(change_mode);

    clear();
    cr_assert_eq(counts.objects_left, 0);
    cr_assert_eq(counts.objects_written, 1, "%lld written", (long long)counts.objects_written);
}
