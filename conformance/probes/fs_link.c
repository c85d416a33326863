/*
 * Rows of area fs: names that lead somewhere else. Renames across the border,
 * hard links, symbolic links, and roots that are moved under the sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

/* <linux/fs.h>, which quarrels with <sys/mount.h> of some libcs. */
enum {
    EXCHANGE = 1 << 1
};

static int exchange(const char *one, const char *other)
{
    return outcome_of(syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, EXCHANGE));
}

/* Renames --------------------------------------------------------------------------------------- */

static int rename_out(const struct attempt *a)
{
    const char *mine = path_in(a->ws, "mine.txt");
    int outcome;

    (void)try_create(mine, a->nonce);
    (void)mkdir(path_in(a->ws, "mine-dir"), 0755);
    outcome = outcome_of(link(mine, path_in(a->outside, "linked-out")));
    outcome =
        outcome_join(outcome, outcome_of(rename(mine, path_in(a->outside, "renamed-out.txt"))));
    outcome = outcome_join(outcome, outcome_of(rename(path_in(a->ws, "mine-dir"),
                                                      path_in(a->outside, "renamed-out-dir"))));
    /* A rename over an existing name also destroys what was there. */
    (void)try_create(mine, a->nonce);
    return outcome_join(outcome, outcome_of(rename(mine, path_in(a->outside, "canary.txt"))));
}

static int rename_in(const struct attempt *a)
{
    int outcome =
        outcome_of(rename(path_in(a->outside, "canary.txt"), path_in(a->ws, "stolen.txt")));

    return outcome_join(
        outcome, outcome_of(rename(path_in(a->outside, "dir"), path_in(a->ws, "stolen-dir"))));
}

static int rename_exchange(const struct attempt *a)
{
    const char *mine = path_in(a->ws, "mine.txt");

    (void)try_create(mine, a->nonce);
    return exchange(mine, path_in(a->outside, "canary.txt"));
}

/* Hard links ------------------------------------------------------------------------------------ */

/* By name, by an O_PATH descriptor through /proc, and by the descriptor itself (CAP_DAC_READ_SEARCH). */
static int hardlink_in(const struct attempt *a)
{
    const char *canary = path_in(a->outside, "canary.txt");
    const char *alias = path_in(a->ws, "alias-1");
    char proc[64];
    int outcome = outcome_of(link(canary, alias));
    AUTO_CLOSE int fd = open(canary, O_PATH | O_CLOEXEC);

    if (outcome == 0)
        outcome = try_write(alias, a->nonce);
    if (fd < 0)
        return outcome;
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    alias = path_in(a->ws, "alias-2");
    if (linkat(AT_FDCWD, proc, AT_FDCWD, alias, AT_SYMLINK_FOLLOW) == 0)
        outcome = outcome_join(outcome, try_write(alias, a->nonce));
    alias = path_in(a->ws, "alias-3");
    if (linkat(fd, "", AT_FDCWD, alias, AT_EMPTY_PATH) == 0)
        outcome = outcome_join(outcome, try_write(alias, a->nonce));
    return outcome;
}

static int prepare_hardlink(struct scene *scene, struct error *err)
{
    if (link(path_in(scene->outside, "canary.txt"), path_in(scene->ws, "alias.txt")) < 0)
        return error_os(err, errno, "plant a hard link to the canary");
    return 0;
}

static int write_hardlink(const struct attempt *a)
{
    return try_write(path_in(a->ws, "alias.txt"), a->nonce);
}

/* Symbolic links -------------------------------------------------------------------------------- */

static int write_through_links(const struct attempt *a, const char *to_file, const char *to_nothing,
                               const char *to_directory)
{
    int outcome = try_write(to_file, a->nonce);

    outcome = outcome_join(outcome, try_put(to_nothing, a->nonce));
    outcome = outcome_join(outcome, try_create(path_in(to_directory, "through-link"), a->nonce));
    return outcome_join(outcome, outcome_of(unlink(path_in(to_directory, "inner.txt"))));
}

static int symlink_write(const struct attempt *a)
{
    const char *file = path_in(a->ws, "link-file");
    const char *nothing = path_in(a->ws, "link-nothing");
    const char *directory = path_in(a->ws, "link-dir");

    if (symlink(path_in(a->outside, "canary.txt"), file) < 0 ||
        symlink(path_in(a->outside, "made-by-link"), nothing) < 0 ||
        symlink(path_in(a->outside, "dir"), directory) < 0)
        return errno;
    return write_through_links(a, file, nothing, directory);
}

