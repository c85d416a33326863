/*
 * Facts as a digest: says whether a sandbox that was set up for some facts still
 * suits the machine. A name is not enough: a directory that was moved away and
 * made anew has the old name, and a mount made before is of the old one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/sha256.h"
#include "sandbox/linux/facts_collect.h"

static void add_number(struct sha256 *hash, uint64_t number)
{
    sha256_add(hash, &number, sizeof number);
}

/* A link of /proc is the thing it stands for: followed, and what is meant is where it leads now. */
static void add_place(struct sha256 *hash, const char *path)
{
    struct stat status = {0};

    add_number(hash, stat(path, &status) == 0);
    add_number(hash, status.st_ino);
    add_number(hash, status.st_dev);
}

/* A name that is gone, or out of reach, is one more thing that a path can be. */
static void add_file(struct sha256 *hash, const char *path)
{
    struct stat status;

    sha256_add(hash, path, strlen(path) + 1);
    if (lstat(path, &status) < 0) {
        add_number(hash, 0);
        return;
    }
    add_number(hash, status.st_ino);
    add_number(hash, status.st_dev);
    add_number(hash, status.st_mode & S_IFMT);
}

static void add_files(struct sha256 *hash, const struct text_list *paths)
{
    add_number(hash, paths->count);
    for (size_t i = 0; i < paths->count; i++)
        add_file(hash, paths->items[i]);
}

/* A caller who has left a group since may read less than one who was born before. What cannot be asked
 * is like nothing else. */
static void add_groups(struct sha256 *hash)
{
    const int count = getgroups(0, NULL);
    AUTO_FREE gid_t *groups = count > 0 ? calloc((size_t)count, sizeof *groups) : NULL;

    add_number(hash, (uint64_t)count);
    if (count > 0 && groups != NULL && getgroups(count, groups) == count)
        sha256_add(hash, groups, (size_t)count * sizeof *groups);
    else if (count != 0)
        add_number(hash, (uint64_t)getpid());
}

void facts_digest(const struct facts *facts, char hex[65])
{
    struct sha256 hash;

    /* where all these names are looked up, and what a sandbox inherits */
    static const char *const places[] = {"/", "/proc/self/ns/mnt", "/proc/self/ns/user",
                                         "/proc/self/ns/net"};

    sha256_init(&hash);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        add_place(&hash, places[i]);
    add_number(&hash, facts->uid);
    add_number(&hash, facts->gid);
    add_groups(&hash);
    add_number(&hash, facts->has_absent_names);
    add_number(&hash, facts->has_mqueue);
    add_number(&hash, facts->has_keys);
    add_number(&hash, facts->core_is_zero);
    add_files(&hash, &facts->roots);
    add_files(&hash, &facts->protect);
    add_files(&hash, &facts->gits);
    add_files(&hash, &facts->own_gits);
    add_files(&hash, &facts->sha256_gits);
    add_number(&hash, facts->hidden_count);
    for (size_t i = 0; i < facts->hidden_count; i++)
        add_file(&hash, facts->hidden[i].path);
    sha256_finish(&hash, hex);
}
