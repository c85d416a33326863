/* What git outside would be given: pure tests. Real indexes, forged ones: ci/tests/sandbox-git.sh. */
#include "sandbox/linux/git_index.h"

#include <string.h>

#include "base/test.h"
#include "sandbox/linux/supervisor_internal.h"

struct index {
    unsigned char bytes[4096];
    size_t size;
};

static void add_number(struct index *index, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        index->bytes[index->size++] = (unsigned char)(number >> shift);
}

static void begin(struct index *index, uint32_t version, uint32_t count)
{
    memset(index, 0, sizeof *index);
    memcpy(index->bytes, "DIRC", 4);
    index->size = 4;
    add_number(index, version);
    add_number(index, count);
}

/* strip: what version 4 says first; -1: not there */
static void add_entry(struct index *index, const char *name, uint32_t mode, int strip)
{
    size_t start = index->size;
    size_t length = strlen(name);

    index->size += 24;
    add_number(index, mode);
    index->size += 12 + 20;
    index->bytes[index->size++] = (unsigned char)(length >> 8);
    index->bytes[index->size++] = (unsigned char)length;
    if (strip >= 0)
        index->bytes[index->size++] = (unsigned char)strip;
    memcpy(index->bytes + index->size, name, length + 1);
    index->size += length + 1;
    if (strip < 0)
        index->size = start + ((62 + length + 8) & ~(size_t)7);
}

static bool is_safe(struct index *index)
{
    return git_index_is_safe(index->bytes, index->size + 20, 20);
}

static bool name_passes(const char *name, uint32_t mode)
{
    struct index index;

    begin(&index, 2, 1);
    add_entry(&index, name, mode, -1);
    return is_safe(&index);
}

Test(git_index, takes_ordinary_names)
{
    cr_assert(name_passes("a", 0100644));
    cr_assert(name_passes("dir/.gitignore", 0100755));
    cr_assert(name_passes(".gitmodules", 0100644));
    cr_assert(name_passes("link", 0120000));
    cr_assert(name_passes("sub", 0160000));
}

Test(git_index, refuses_names_that_git_would_not_check_out)
{
    static const char *const names[] = {".git", ".git/hooks/x", "a/.GIT/x", "a/../b",
                                        "./a",  "a//b",         "/a",       "a/",
                                        "",     "git~1/x",      ".git /x",  ".g\xe2\x80\x8cit/x"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cr_assert_not(name_passes(names[i], 0100644), "%s", names[i]);
    cr_assert_not(name_passes(".gitmodules", 0120000), "a link");
    cr_assert_not(name_passes("dir", 0040000), "a directory of a sparse index");
}

Test(git_index, reads_abbreviated_names_whole)
{
    struct index index;

    begin(&index, 4, 2);
    add_entry(&index, "a/.gi", 0100644, 0);
    add_entry(&index, "t", 0100644, 0); /* a/.git; the length in the flags must say so, too */
    index.bytes[index.size - 4] = 6;
    cr_assert_not(is_safe(&index));
    begin(&index, 4, 2);
    add_entry(&index, "a/x", 0100644, 0);
    add_entry(&index, "y", 0100644, 1);
    index.bytes[index.size - 4] = 3;
    cr_assert(is_safe(&index));
    begin(&index, 4, 1);
    add_entry(&index, "a", 0100644, 1);
    cr_assert_not(is_safe(&index), "strips more than there is");
}

Test(git_index, refuses_what_is_cut_off_or_unknown)
{
    struct index index;

    begin(&index, 2, 1);
    add_entry(&index, "file", 0100644, -1);
    cr_assert(is_safe(&index));
    for (size_t size = 0; size < index.size + 20; size++)
        cr_assert_not(git_index_is_safe(index.bytes, size, 20), "%zu bytes", size);
    index.bytes[7] = 5;
    cr_assert_not(is_safe(&index), "version 5");
    begin(&index, 2, 0);
    memcpy(index.bytes + index.size, "sdir\0\0\0\0", 8);
    index.size += 8;
    cr_assert_not(is_safe(&index), "an extension that git must understand");
    memcpy(index.bytes + index.size - 8, "TREE", 4);
    cr_assert(is_safe(&index));
}

Test(git_index, holds_a_table_of_blocks_to_the_entries)
{
    for (uint32_t offset = 11; offset <= 13; offset++) {
        struct index index;

        begin(&index, 2, 1);
        add_entry(&index, "file", 0100644, -1);
        memcpy(index.bytes + index.size, "IEOT\0\0\0\014", 8);
        index.size += 8;
        add_number(&index, 1);
        add_number(&index, offset);
        add_number(&index, 1);
        cr_assert_eq(is_safe(&index), offset == 12);
    }
}

Test(git_index, knows_a_head)
{
    static const char branch[] = "ref: refs/heads/main\n";
    static const char commit[] = "0123456789abcdef0123456789abcdef01234567\n";

    cr_assert(git_head_is_safe(branch, sizeof branch - 1));
    cr_assert(git_head_is_safe(commit, sizeof commit - 1));
    cr_assert_not(git_head_is_safe(branch, sizeof branch - 2), "no newline");
    cr_assert_not(git_head_is_safe(commit + 1, sizeof commit - 2), "39 digits");
    cr_assert_not(git_head_is_safe("ref: ../config\n", 15));
    cr_assert_not(git_head_is_safe("", 0));
    cr_assert_not(git_head_is_safe("ref: refs/a\n\n", 13));
}

static bool allows(const char *inside, const char *name, enum git_use use)
{
    return git_allows(inside, name, strlen(name), use);
}

Test(git_commit, grants_what_commits_need)
{
    cr_assert(allows("", "index.lock", GIT_USE_FILE));
    cr_assert(allows("", "index", GIT_USE_TO));
    cr_assert(allows("", "COMMIT_EDITMSG", GIT_USE_FILE));
    cr_assert(allows("", "logs", GIT_USE_MKDIR));
    cr_assert(allows("refs/heads", "main.lock", GIT_USE_FILE));
    cr_assert(allows("objects/info", "packs", GIT_USE_FILE));
    cr_assert(allows("objects/ab", "tmp_obj_1", GIT_USE_UNLINK));
}

Test(git_commit, grants_nothing_else)
{
    static const char *const names[] = {
        "hooks",    "config",  "config.lock", "config.worktree", "commondir",    "gitdir",
        "info",     "modules", "worktrees",   "MERGE_RR",        "rebase-merge", "sequencer",
        "rr-cache", "gc.log",  "FETCH_HEAD",  "anything",        "description"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (int use = GIT_USE_FILE; use <= GIT_USE_TO; use++)
            cr_assert_not(allows("", names[i], (enum git_use)use), "%s", names[i]);
        cr_assert_not(allows("hooks", names[i], GIT_USE_FILE));
        cr_assert_not(allows("worktrees/x", names[i], GIT_USE_FILE));
    }
    cr_assert_not(allows("", "HEAD", GIT_USE_FILE), "only moved here, after a look");
    cr_assert_not(allows("", "HEAD", GIT_USE_UNLINK));
    cr_assert_not(allows("", "index", GIT_USE_FROM));
    cr_assert_not(allows("", "refs", GIT_USE_RMDIR));
    cr_assert_not(allows("objects/info", "alternates", GIT_USE_TO));
    cr_assert_not(allows("objects/INFO", "Alternates", GIT_USE_FILE));
    cr_assert_not(git_allows_shared("", "HEAD", 4));
    cr_assert_not(git_allows_shared("logs", "HEAD", 4));
    cr_assert(git_allows_shared("logs/refs/heads", "HEAD", 4));
}
