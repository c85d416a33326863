/* Every kind of change is made once to a small tree, and must show; nothing else may. */
#include "conformance/oracles/snapshot.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/test.h"
#include "fixtures/tree_remove.h"

struct ground {
    char top[64];
    struct snapshot before;
    struct snapshot after;
    char text[600];
};

static const char *in(const struct ground *ground, const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, PATH_MAX, "%s/%s", ground->top, name);
    return path;
}

static void put(const char *path, const char *text, int flags)
{
    int fd = open(path, O_WRONLY | flags | O_CLOEXEC, 0644);

    cr_assert(fd >= 0, "%s", path);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
}

static void take(struct ground *ground, struct snapshot *snapshot)
{
    struct error err;

    *snapshot = SNAPSHOT_EMPTY;
    cr_assert_eq(snapshot_add_tree(snapshot, ground->top, "top", &err), 0, "%s", err.message);
    snapshot_finish(snapshot);
}

/* The clock of time stamps ticks: what follows has another ctime on every kernel. */
static void tick(void)
{
    const struct timespec pause = {.tv_nsec = 20000000};

    (void)nanosleep(&pause, NULL);
}

static void begin(struct ground *ground)
{
    memset(ground, 0, sizeof *ground);
    (void)snprintf(ground->top, sizeof ground->top, "/var/tmp/holdfast-test-XXXXXX");
    cr_assert_not_null(mkdtemp(ground->top));
    put(in(ground, "file"), "content", O_CREAT);
    cr_assert_eq(mkdir(in(ground, "dir"), 0755), 0);
    put(in(ground, "dir/inner"), "more", O_CREAT);
    cr_assert_eq(symlink("file", in(ground, "link")), 0);
    tick();
    take(ground, &ground->before);
}

/* The number of changes; wanted must be in the words. */
static void end(struct ground *ground, size_t changes, const char *wanted)
{
    struct error err;
    size_t found;

    take(ground, &ground->after);
    found = snapshot_compare(&ground->before, &ground->after, ground->text, sizeof ground->text);
    cr_assert_eq(found, changes, "%zu changes: %s", found, ground->text);
    cr_assert(strstr(ground->text, wanted) != NULL, "%s: not in: %s", wanted, ground->text);
    snapshot_done(&ground->before);
    snapshot_done(&ground->after);
    cr_assert_eq(tree_remove(ground->top, &err), 0, "%s", err.message);
}

Test(snapshot, silent_when_nothing_changed)
{
    struct ground ground;
    char byte;
    int fd;

    begin(&ground);
    fd = open(in(&ground, "file"), O_RDONLY | O_CLOEXEC); /* reading is no change */
    cr_assert_eq(read(fd, &byte, 1), 1);
    (void)close(fd);
    end(&ground, 0, "");
}

Test(snapshot, sees_content)
{
    struct ground ground;

    begin(&ground);
    put(in(&ground, "file"), "CONTENT", 0);
    end(&ground, 1, "top/file: content");
}

Test(snapshot, sees_a_change_that_was_taken_back)
{
    struct ground ground;
    struct stat status;

    begin(&ground);
    cr_assert_eq(stat(in(&ground, "file"), &status), 0);
    put(in(&ground, "file"), "CONTENT", 0);
    put(in(&ground, "file"), "content", 0);
    cr_assert_eq(utimensat(AT_FDCWD, in(&ground, "file"),
                           (const struct timespec[]){status.st_atim, status.st_mtim}, 0),
                 0);
    end(&ground, 1, "top/file: ctime");
}

Test(snapshot, sees_mode_owner_and_times)
{
    struct ground ground;

    begin(&ground);
    cr_assert_eq(chmod(in(&ground, "file"), 0600), 0);
    end(&ground, 1, "mode");
    begin(&ground);
    cr_assert_eq(utimensat(AT_FDCWD, in(&ground, "dir/inner"), NULL, 0), 0);
    end(&ground, 1, "top/dir/inner: mtime");
    if (geteuid() != 0)
        return;
    begin(&ground);
    cr_assert_eq(lchown(in(&ground, "link"), 1, 1), 0);
    end(&ground, 1, "top/link: owner");
}