static int prepare_links(struct scene *scene, struct error *err)
{
    if (symlink(path_in(scene->outside, "canary.txt"), path_in(scene->ws, "link-file")) < 0 ||
        symlink("../outside/canary.txt", path_in(scene->ws, "link-relative")) < 0 ||
        symlink(path_in(scene->outside, "made-by-link"), path_in(scene->ws, "link-nothing")) < 0 ||
        symlink(path_in(scene->outside, "dir"), path_in(scene->ws, "link-dir")) < 0)
        return error_os(err, errno, "plant symbolic links");
    return 0;
}

static int write_shipped_links(const struct attempt *a)
{
    int outcome = try_write(path_in(a->ws, "link-relative"), a->nonce);

    return outcome_join(outcome, write_through_links(a, path_in(a->ws, "link-file"),
                                                     path_in(a->ws, "link-nothing"),
                                                     path_in(a->ws, "link-dir")));
}

/* fs.symlink-swap --------------------------------------------------------------------------------
 *
 *     ws/real/canary.txt      a directory of our own          ws/swap  one of the two, exchanged
 *     ws/link -> S/outside                                             some 100 000 times a second
 */
enum {
    SWAP_LIMIT_MS = 1500
};

struct swap {
    const char *one, *other;
    atomic_bool is_over;
    atomic_ulong count;
};

static void *keep_swapping(void *argument)
{
    struct swap *swap = argument;

    while (!atomic_load(&swap->is_over)) {
        if (exchange(swap->one, swap->other) != 0)
            break;
        atomic_fetch_add(&swap->count, 1);
    }
    return NULL;
}

static unsigned long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long)now.tv_sec * 1000UL + (unsigned long)now.tv_nsec / 1000000UL;
}

