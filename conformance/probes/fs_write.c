/*
 * Rows of area fs: changing what lies outside the roots through its path, and
 * the places where everybody may write.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "conformance/probe.h"
#include "conformance/probes/host.h"
#include "conformance/probes/tools.h"

/* fs.write-direct ------------------------------------------------------------------------------ */

static int write_direct(const struct attempt *a)
{
    const char *const targets[] = {
        path_in(a->outside, "canary.txt"),
        path_in(a->outside, "dir/inner.txt"),
        path_in(a->home, ".profile"),
    };
    int outcome = ATTEMPT_UNABLE;

    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        AUTO_CLOSE int fd = open(targets[i], O_RDWR | O_CLOEXEC);

        outcome = outcome_join(outcome, try_write(targets[i], a->nonce));
        outcome = outcome_join(outcome, fd < 0 ? errno : write_at_start(fd, a->nonce));
    }
    return outcome;
}

/* fs.create-outside ---------------------------------------------------------------------------- */

/* A socket's path has at most 107 bytes (unix(7)), so it is bound by a name in the cwd. */
static int create_socket(const char *directory, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || chdir(directory) < 0)
        return errno;
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    return outcome_of(bind(fd, (const struct sockaddr *)&address, sizeof address));
}

/* A file that has no name until it is linked in: open(2), O_TMPFILE. */
static int create_nameless(const struct attempt *a, const char *directory)
{
    char proc[64];
    AUTO_CLOSE int fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);

    if (fd < 0)
        return errno;
    (void)write_at_start(fd, a->nonce);
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    return outcome_of(
        linkat(AT_FDCWD, proc, AT_FDCWD, path_in(directory, "new-tmpfile"), AT_SYMLINK_FOLLOW));
}

static int create_all_kinds(const struct attempt *a, const char *directory, const char *existing)
{
    int outcome = try_create(path_in(directory, "new-file"), a->nonce);

    outcome = outcome_join(outcome, outcome_of(mkdir(path_in(directory, "new-dir"), 0755)));
    outcome = outcome_join(outcome, outcome_of(symlink("x", path_in(directory, "new-symlink"))));
    outcome =
        outcome_join(outcome, outcome_of(link(existing, path_in(directory, "new-hard-link"))));
    outcome = outcome_join(outcome, outcome_of(mkfifo(path_in(directory, "new-fifo"), 0644)));
    outcome =
        outcome_join(outcome, outcome_of(mknod(path_in(directory, "new-node"), S_IFREG | 0644, 0)));
    outcome = outcome_join(outcome, create_nameless(a, directory));
    return outcome_join(outcome, create_socket(directory, "new-socket"));
}

static int create_outside(const struct attempt *a)
{
    const char *canary = path_in(a->outside, "canary.txt");
    int outcome = create_all_kinds(a, a->outside, canary);

    outcome = outcome_join(outcome, create_all_kinds(a, path_in(a->outside, "dir"), canary));
    return outcome_join(outcome, create_all_kinds(a, a->home, canary));
}

/* fs.truncate-path, fs.otrunc-rdonly ------------------------------------------------------------ */

static int truncate_path(const struct attempt *a)
{
    int outcome = outcome_of(truncate(path_in(a->outside, "canary.txt"), 1));

    return outcome_join(outcome, outcome_of(truncate(path_in(a->outside, "dir/inner.txt"), 9999)));
}

static int truncate_by_read_only_open(const struct attempt *a)
{
    return try_open(path_in(a->outside, "canary.txt"), O_RDONLY | O_TRUNC);
}

/* fs.append-mmap -------------------------------------------------------------------------------- */

static int write_by_map(const struct attempt *a, const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
    const size_t size = 4096;
    char *bytes;

    if (fd < 0)
        return errno;
    if (ftruncate(fd, (off_t)size) < 0)
        return errno;
    bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return errno;
    memcpy(bytes, a->nonce, strlen(a->nonce));
    return outcome_of(msync(bytes, size, MS_SYNC));
}

static int write_by_copy_range(int from, const char *path)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    off_t start = 0;

    return fd < 0 ? errno : outcome_of(copy_file_range(from, &start, fd, NULL, 16, 0));
}

static int write_by_sendfile(int from, const char *path)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    off_t start = 0;

    return fd < 0 ? errno : outcome_of(sendfile(fd, from, &start, 16));
}

static int write_by_splice(const struct attempt *a, const char *path)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    int ends[2];
    int outcome;

    if (fd < 0)
        return errno;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    (void)!write(ends[1], a->nonce, 16);
    outcome = outcome_of(splice(ends[0], NULL, fd, NULL, 16, 0));
    (void)close(ends[0]);
    (void)close(ends[1]);
    return outcome;
}