Test(snapshot, sees_new_and_gone_names_of_every_kind)
{
    struct ground ground;

    begin(&ground);
    cr_assert_eq(mkfifo(in(&ground, "dir/fifo"), 0600), 0);
    end(&ground, 2, "top/dir/fifo: new");
    begin(&ground);
    cr_assert_eq(unlink(in(&ground, "link")), 0);
    end(&ground, 2, "top/link: gone");
    begin(&ground);
    cr_assert_eq(link(in(&ground, "file"), in(&ground, "dir/second")), 0);
    end(&ground, 3, "top/file: links");
}

Test(snapshot, sees_replacement_by_the_same_content)
{
    struct ground ground;

    begin(&ground);
    put(in(&ground, "fresh"), "content", O_CREAT);
    cr_assert_eq(rename(in(&ground, "fresh"), in(&ground, "file")), 0);
    end(&ground, 2, "top/file: inode");
}

Test(snapshot, sees_where_a_link_leads)
{
    struct ground ground;

    begin(&ground);
    cr_assert_eq(unlink(in(&ground, "link")), 0);
    cr_assert_eq(symlink("elsewhere", in(&ground, "link")), 0);
    end(&ground, 2, "top/link");
}

Test(snapshot, sees_attributes_and_flags)
{
    struct ground ground;
    unsigned flags = FS_NODUMP_FL;
    int fd;

    begin(&ground);
    if (setxattr(in(&ground, "file"), "user.test", "1", 1, 0) < 0) {
        end(&ground, 0, "");
        cr_skip_test("no user attributes on this file system");
    }
    end(&ground, 1, "xattr");
    begin(&ground);
    fd = open(in(&ground, "dir"), O_RDONLY | O_CLOEXEC);
    cr_assert_eq(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
    (void)close(fd);
    end(&ground, 1, "top/dir: flags");
}

/* None of these may block, act, or be followed. */
/* An access control list is an attribute: one more reader, although the mode stays as it was. */
Test(snapshot, sees_access_control_lists)
{
    static const struct {
        uint32_t version;
        struct {
            uint16_t tag, permissions;
            uint32_t id;
        } entries[5];
    } list = {2, /* acl(5); linux/posix_acl_xattr.h */
              {{0x01, 6, UINT32_MAX},
               {0x02, 4, 1234},
               {0x04, 4, UINT32_MAX},
               {0x10, 4, UINT32_MAX},
               {0x20, 4, UINT32_MAX}}};
    struct ground ground;

    begin(&ground);
    if (setxattr(in(&ground, "file"), "system.posix_acl_access", &list, sizeof list, 0) < 0) {
        (void)tree_remove(ground.top, &(struct error){0});
        cr_skip_test("no access control lists on this file system");
    }
    end(&ground, 1, "top/file: xattr");
}

Test(snapshot, is_not_held_up_by_hostile_entries)
{
    struct ground ground;

    begin(&ground);
    cr_assert_eq(mkfifo(in(&ground, "fifo"), 0600), 0);
    cr_assert_eq(symlink("/proc/self/fd", in(&ground, "to-proc")), 0);
    cr_assert_eq(symlink(".", in(&ground, "loop")), 0);
    cr_assert_eq(truncate(in(&ground, "dir/inner"), (off_t)1 << 40), 0);
    end(&ground, 5, "");
}

Test(snapshot, is_bounded)
{
    struct ground ground;
    int fd;

    begin(&ground);
    fd = open(ground.top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int level = 0; level < SNAPSHOT_DEPTH_MAX + 20; level++) {
        int below;

        cr_assert_eq(mkdirat(fd, "d", 0755), 0);
        below = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        (void)close(fd);
        fd = below;
    }
    (void)close(fd);
    take(&ground, &ground.after);
    cr_assert(ground.after.is_cut);
    cr_assert(ground.after.count < SNAPSHOT_ENTRIES_MAX + 10);
    snapshot_done(&ground.after);
    end(&ground, SNAPSHOT_DEPTH_MAX + 2, "and");
}

Test(snapshot, looks_at_names_shallowly)
{
    struct ground ground;
    struct snapshot before = SNAPSHOT_EMPTY;
    struct snapshot after = SNAPSHOT_EMPTY;
    struct error err;
    char text[200];

    begin(&ground);
    cr_assert_eq(snapshot_add_names(&before, ground.top, "", &err), 0);
    put(in(&ground, "dir/new"), "x", O_CREAT);
    put(in(&ground, "file"), "CONTENT", 0);
    cr_assert_eq(snapshot_add_names(&after, ground.top, "", &err), 0);
    snapshot_finish(&before);
    snapshot_finish(&after);
    cr_assert_eq(snapshot_compare(&before, &after, text, sizeof text), 0, "%s", text);
    cr_assert_eq(rename(in(&ground, "dir"), in(&ground, "moved")), 0);
    snapshot_done(&after);
    cr_assert_eq(snapshot_add_names(&after, ground.top, "", &err), 0);
    snapshot_finish(&after);
    cr_assert_eq(snapshot_compare(&before, &after, text, sizeof text), 2, "%s", text);
    snapshot_done(&before);
    snapshot_done(&after);
    end(&ground, 7, "");
}

/* A directory that may be written: names made in it count, its own times do not. */
Test(snapshot, a_shallow_entry_counts_by_name_and_inode_only)
{
    struct ground ground;
    char text[300];

    begin(&ground);
    snapshot_make_shallow(&ground.before, "top/dir");
    snapshot_make_shallow(&ground.before, "top/no-such");
    put(in(&ground, "dir/inner-2"), "new", O_CREAT);
    take(&ground, &ground.after);
    snapshot_make_shallow(&ground.after, "top/dir");
    cr_assert_eq(snapshot_compare(&ground.before, &ground.after, text, sizeof text), 1, "%s", text);
    cr_assert_str_eq(text, "top/dir/inner-2: new");
    snapshot_done(&ground.after);
    cr_assert_eq(rename(in(&ground, "dir"), in(&ground, "other")), 0);
    cr_assert_eq(mkdir(in(&ground, "dir"), 0755), 0);
    take(&ground, &ground.after);
    snapshot_make_shallow(&ground.after, "top/dir");
    (void)snapshot_compare(&ground.before, &ground.after, text, sizeof text);
    cr_assert_not_null(strstr(text, "top/dir: inode"), "%s", text);
    snapshot_done(&ground.before);
    snapshot_done(&ground.after);
    (void)tree_remove(ground.top, &(struct error){0});
}

Test(snapshot, sees_what_becomes_of_a_directory_in_which_names_may_be_made)
{
    struct ground ground;

    begin(&ground);
    snapshot_let_grow(&ground.before, "top/dir");
    put(in(&ground, "dir/mark-of-the-probe"), "x", O_CREAT);
    ground.after = SNAPSHOT_EMPTY;
    ground.after.passed_over = "of-the-probe";
    {
        struct error err;

        cr_assert_eq(snapshot_add_tree(&ground.after, ground.top, "top", &err), 0);
    }
    snapshot_let_grow(&ground.after, "top/dir");
    snapshot_finish(&ground.after);
    cr_assert_eq(snapshot_compare(&ground.before, &ground.after, ground.text, sizeof ground.text),
                 0, "%s", ground.text);
    snapshot_done(&ground.after);
    cr_assert_eq(chmod(in(&ground, "dir"), 0700), 0);
    put(in(&ground, "dir/another"), "x", O_CREAT);
    take(&ground, &ground.after);
    snapshot_let_grow(&ground.after, "top/dir");
    cr_assert_eq(snapshot_compare(&ground.before, &ground.after, ground.text, sizeof ground.text),
                 3, "%s",
                 ground.text); /* mode of dir, another, and the mark that is not passed over */
    snapshot_done(&ground.after);
    end(&ground, 3, "");
}
