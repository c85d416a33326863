#include "sandbox/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"

static void tidies(enum path_style style, const char *from, const char *to)
{
    char *tidy = path_tidy(style, from);

    cr_assert_not_null(tidy);
    cr_assert_str_eq(tidy, to, "%s became %s", from, tidy);
    free(tidy);
}

Test(path, tidies_without_asking_the_file_system)
{
    tidies(PATH_POSIX, "/", "/");
    tidies(PATH_POSIX, "///", "/");
    tidies(PATH_POSIX, "/a//b/./c/", "/a/b/c");
    tidies(PATH_POSIX, "/a/../b", "/a/../b");
    tidies(PATH_POSIX, "/a/.hidden/..x/", "/a/.hidden/..x");
    tidies(PATH_WINDOWS, "C:/a\\\\b/", "C:\\a\\b");
    tidies(PATH_WINDOWS, "C:\\", "C:\\");
    tidies(PATH_WINDOWS, "\\\\server\\share\\x\\", "\\\\server\\share\\x");
}

Test(path, knows_absolute_paths_of_both_styles)
{
    cr_assert(path_is_absolute(PATH_POSIX, "/a"));
    cr_assert(!path_is_absolute(PATH_POSIX, "a/b"));
    cr_assert(!path_is_absolute(PATH_POSIX, ""));
    cr_assert(path_is_absolute(PATH_WINDOWS, "C:\\a"));
    cr_assert(path_is_absolute(PATH_WINDOWS, "c:/a"));
    cr_assert(path_is_absolute(PATH_WINDOWS, "\\\\server\\share"));
    cr_assert(!path_is_absolute(PATH_WINDOWS, "C:a"), "relative to the drive's own directory");
    cr_assert(!path_is_absolute(PATH_WINDOWS, "\\a"), "relative to the current drive");
}

Test(path, knows_tops)
{
    cr_assert(path_is_top(PATH_POSIX, "/"));
    cr_assert(path_is_top(PATH_POSIX, "//"));
    cr_assert(!path_is_top(PATH_POSIX, "/a"));
    cr_assert(path_is_top(PATH_WINDOWS, "C:\\"));
    cr_assert(!path_is_top(PATH_WINDOWS, "C:\\a"));
    cr_assert(path_is_top(PATH_WINDOWS, "\\\\server\\share\\"));
    cr_assert(!path_is_top(PATH_WINDOWS, "\\\\server\\share\\a"));
}

Test(path, a_name_is_not_within_its_longer_sibling)
{
    cr_assert(path_is_within(PATH_POSIX, "/a/b", "/a/b"));
    cr_assert(path_is_within(PATH_POSIX, "/a/b/c", "/a/b"));
    cr_assert(path_is_within(PATH_POSIX, "/a", "/"));
    cr_assert(!path_is_within(PATH_POSIX, "/a/bc", "/a/b"));
    cr_assert(!path_is_within(PATH_POSIX, "/a", "/a/b"));
    cr_assert(!path_is_within(PATH_POSIX, "/A/b", "/a"));
    cr_assert(path_is_within(PATH_WINDOWS, "c:\\USERS\\x", "C:\\Users"));
}

Test(path, sees_climbing)
{
    cr_assert(path_climbs(PATH_POSIX, "../a"));
    cr_assert(path_climbs(PATH_POSIX, "a/.."));
    cr_assert(path_climbs(PATH_WINDOWS, "a\\..\\b"));
    cr_assert(!path_climbs(PATH_POSIX, "a/..b"));
    cr_assert(!path_climbs(PATH_POSIX, "a/b.."));
}