static int write_by_fallocate(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? errno : outcome_of(posix_fallocate(fd, 0, 8192) == 0 ? 0 : -1);
}

static int append_and_map(const struct attempt *a)
{
    const char *canary = path_in(a->outside, "canary.txt");
    const char *source = path_in(a->ws, "source.txt");
    int outcome = try_append(canary, a->nonce);

    (void)try_create(source, a->nonce);
    AUTO_CLOSE int from = open(source, O_RDONLY | O_CLOEXEC);
    outcome = outcome_join(outcome, write_by_map(a, canary));
    outcome = outcome_join(outcome, write_by_splice(a, canary));
    outcome = outcome_join(outcome, write_by_fallocate(canary));
    if (from < 0)
        return outcome;
    outcome = outcome_join(outcome, write_by_copy_range(from, canary));
    return outcome_join(outcome, write_by_sendfile(from, canary));
}

/* fs.unlink-outside ----------------------------------------------------------------------------- */

static int prepare_unlink(struct scene *scene, struct error *err)
{
    return host_make_directory(scene, path_in(scene->outside, "empty-dir"), 0755, err);
}

static int unlink_outside(const struct attempt *a)
{
    int outcome = outcome_of(rmdir(path_in(a->outside, "empty-dir")));

    outcome = outcome_join(outcome, outcome_of(unlink(path_in(a->outside, "dir/inner.txt"))));
    outcome = outcome_join(
        outcome, outcome_of(unlinkat(AT_FDCWD, path_in(a->outside, "dir"), AT_REMOVEDIR)));
    return outcome_join(outcome, outcome_of(unlink(path_in(a->outside, "canary.txt"))));
}

/* fs.cwd-is-root -------------------------------------------------------------------------------- */

static int write_below_cwd(const struct attempt *a)
{
    int outcome = try_write("canary.txt", a->nonce);

    outcome = outcome_join(outcome, try_create("new-in-cwd", a->nonce));
    return outcome_join(outcome, outcome_of(mkdir("new-dir-in-cwd", 0755)));
}

/* fs.cross-workspace ---------------------------------------------------------------------------- */

static int prepare_other_workspace(struct scene *scene, struct error *err)
{
    if (host_plant(scene, path_in(scene->outside, "other-ws/README.md"), "other\n", 0644, err) < 0)
        return -1;
    return host_plant(scene, path_in(scene->outside, "other-ws/.git/config"),
                      "[core]\n\tbare = false\n", 0644, err);
}

static int write_other_workspace(const struct attempt *a)
{
    const char *other = path_in(a->outside, "other-ws");
    int outcome = try_write(path_in(other, "README.md"), a->nonce);

    outcome = outcome_join(outcome, try_create(path_in(other, "new-file"), a->nonce));
    return outcome_join(outcome, try_append(path_in(other, ".git/config"), "\n"));
}

/* fs.everyone-writable -------------------------------------------------------------------------- */

static int prepare_everyone(struct scene *scene, struct error *err)
{
    if (host_make_directory(scene, path_in(scene->outside, "loose"), 0777, err) < 0)
        return -1;
    return host_plant(scene, path_in(scene->outside, "loose/file"), "loose\n", 0666, err);
}

static int write_everyone(const struct attempt *a)
{
    const char *loose = path_in(a->outside, "loose");
    int outcome = try_write(path_in(a->public_dir, "canary.txt"), a->nonce);

    outcome = outcome_join(
        outcome, create_all_kinds(a, a->public_dir, path_in(a->public_dir, "canary.txt")));
    outcome = outcome_join(outcome, outcome_of(rename(path_in(a->public_dir, "canary.txt"),
                                                      path_in(a->public_dir, "renamed"))));
    outcome = outcome_join(outcome, try_write(path_in(loose, "file"), a->nonce));
    return outcome_join(outcome, try_create(path_in(loose, "new-file"), a->nonce));
}

/* fs.late-everyone ------------------------------------------------------------------------------ */

enum {
    LATE_STEP_MS = 5,
    LATE_STEPS = 500
};

/* Opens the directory to everybody as soon as the probe is seen to run. */
static void open_late(const struct scene *scene, int to_harness)
{
    char beacon[80];
    struct stat status;

    (void)to_harness;
    (void)snprintf(beacon, sizeof beacon, "beacon-%s", scene->nonce);
    for (int i = 0; i < HOST_LIFE_MS / LATE_STEP_MS; i++) {
        if (lstat(path_in(scene->ws, beacon), &status) == 0)
            break;
        sleep_ms(LATE_STEP_MS);
    }
    (void)chmod(path_in(scene->root, "late"), 01777);
}

static int prepare_late(struct scene *scene, struct error *err)
{
    if (host_make_directory(scene, path_in(scene->root, "late"), 0755, err) < 0)
        return -1;
    return host_fork(scene, open_late, "host user", err);
}

