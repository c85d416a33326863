#include "conformance/probes/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/test.h"
#include "conformance/probes/families.h"

/* Each test runs in a process of its own; the directory is removed by it. */
static const char *scratch(void)
{
    static char path[] = "/tmp/holdfast-tools-XXXXXX";

    cr_assert_not_null(mkdtemp(path));
    return path;
}

Test(tools, joins_outcomes_so_that_one_success_wins)
{
    cr_assert_eq(outcome_join(ATTEMPT_UNABLE, EPERM), EPERM);
    cr_assert_eq(outcome_join(EPERM, EACCES), EPERM, "the first refusal is told");
    cr_assert_eq(outcome_join(EPERM, 0), 0);
    cr_assert_eq(outcome_join(0, EPERM), 0);
    cr_assert_eq(outcome_join(EPERM, ATTEMPT_UNABLE), EPERM);
    cr_assert_eq(outcome_join(ATTEMPT_UNABLE, ATTEMPT_UNABLE), ATTEMPT_UNABLE);
}

Test(tools, keeps_many_paths_apart)
{
    const char *first = path_in("/a", "0");
    char name[16];

    for (int i = 1; i < 256; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        (void)path_in("/a", name);
    }
    cr_assert_str_eq(first, "/a/0");
}

/* A helper that polls asks for the same few paths as long as the run takes. */
Test(tools, keeps_a_path_however_often_others_are_asked_for)
{
    const char *first = path_in("/a", "0");

    for (int i = 0; i < 10000; i++)
        (void)path_in("/b", i % 2 == 0 ? "x" : "y");
    cr_assert_str_eq(first, "/a/0");
    cr_assert_eq(path_in("/a", "0"), first);
}

Test(tools, writes_only_where_the_file_is_there)
{
    const char *directory = scratch();
    const char *path = path_in(directory, "file");

    cr_assert_eq(try_write(path, "x"), ENOENT);
    cr_assert_eq(try_create(path, "one"), 0);
    cr_assert_eq(try_create(path, "one"), EEXIST);
    cr_assert_eq(try_append(path, "two"), 0);
    cr_assert_eq(try_plant(path_in(directory, "a/b/c"), "x"), 0);
    cr_assert_eq(unlink(path_in(directory, "a/b/c")), 0);
    (void)rmdir(path_in(directory, "a/b"));
    (void)rmdir(path_in(directory, "a"));
    (void)unlink(path);
    (void)rmdir(directory);
}

Test(tools, tells_how_a_program_ended)
{
    const char *const exits[] = {"/bin/sh", "-c", "exit 42", NULL};
    const char *const killed[] = {"/bin/sh", "-c", "kill -9 $$", NULL};
    const char *const missing[] = {"/no/such/program", NULL};

    cr_assert_eq(run_program(exits), 42);
    cr_assert_eq(run_quiet(killed), 128 + 9);
    cr_assert_eq(run_quiet(missing), 127);
}

static int act_unable(const struct attempt *a)
{
    (void)a;
    return ATTEMPT_UNABLE;
}

static int act_eperm(const struct attempt *a)
{
    (void)a;
    return EPERM;
}

Test(tools, brings_outcomes_back_from_a_child)
{
    const struct attempt a = {.nonce = "n"};

    cr_assert_eq(in_child(act_unable, &a), ATTEMPT_UNABLE);
    cr_assert_eq(in_child(act_eperm, &a), EPERM);
}

Test(tools, leaks_to_stdout_and_to_the_workspace)
{
    const char *directory = scratch();
    struct attempt a = {.nonce = "0123", .ws = directory};
    char bytes[64] = "";
    FILE *file;

    cr_assert_eq(try_create(path_in(directory, "secret"), "token"), 0);
    cr_assert_eq(try_leak_file(&a, path_in(directory, "secret")), 0);
    file = fopen(path_in(directory, "leak-0123"), "re");
    cr_assert_not_null(file);
    cr_assert_not_null(fgets(bytes, sizeof bytes, file));
    (void)fclose(file);
    cr_assert_str_eq(bytes, "token");
    cr_assert_eq(try_leak_file(&a, path_in(directory, "none")), ENOENT);
    (void)unlink(path_in(directory, "leak-0123"));
    (void)unlink(path_in(directory, "secret"));
    (void)rmdir(directory);
}

Test(families, find_every_row_by_its_id_and_no_other)
{
    for (size_t f = 0; f < probe_family_count; f++) {
        for (size_t i = 0; i < probe_families[f]->count; i++)
            cr_assert_eq(probe_find(probe_families[f]->rows[i].id), &probe_families[f]->rows[i],
                         "an id is there twice");
    }
    cr_assert_null(probe_find("fs."));
}