/* One try: write and create below the component that moves. True when it landed outside. */
static bool write_across(const struct attempt *a, const char *swapped, unsigned long round)
{
    char name[64];
    struct stat landed, canary;
    AUTO_CLOSE int fd = open(path_in(swapped, "canary.txt"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    bool has_landed = false;

    if (fd >= 0 && fstat(fd, &landed) == 0 &&
        stat(path_in(a->outside, "canary.txt"), &canary) == 0 && landed.st_ino == canary.st_ino &&
        landed.st_dev == canary.st_dev)
        has_landed = write_at_start(fd, a->nonce) == 0;
    else if (fd >= 0)
        (void)write_at_start(fd, a->nonce);
    (void)snprintf(name, sizeof name, "swapped-%lu", round % 8);
    (void)try_put(path_in(swapped, name), a->nonce);
    (void)rename(path_in(swapped, name), path_in(swapped, "swapped"));
    return has_landed;
}

static int race_swap(const struct attempt *a, struct swap *swap)
{
    const unsigned long start = now_ms();
    unsigned long rounds = 0;
    bool has_landed = false;
    pthread_t thread;

    if (pthread_create(&thread, NULL, keep_swapping, swap) != 0)
        return ATTEMPT_UNABLE;
    while (!has_landed && now_ms() - start < SWAP_LIMIT_MS)
        has_landed = write_across(a, swap->one, rounds++);
    atomic_store(&swap->is_over, true);
    (void)pthread_join(thread, NULL);
    (void)printf("%lu swaps and %lu writes in %lu ms\n", atomic_load(&swap->count), rounds,
                 now_ms() - start);
    return has_landed ? 0 : EROFS;
}

static int symlink_swap(const struct attempt *a)
{
    char one[PATH_MAX], other[PATH_MAX];
    struct swap swap = {.one = one, .other = other};

    (void)snprintf(one, sizeof one, "%s/swap", a->ws);
    (void)snprintf(other, sizeof other, "%s/swap-other", a->ws);
    if (mkdir(one, 0755) < 0 || symlink(a->outside, other) < 0)
        return errno;
    return race_swap(a, &swap);
}

/* Roots that move ------------------------------------------------------------------------------- */

/* The policy names S/ws/root-link, which leads to a directory made for it. */
static int prepare_link_root(struct scene *scene, struct error *err)
{
    const char *link_path = path_in(scene->ws, "root-link");

    if (host_make_directory(scene, path_in(scene->root, "linked"), 0755, err) < 0)
        return -1;
    if (symlink(path_in(scene->root, "linked"), link_path) < 0)
        return error_os(err, errno, "plant a root that is a symbolic link");
    scene->writable[0] = strdup(link_path);
    return scene->writable[0] == NULL ? error_memory(err, "root") : 0;
}

/* Turns the link round, then writes by the root's name. */
static int repoint_root(const struct attempt *a)
{
    const char *root = path_in(a->ws, "root-link");
    const char *next = path_in(a->ws, "root-link-next");
    int outcome;

    if (symlink(a->outside, next) < 0)
        return errno;
    if (rename(next, root) < 0)
        return errno;
    outcome = try_write(path_in(root, "canary.txt"), a->nonce);
    return outcome_join(outcome, try_create(path_in(root, "new-in-root"), a->nonce));
}

/* A second root below a directory of its own, so that its parent can be written in the control. */
static int prepare_inner_root(struct scene *scene, struct error *err)
{
    const char *root = path_in(scene->outside, "parent/root");

    if (host_make_directory(scene, path_in(scene->outside, "parent"), 0755, err) < 0 ||
        host_make_directory(scene, root, 0755, err) < 0)
        return -1;
    scene->writable[0] = strdup(root);
    return scene->writable[0] == NULL ? error_memory(err, "root") : 0;
}

static int rename_root(const struct attempt *a)
{
    const char *parent = path_in(a->outside, "parent");
    const char *root = path_in(parent, "root");
    int outcome = exchange(root, path_in(a->outside, "dir"));

    outcome = outcome_join(outcome, outcome_of(rename(root, path_in(parent, "moved"))));
    outcome = outcome_join(outcome, outcome_of(rmdir(root)));
    outcome =
        outcome_join(outcome, outcome_of(rename(parent, path_in(a->outside, "moved-parent"))));
    return outcome_join(outcome, outcome_of(rename(a->extra, path_in(a->outside, "moved-extra"))));
}

static const struct probe rows[] = {
    {
        .id = "fs.rename-out",
        .claim = "a file of the workspace cannot be moved out of it",
        .technique =
            "rename and link of a workspace file and directory to new names outside, and a "
            "rename over a canary",
        .source = "landlock(7), LANDLOCK_ACCESS_FS_REFER (ABI 2); rename(2)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = rename_out,
    },
    {
        .id = "fs.rename-in",
        .claim = "a file from outside cannot be moved into the workspace",
        .technique = "rename of a canary and a directory into the workspace: theft and removal at "
                     "once",
        .source = "kilo#11596; rename(2)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = rename_in,
    },
    {
        .id = "fs.rename-exchange",
        .claim = "a file of the workspace cannot change places with one outside",
        .technique = "renameat2(RENAME_EXCHANGE) of a workspace file and a canary",
        .source = "rename(2), RENAME_EXCHANGE; Linux selftests, landlock/fs_test.c",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = rename_exchange,
    },
    {
        .id = "fs.hardlink-in",
        .claim = "an outside file cannot be given a second, writable name in the workspace",
        .technique =
            "link by name, by an O_PATH descriptor through /proc and by AT_EMPTY_PATH, then "
            "a write through the new name",
        .source = "kilo#11596; linkat(2)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = hardlink_in,
    },
    {
        .id = "fs.hardlink-preexisting",
        .claim = "a hard link in the workspace to an outside file gives no right to it",
        .technique = "the link was there before the run; the command writes through it",
        .source = "kilo#11596, hard-link alias",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = write_hardlink,
        .prepare = prepare_hardlink,
    },
    {
        .id = "fs.symlink-write",
        .claim = "a symbolic link made in the workspace leads to no write outside",
        .technique = "links to a canary, to a name that does not exist yet and to a directory; "
                     "writes, creates and deletes through them",
        .source = "CVE-2026-39861; symlink(7)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = symlink_write,
    },
    {
        .id = "fs.symlink-preexisting",
        .claim = "a symbolic link that the repository ships leads to no write outside",
        .technique = "absolute, relative, dangling and directory links were there before the run; "
                     "the command writes through them",
        .source = "CVE-2026-39861; codex#15725",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = write_shipped_links,
        .prepare = prepare_links,
    },
    {
        .id = "fs.symlink-swap",
        .claim = "no race between checking and using a path reaches outside",
        .technique =
            "a thread exchanges a directory and a link to S/outside as fast as it can while "
            "writes, creates and renames go through that component for up to 1.5 s",
        .source = "kilo#11596; CVE-2021-30465 (runc, symlink exchange)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = symlink_swap,
    },
    {
        .id = "fs.root-is-symlink",
        .claim = "a root named by a symbolic link stays what it was when the run began",
        .technique = "the policy names a link inside the workspace; the command turns it to "
                     "S/outside and writes by the root's name",
        .source = "CVE-2026-34078; codex bwrap.rs tests",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .flags = CASE_MAY_REFUSE,
        .attempt = repoint_root,
        .prepare = prepare_link_root,
    },
    {
        .id = "fs.root-parent-rename",
        .claim = "a writable root and its parents keep their names",
        .technique = "renames, exchanges and removes a root and renames its parent directory",
        .source = "own; rename(2), EBUSY on mount points",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = rename_root,
        .prepare = prepare_inner_root,
    },
};

PROBE_FAMILY(family_fs_link, rows);