static int write_late(const struct attempt *a)
{
    const char *late = path_in(a->root, "late");
    struct stat status = {0};

    for (int i = 0; i < LATE_STEPS && (status.st_mode & 01777) != 01777; i++) {
        sleep_ms(LATE_STEP_MS);
        if (stat(late, &status) < 0)
            return errno;
    }
    if ((status.st_mode & 01777) != 01777)
        return ATTEMPT_UNABLE;
    return try_create(path_in(late, a->nonce), a->nonce);
}

static int observe_late(const struct scene *scene, struct observation *seen, struct error *err)
{
    struct stat status;

    (void)err;
    if (lstat(path_in(path_in(scene->root, "late"), scene->nonce), &status) == 0)
        observation_fire(seen, "late/%s was created", scene->nonce);
    return 0;
}

static const struct probe rows[] = {
    {
        .id = "fs.write-direct",
        .claim = "a file outside the roots cannot be opened for writing",
        .technique = "open(O_WRONLY) and open(O_RDWR) of existing canaries outside every root",
        .source = "open(2); own; the codex Linux sandbox suite has this one",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = write_direct,
    },
    {
        .id = "fs.create-outside",
        .claim = "no new name of any kind appears outside the roots",
        .technique =
            "creates a file, O_TMPFILE with linkat, directory, symlink, hard link, socket, "
            "FIFO and node in outside directories",
        .source = "kilo#11596; open(2), mknod(2), linkat(2)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = create_outside,
    },
    {
        .id = "fs.truncate-path",
        .claim = "a file outside the roots keeps its size",
        .technique = "truncate(2) by path, without an open, to one byte and to more than it has",
        .source = "landlock(7), LANDLOCK_ACCESS_FS_TRUNCATE (ABI 3, Linux 6.2)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = truncate_path,
    },
    {
        .id = "fs.otrunc-rdonly",
        .claim = "opening an outside file for reading cannot empty it",
        .technique = "open(O_RDONLY|O_TRUNC) on a canary",
        .source =
            "landlock(7), LANDLOCK_ACCESS_FS_TRUNCATE; open(2): \"unspecified\", but it works",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_UNIX,
        .oracles = ORACLE_CANARY,
        .attempt = truncate_by_read_only_open,
    },
    {
        .id = "fs.append-mmap",
        .claim = "no other way of writing reaches a file outside the roots",
        .technique = "O_APPEND write, shared writable map, splice, sendfile, copy_file_range and "
                     "fallocate into a canary",
        .source = "kilo#11596; mmap(2), splice(2), copy_file_range(2)",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = append_and_map,
    },
    {
        .id = "fs.unlink-outside",
        .claim = "nothing outside the roots can be deleted",
        .technique = "unlink and rmdir of canaries in directories that the identity may write",
        .source = "codex#18558; unlink(2)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = unlink_outside,
        .prepare = prepare_unlink,
    },
    {
        .id = "fs.cwd-is-root",
        .claim = "the directory that a command starts in does not become a writable root",
        .technique = "starts in S/outside, which the policy does not name, and writes there by "
                     "relative names",
        .source = "CVE-2025-59532: codex took the model's cwd for the root",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .flags = CASE_CWD_OUTSIDE,
        .attempt = write_below_cwd,
    },
    {
        .id = "fs.cross-workspace",
        .claim = "the workspace of another session is outside too",
        .technique = "writes files, new names and .git of a second workspace of the same user",
        .source = "codex#17551, codex PR 21479",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = write_other_workspace,
        .prepare = prepare_other_workspace,
    },
    {
        .id = "fs.everyone-writable",
        .claim = "a directory that everyone may write is outside like any other",
        .technique =
            "writes, creates all kinds of names and renames in a 1777 and a 0777 directory "
            "(Windows: a directory whose DACL grants Everyone write)",
        .source = "zero#865; codex#7022, codex#17551; path_resolution(7)",
        .severity = SEVERITY_CRITICAL,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CANARY,
        .attempt = write_everyone,
        .prepare = prepare_everyone,
    },
    {
        .id = "fs.late-everyone",
        .claim = "a directory opened to everyone after the start stays outside",
        .technique = "the host makes a directory 1777 while the command runs, past any scan at "
                     "setup; the command then creates a file there",
        .source = "codex audit.rs: its scan is limited to 2 s and 50 000 items",
        .severity = SEVERITY_HIGH,
        .platforms = PLATFORM_ALL,
        .oracles = ORACLE_CUSTOM,
        .attempt = write_late,
        .prepare = prepare_late,
        .observe = observe_late,
        .finish = host_finish,
    },
};

PROBE_FAMILY(family_fs_write, rows);
