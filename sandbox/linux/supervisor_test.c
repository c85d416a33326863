/* Names: every way to create an entry, against a supervisor at work. */
#include "sandbox/linux/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/test.h"
#include "sandbox/linux/supervisor_box_test.h"

static bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static bool make_file(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    return fd >= 0;
}

static bool is_any_made(const struct box *box)
{
    static const char *const names[] = {".git", ".GIT", ".codex", ".agents"};
    char path[128];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", box->root, names[i]);
        if (exists(path))
            return true;
    }
    return false;
}

#define NAMES_TEST(body)                                          \
    do {                                                          \
        struct box box;                                           \
        box_open(&box);                                           \
        BOX_TEST(&box, body);                                     \
        cr_assert(!is_any_made(&box), "a protected name exists"); \
        box_close(&box);                                          \
    } while (0)

/* ---- refused --------------------------------------------------------------------------------- */

static int refuses_directories(struct box *box)
{
    char absolute[128];

    (void)snprintf(absolute, sizeof absolute, "%s/.git", box->root);
    MUST(mkdir("dd", 0755) == 0);
    MUST_FAIL(syscall(SYS_mkdir, ".git", 0755), EROFS);
    MUST_FAIL(mkdirat(AT_FDCWD, ".git", 0755), EROFS);
    MUST_FAIL(mkdir(".git/", 0755), EROFS);
    MUST_FAIL(mkdir("dd/../.git", 0755), EROFS);
    MUST_FAIL(mkdir(".//.git//", 0755), EROFS);
    MUST_FAIL(mkdir(".GIT", 0755), EROFS);
    MUST_FAIL(mkdir(absolute, 0755), EROFS);
    MUST_FAIL(mkdir(".codex", 0755), EROFS);
    MUST_FAIL(mkdir(".agents", 0755), EROFS);
    return 0;
}

Test(supervisor, refuses_to_make_protected_directories)
{
    NAMES_TEST(refuses_directories);
}

static int refuses_files(struct box *box)
{
    struct open_how how = {.flags = O_CREAT | O_WRONLY, .mode = 0644};

    MUST(mkdir("dd", 0755) == 0);
    MUST_FAIL(syscall(SYS_creat, ".git", 0644), EROFS);
    MUST_FAIL(syscall(SYS_open, ".git", O_CREAT | O_WRONLY, 0644), EROFS);
    MUST_FAIL(openat(AT_FDCWD, ".git", O_CREAT | O_RDONLY, 0644), EROFS);
    MUST_FAIL(open(".git", O_CREAT | O_EXCL | O_RDWR, 0644), EROFS);
    MUST_FAIL(open("dd/../.git", O_CREAT | O_TRUNC | O_WRONLY, 0644), EROFS);
    /* its flags are in memory, and O_PATH descriptors cannot be handed over: as before Linux 5.6 */
    MUST_FAIL(syscall(SYS_openat2, AT_FDCWD, ".git", &how, sizeof how), ENOSYS);
    MUST_FAIL(mkfifo(".git", 0644), EROFS);
    MUST_FAIL(mknod(".git", S_IFREG | 0644, 0), EROFS);
    MUST_FAIL(mknod(".git", S_IFSOCK | 0644, 0), EROFS);
    MUST_FAIL(syscall(SYS_mknodat, AT_FDCWD, ".git", S_IFCHR | 0644, 0), EROFS);
    return 0;
}

Test(supervisor, refuses_to_make_protected_files)
{
    NAMES_TEST(refuses_files);
}

