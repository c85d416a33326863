#include "sandbox/linux/supervisor_internal.h"

#include <string.h>

#include "base/test.h"

static bool is_git(const char *name)
{
    return name_is_same(name, strlen(name), ".git", 4);
}

static bool is_agents(const char *name)
{
    return name_is_same(name, strlen(name), ".agents", 7);
}

Test(supervisor_name, is_the_same_in_any_case)
{
    cr_assert(is_git(".git"));
    cr_assert(is_git(".GIT"));
    cr_assert(is_git(".GiT"));
}

Test(supervisor_name, is_the_same_with_what_fat_and_ntfs_drop)
{
    cr_assert(is_git(".git."));
    cr_assert(is_git(".git . ."));
    cr_assert(is_git(".git::$INDEX_ALLOCATION"));
    cr_assert(is_git(".GIT:x"));
}

Test(supervisor_name, is_the_same_with_characters_that_unicode_ignores)
{
    cr_assert(is_git(".g\u200cit"));
    cr_assert(is_git("\ufeff.git"));
    cr_assert(is_git(".gi\U000e0041t"));
    cr_assert(is_agents(".agent\u017f"));
    cr_assert(name_is_same("\ufb01le", strlen("\ufb01le"), "file", 4));
}

Test(supervisor_name, differs_for_neighbours)
{
    static const char *const others[] = {"",           ".",        "..",        "git",
                                         ".gi",        ".gitt",    ".git2",     ".gitmodules",
                                         ".gitignore", "x.git",    "..git",     " .git",
                                         ".g\u00eft",  ".git\xff", ".git\u4e2d"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert(!is_git(others[i]), "%s", others[i]);
}

Test(supervisor_name, survives_broken_utf8_and_the_longest_name)
{
    char longest[NAME_MAX + 2];

    memset(longest, 0xfb, sizeof longest);
    cr_assert(!name_is_same(longest, NAME_MAX, ".git", 4));
    cr_assert(!name_is_same(longest, NAME_MAX + 1, ".git", 4));
    for (size_t i = 0; i + 3 <= NAME_MAX; i += 3)
        memcpy(longest + i, "\ufb03", 3);
    cr_assert(name_is_same(longest, NAME_MAX, longest, NAME_MAX));
}