static int refuses_links(struct box *box)
{
    char proc[64];
    int nameless;

    MUST(make_file("f"));
    MUST(mkdir("dd", 0755) == 0);
    MUST_FAIL(symlink("dd", ".git"), EROFS);
    MUST_FAIL(symlinkat("dd", AT_FDCWD, "dd/../.git"), EROFS);
    MUST_FAIL(syscall(SYS_link, "f", ".git"), EROFS);
    MUST_FAIL(linkat(AT_FDCWD, "f", AT_FDCWD, ".git", 0), EROFS);
    MUST_FAIL(linkat(AT_FDCWD, "f", AT_FDCWD, ".git", AT_SYMLINK_FOLLOW), EROFS);
    nameless = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
    MUST(nameless >= 0);
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", nameless);
    MUST_FAIL(linkat(AT_FDCWD, proc, AT_FDCWD, ".git", AT_SYMLINK_FOLLOW), EROFS);
    MUST_FAIL(linkat(nameless, "", AT_FDCWD, ".git", AT_EMPTY_PATH), EROFS);
    MUST(linkat(AT_FDCWD, proc, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0);
    return 0;
}

Test(supervisor, refuses_to_link_to_protected_names)
{
    NAMES_TEST(refuses_links);
}

static int refuses_renames(struct box *box)
{
    MUST(make_file("f"));
    MUST(mkdir("tree", 0755) == 0);
    MUST(mkdir("dd", 0755) == 0);
    MUST_FAIL(syscall(SYS_rename, "tree", ".git"), EROFS);
    MUST_FAIL(renameat(AT_FDCWD, "f", AT_FDCWD, ".git"), EROFS);
    MUST_FAIL(rename("tree", "dd/../.git/"), EROFS);
    MUST_FAIL(renameat2(AT_FDCWD, "tree", AT_FDCWD, ".git", RENAME_NOREPLACE), EROFS);
    MUST_FAIL(renameat2(AT_FDCWD, "tree", AT_FDCWD, ".git", RENAME_EXCHANGE), EROFS);
    MUST_FAIL(renameat2(AT_FDCWD, ".git", AT_FDCWD, "tree", RENAME_EXCHANGE), ENOENT);
    MUST_FAIL(renameat2(AT_FDCWD, "f", AT_FDCWD, ".git", RENAME_WHITEOUT), EROFS);
    MUST_FAIL(rename(".git", "x"), ENOENT);
    MUST(rename("tree", "tree2") == 0);
    return 0;
}

Test(supervisor, refuses_to_rename_to_protected_names)
{
    NAMES_TEST(refuses_renames);
}

static int refuses_sockets(struct box *box)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    MUST(fd >= 0);
    (void)strcpy(address.sun_path, ".git");
    MUST_FAIL(bind(fd, (struct sockaddr *)&address, sizeof address), EROFS);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/./.git", box->root);
    MUST_FAIL(bind(fd, (struct sockaddr *)&address, sizeof address), EROFS);
    (void)strcpy(address.sun_path, "sock");
    MUST(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    MUST(exists("sock"));
    return 0;
}

Test(supervisor, refuses_to_bind_sockets_to_protected_names)
{
    NAMES_TEST(refuses_sockets);
}

/* Links and magic links on the way, and at the end of, a path. */
static int refuses_detours(struct box *box)
{
    char path[128];
    int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    MUST(root >= 0 && symlink(".git", "dangling") == 0 && symlink("dangling", "chain") == 0);
    MUST(symlink(".", "here") == 0 && symlink("/proc/self/cwd", "magic") == 0);
    MUST(mkdir("dd", 0755) == 0 && symlink("../.git", "dd/up") == 0);
    MUST_FAIL(open("dangling", O_CREAT | O_WRONLY, 0644), EROFS);
    MUST_FAIL(open("chain", O_CREAT | O_WRONLY, 0644), EROFS);
    MUST_FAIL(open("dd/up", O_CREAT | O_WRONLY, 0644), EROFS);
    MUST_FAIL(mkdir("here/.git", 0755), EROFS);
    MUST_FAIL(mkdir("here/here/here/.git", 0755), EROFS);
    MUST_FAIL(mkdir("magic/.git", 0755), EROFS);
    MUST_FAIL(mkdir("/proc/self/cwd/.git", 0755), EROFS);
    MUST_FAIL(mkdir("/proc/thread-self/cwd/.git", 0755), EROFS);
    (void)snprintf(path, sizeof path, "/proc/%d/cwd/.git", getpid());
    MUST_FAIL(mkdir(path, 0755), EROFS);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d/.git", root);
    MUST_FAIL(mkdir(path, 0755), EROFS);
    (void)snprintf(path, sizeof path, "/dev/fd/%d/.git", root);
    MUST_FAIL(open(path, O_CREAT | O_WRONLY, 0644), EROFS);
    (void)snprintf(path, sizeof path, "/proc/self/root%s/.git", box->root);
    MUST_FAIL(mkdir(path, 0755), EROFS);
    MUST_FAIL(mkdirat(root, ".git", 0755), EROFS);
    MUST_FAIL(openat(root, "dd/../.git", O_CREAT | O_WRONLY, 0644), EROFS);
    MUST(chdir("dd") == 0);
    MUST_FAIL(mkdir("../.git", 0755), EROFS);
    return 0;
}

Test(supervisor, refuses_protected_names_by_every_detour)
{
    NAMES_TEST(refuses_detours);
}

/* ---- like the plain kernel ------------------------------------------------------------------- */

static void log_open(struct box *box, const char *what, int fd)
{
    struct stat status = {0};

    if (fd < 0) {
        box_log(box, "%s: errno %d\n", what, errno);
        return;
    }
    (void)fstat(fd, &status);
    box_log(box, "%s: fd %d mode %o size %ld flags %o cloexec %d\n", what, fd, status.st_mode,
            (long)status.st_size, (unsigned)fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
    (void)close(fd);
}

static void log_path(struct box *box, const char *what, int result, const char *path)
{
    struct stat status = {0};
    int error = errno;
    bool is_there = lstat(path, &status) == 0;

    box_log(box, "%s: %d errno %d there %d mode %o size %ld links %ld\n", what, result,
            result < 0 ? error : 0, is_there, status.st_mode,
            S_ISDIR(status.st_mode) ? 0L : (long)status.st_size,
            S_ISDIR(status.st_mode) ? 0L : (long)status.st_nlink); /* others work in /tmp too */
}

#define OPEN(...)       log_open(box, #__VA_ARGS__, open(__VA_ARGS__))
#define OPENAT(...)     log_open(box, #__VA_ARGS__, openat(__VA_ARGS__))
#define PATH(path, ...) log_path(box, #__VA_ARGS__, (int)(__VA_ARGS__), (path))

static int transcript_of_opens(struct box *box)
{
    char longest[NAME_MAX + 2] = {0};
    AUTO_CLOSE int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    memset(longest, 'n', NAME_MAX);
    OPEN("new", O_CREAT | O_WRONLY, 0666);
    OPEN("new", O_CREAT | O_RDWR | O_APPEND, 0666);
    OPEN("new", O_CREAT | O_EXCL | O_RDWR, 0666);
    OPEN("excl", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0777);
    OPEN("nonblock", O_CREAT | O_RDWR | O_NONBLOCK, 0600);
    OPEN("read", O_CREAT | O_RDONLY, 0);
    OPEN("read", O_CREAT | O_WRONLY | O_TRUNC, 0);
    OPEN("sync", O_CREAT | O_WRONLY | O_SYNC | O_NOATIME, 0644);
    OPEN("suid", O_CREAT | O_WRONLY, 07777);
    OPEN("new", O_CREAT | O_WRONLY | O_NOFOLLOW, 0644);
    OPEN("path", O_CREAT | O_PATH, 0644);
    OPEN("new", O_CREAT | O_PATH, 0644);
    OPEN("new/", O_CREAT | O_WRONLY, 0644);
    OPEN("new/x", O_CREAT | O_WRONLY, 0644);
    OPEN("no/x", O_CREAT | O_WRONLY, 0644);
    OPEN("", O_CREAT | O_WRONLY, 0644);
    OPEN(".", O_CREAT | O_WRONLY, 0644);
    OPEN(".", O_CREAT | O_RDONLY, 0644);
    OPEN("/", O_CREAT | O_RDONLY, 0644);
    OPEN("..", O_CREAT | O_RDONLY, 0644);
    OPEN("/dev/null", O_CREAT | O_WRONLY | O_TRUNC, 0666);
    OPEN("/proc/nothing", O_CREAT | O_RDONLY, 0644);
    OPEN((const char *)8, O_CREAT | O_RDONLY, 0644);
    OPENAT(99, "x", O_CREAT | O_WRONLY, 0644);
    OPENAT(-1, "x", O_CREAT | O_WRONLY, 0644);
    OPENAT(root, "by-directory", O_CREAT | O_WRONLY, 0644);
    OPENAT(99, "/dev/null", O_CREAT | O_WRONLY, 0644);
    log_open(box, "longest", open(longest, O_CREAT | O_WRONLY, 0644));
    longest[NAME_MAX] = 'n';
    log_open(box, "too long", open(longest, O_CREAT | O_WRONLY, 0644));
    return 0;
}

static int transcript_of_links(struct box *box)
{
    char loop[64];

    MUST(make_file("f") && mkdir("d", 0755) == 0);
    PATH("l1", symlink("target", "l1"));
    OPEN("l1", O_CREAT | O_WRONLY, 0640);
    PATH("target", 0);
    OPEN("l1", O_CREAT | O_WRONLY | O_EXCL, 0640);
    OPEN("l1", O_CREAT | O_WRONLY | O_NOFOLLOW, 0640);
    OPEN("l1", O_CREAT | O_PATH, 0640);
    OPEN("l1", O_CREAT | O_PATH | O_NOFOLLOW, 0640);
    PATH("self", symlink("self", "self"));
    OPEN("self", O_CREAT | O_WRONLY, 0640);
    PATH("l2", symlink("d", "l2"));
    OPEN("l2/inside", O_CREAT | O_WRONLY, 0640);
    PATH("d/inside", 0);
    PATH("l2/sub", mkdir("l2/sub", 0777));
    PATH("l1/", mkdir("l1/", 0777));
    PATH("l1", mkdir("l1", 0777));
    PATH("l3/", symlink("x", "l3/"));
    PATH("h1", link("l1", "h1"));
    PATH("h2", linkat(AT_FDCWD, "l1", AT_FDCWD, "h2", AT_SYMLINK_FOLLOW));
    PATH("h3", linkat(AT_FDCWD, "l1", AT_FDCWD, "h3", 0x40));
    PATH("h4", link("d", "h4"));
    PATH("h5", link("none", "h5"));
    PATH("f", link("f", "f"));
    for (int i = 0; i < 42; i++) {
        char from[32];

        (void)snprintf(from, sizeof from, "c%d", i);
        (void)snprintf(loop, sizeof loop, "c%d", i + 1);
        MUST(symlink(loop, from) == 0);
    }
    OPEN("c3", O_CREAT | O_WRONLY, 0644); /* 39 links */
    OPEN("c0", O_CREAT | O_WRONLY, 0644); /* 42 */
    return 0;
}

static int transcript_of_the_rest(struct box *box)
{
    MUST(make_file("f") && make_file("g") && mkdir("d", 0755) == 0 && mkdir("full", 0755) == 0);
    MUST(make_file("full/x"));
    PATH("m1", mkdir("m1", 0777));
    PATH("m2/", mkdir("m2/", 01777));
    PATH("m2", mkdir("m2", 0777));
    PATH("no/m", mkdir("no/m", 0777));
    PATH(".", mkdir(".", 0777));
    PATH("..", mkdir("..", 0777));
    PATH("/", mkdir("/", 0777));
    PATH("f/m", mkdir("f/m", 0777));
    PATH("p1", mkfifo("p1", 0666));
    PATH("s1", mknod("s1", S_IFSOCK | 0666, 0));
    PATH("n1", mknod("n1", 0666, 0));
    PATH("b1", mknod("b1", S_IFBLK | 0666, 0x100));
    PATH("w1", mknod("w1", S_IFCHR | 0666, 0));
    (void)umask(0);
    PATH("u0", mkdir("u0", 0777));
    OPEN("u0f", O_CREAT | O_WRONLY, 0666);
    (void)umask(077);
    PATH("u77", mkdir("u77", 0777));
    OPEN("u77f", O_CREAT | O_WRONLY, 0666);
    PATH("f2", rename("f", "f2"));
    PATH("f2", rename("none", "f2"));
    PATH("d", rename("f2", "d"));
    PATH("full", rename("d", "full"));
    PATH("d/in", rename("full", "full/in"));
    PATH("g", renameat2(AT_FDCWD, "f2", AT_FDCWD, "g", RENAME_NOREPLACE));
    PATH("g", renameat2(AT_FDCWD, "f2", AT_FDCWD, "g", RENAME_EXCHANGE));
    PATH("g", renameat2(AT_FDCWD, "f2", AT_FDCWD, "g", 0x80));
    PATH("f2/", rename("g", "f2/"));
    PATH(".", rename("g", "."));
    return 0;
}

/* The first line that differs, in `line`; false: none does. */
static bool differ(const char *a, const char *b, char *line, size_t size)
{
    while (*a != '\0' || *b != '\0') {
        size_t m = strcspn(a, "\n");
        size_t n = strcspn(b, "\n");

        if (m != n || strncmp(a, b, m) != 0) {
            (void)snprintf(line, size, "'%.*s', plain '%.*s'", (int)m, a, (int)n, b);
            return true;
        }
        a += m + (a[m] != '\0');
        b += n + (b[n] != '\0');
    }
    return false;
}

static void compare(int (*body)(struct box *box))
{
    struct box plain;
    struct box guarded;
    char line[512];

    box_open(&plain);
    box_open(&guarded);
    plain.is_bare = true;
    cr_assert_eq(box_run(&plain, body), 0, "%s", plain.shared->text);
    cr_assert_eq(box_run(&guarded, body), 0, "%s", guarded.shared->text);
    cr_assert(!differ(guarded.shared->text, plain.shared->text, line, sizeof line), "%s", line);
    cr_assert(guarded.shared->used > 200, "an empty transcript");
    box_close(&plain);
    box_close(&guarded);
}

Test(supervisor, opens_as_the_plain_kernel_does)
{
    compare(transcript_of_opens);
}

Test(supervisor, follows_links_as_the_plain_kernel_does)
{
    compare(transcript_of_links);
}

Test(supervisor, makes_and_renames_as_the_plain_kernel_does)
{
    compare(transcript_of_the_rest);
}

/* ---- the three forms of names ------------------------------------------------------------------ */

static void run_with_names(int (*body)(struct box *box), const char *const *names, size_t count)
{
    struct box box;

    box_open(&box);
    box.names = names;
    box.name_count = count;
    BOX_TEST(&box, body);
    box_close(&box);
}

static int protects_top_only(struct box *box)
{
    char path[128];

    MUST(mkdir("sub", 0755) == 0 && mkdir("sub/.git", 0755) == 0);
    MUST(rename("sub/.git", "sub/.codex") == 0 && mkdir(".github", 0755) == 0);
    (void)snprintf(path, sizeof path, "%s/.git", box->other);
    MUST(mkdir(path, 0755) == 0);
    MUST_FAIL(rename("sub/.codex", ".git"), EROFS);
    return 0;
}

Test(supervisor, protects_a_plain_name_at_the_top_of_a_root_only)
{
    NAMES_TEST(protects_top_only);
}

static int protects_anywhere(struct box *box)
{
    char path[128];

    MUST(mkdir("sub", 0755) == 0 && mkdir("sub/deep", 0755) == 0 && mkdir("tree", 0755) == 0);
    MUST_FAIL(mkdir(".git", 0755), EROFS);
    MUST_FAIL(mkdir("sub/.git", 0755), EROFS);
    MUST_FAIL(mkdir("sub/deep/.Git", 0755), EROFS);
    MUST_FAIL(rename("tree", "sub/deep/.git"), EROFS);
    MUST_FAIL(open("sub/.git", O_CREAT | O_WRONLY, 0644), EROFS);
    MUST(mkdir("sub/.codex", 0755) == 0);
    (void)snprintf(path, sizeof path, "%s/.git", box->other);
    MUST(mkdir(path, 0755) == 0);
    return 0;
}

Test(supervisor, protects_a_starred_name_in_every_directory_of_a_root)
{
    static const char *const names[] = {"**/.git"};

    run_with_names(protects_anywhere, names, ARRAY_SIZE(names));
}

static int protects_path(struct box *box)
{
    MUST(mkdir("tree", 0755) == 0 && mkdir("tree/.git", 0755) == 0 && mkdir(".git", 0755) == 0);
    MUST_FAIL(rename("tree", "a"), EROFS);
    MUST_FAIL(symlink("tree", "a"), EROFS);
    MUST(mkdir("a", 0755) == 0);
    MUST_FAIL(rename("tree", "a/b"), EROFS);
    MUST_FAIL(symlink("../tree", "a/b"), EROFS);
    MUST(mkdir("a/b", 0755) == 0 && mkdir("a/c", 0755) == 0);
    MUST_FAIL(mkdir("a/b/.git", 0755), EROFS);
    MUST_FAIL(rename("tree/.git", "a/b/.git"), EROFS);
    MUST_FAIL(rename("a", "z"), EROFS);
    MUST_FAIL(rename("a/b", "a/z"), EROFS);
    MUST_FAIL(renameat2(AT_FDCWD, "tree", AT_FDCWD, "a", RENAME_EXCHANGE), EROFS);
    MUST_FAIL(renameat2(AT_FDCWD, "a/b", AT_FDCWD, "tree", RENAME_EXCHANGE), EROFS);
    MUST(mkdir("a/c/.git", 0755) == 0 && mkdir("b", 0755) == 0 && mkdir("b/.git", 0755) == 0);
    MUST(rename("b", "a/c/b") == 0 && rename("a/c/b/.git", "a/.git") == 0);
    return 0;
}

Test(supervisor, protects_a_path_and_the_way_to_it)
{
    static const char *const names[] = {"a/b/.git"};

    run_with_names(protects_path, names, ARRAY_SIZE(names));
}

static int reads_existing(struct box *box)
{
    MUST(open(".git", O_CREAT | O_RDONLY, 0644) >= 0);
    MUST_FAIL(open(".git", O_CREAT | O_WRONLY, 0644), EROFS);
    MUST_FAIL(open(".git", O_CREAT | O_RDONLY | O_TRUNC, 0644), EROFS);
    MUST_FAIL(open(".git", O_CREAT | O_RDONLY | O_EXCL, 0644), EEXIST);
    MUST_FAIL(mkdir(".git", 0755), EEXIST);
    MUST_FAIL(symlink("x", ".git"), EEXIST);
    MUST_FAIL(rename(".git", "moved"), EROFS);
    MUST(make_file("f"));
    MUST_FAIL(rename("f", ".git"), EROFS);
    MUST_FAIL(renameat2(AT_FDCWD, "f", AT_FDCWD, ".git", RENAME_EXCHANGE), EROFS);
    return 0;
}

/* What the launcher would have mounted read-only, or the host made meanwhile. */
Test(supervisor, lets_an_existing_protected_file_be_read_and_not_replaced)
{
    struct box box;
    char git[128];

    box_open(&box);
    (void)snprintf(git, sizeof git, "%s/.git", box.root);
    cr_assert(make_file(git));
    BOX_TEST(&box, reads_existing);
    box_close(&box);
}

static void check_name(const char *name, int wanted)
{
    struct error err = {0};
    const struct supervisor_config config = {.listener = -1, .names = &name, .name_count = 1};
    int status;

    cr_assert(supervisor_serve(&config, 1, &status, &err) < 0);
    cr_assert_eq(err.code, wanted, "%s", name);
}

Test(supervisor, refuses_names_that_it_could_not_protect)
{
    check_name("", ERR_INVALID);
    check_name("/etc", ERR_INVALID);
    check_name("a/", ERR_INVALID);
    check_name("**/", ERR_INVALID);
    check_name("**/a/b", ERR_INVALID);
}

/* ---- what the kernel adds --------------------------------------------------------------------- */

static int follows_no_strangers_link(struct box *box)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/strangers", box->other);
    MUST_FAIL(open(path, O_CREAT | O_WRONLY, 0644), EACCES);
    (void)snprintf(path, sizeof path, "%s/own", box->other);
    MUST(symlink("target", path) == 0 && open(path, O_CREAT | O_WRONLY, 0644) >= 0);
    return 0;
}

/* fs.protected_symlinks, which the kernel cannot apply to links that are followed by hand. */
Test(supervisor, follows_no_link_of_a_stranger_in_a_shared_directory)
{
    struct box box;
    char path[128];

    if (getuid() != 0)
        cr_skip_test("only root can give a link to a stranger");
    box_open(&box);
    (void)snprintf(path, sizeof path, "%s/strangers", box.other);
    cr_assert(chmod(box.other, 01777) == 0 && symlink("victim", path) == 0);
    cr_assert(lchown(path, 1234, 1234) == 0);
    BOX_TEST(&box, follows_no_strangers_link);
    box_close(&box);
}
