#include "sandbox/path_set.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "sandbox/path.h"

Test(path_set, finds_members_and_what_lies_in_them)
{
    struct path_set set = {0};
    struct error err;

    cr_assert_eq(path_set_nearest(&set, "/a"), PATH_SET_NONE, "an empty set holds nothing");
    cr_assert(!path_set_has(&set, "/a"));
    cr_assert_eq(path_set_add(&set, "/a/b", 1, &err), 0);
    cr_assert_eq(path_set_add(&set, "/a/b/c", 2, &err), 0);
    cr_assert_eq(path_set_add(&set, "/a/b", 3, &err), 0);
    cr_assert_eq(set.count, 2);
    cr_assert(path_set_has(&set, "/a/b"));
    cr_assert(!path_set_has(&set, "/a"));
    cr_assert_eq(path_set_find(&set, "/a/b/c/d", 6), 2, "the first bytes only");
    cr_assert_eq(path_set_nearest(&set, "/a/b"), 1);
    cr_assert_eq(path_set_nearest(&set, "/a/b/c/d"), 2, "the innermost");
    cr_assert_eq(path_set_nearest(&set, "/a/b/d"), 1);
    cr_assert_eq(path_set_above(&set, "/a/b/c"), 1);
    cr_assert_eq(path_set_above(&set, "/a/b/c/d"), 2);
    cr_assert_eq(path_set_above(&set, "/a/b"), PATH_SET_NONE, "itself does not count");
    cr_assert_eq(path_set_nearest(&set, "/a/bc"), PATH_SET_NONE, "no component is cut");
    cr_assert_eq(path_set_nearest(&set, "/a"), PATH_SET_NONE);
    path_set_done(&set);
}

Test(path_set, everything_lies_in_the_top)
{
    struct path_set set = {0};
    struct error err;

    cr_assert_eq(path_set_add(&set, "/", 7, &err), 0);
    cr_assert_eq(path_set_nearest(&set, "/"), 7);
    cr_assert_eq(path_set_nearest(&set, "/a/b"), 7);
    cr_assert_eq(path_set_above(&set, "/a"), 7);
    cr_assert_eq(path_set_above(&set, "/"), PATH_SET_NONE);
    path_set_done(&set);
}

enum {
    MANY = 600
};

/* Against the plain definition, one path with each other. */
Test(path_set, agrees_with_comparing_every_pair)
{
    static char paths[MANY][64];
    struct path_set set = {0};
    struct error err;
    unsigned seed = 1;

    for (int i = 0; i < MANY; i++) {
        size_t used = 0;

        for (unsigned depth = 1 + (seed = seed * 1103515245u + 12345u) / 65536u % 4; depth > 0;
             depth--) {
            seed = seed * 1103515245u + 12345u;
            used += (size_t)snprintf(paths[i] + used, sizeof paths[i] - used, "/%c%c",
                                     "abc"[seed / 65536u % 3], "xyz"[seed / 16777216u % 3]);
        }
        if (i % 2 == 0)
            cr_assert_eq(path_set_add(&set, paths[i], i, &err), 0);
    }
    for (int i = 0; i < MANY; i++) {
        const char *innermost = NULL;
        int found = path_set_nearest(&set, paths[i]);

        for (int k = 0; k < MANY; k += 2) {
            if (path_is_within(PATH_POSIX, paths[i], paths[k]) &&
                (innermost == NULL || strlen(paths[k]) > strlen(innermost)))
                innermost = paths[k];
        }
        cr_assert_eq(found == PATH_SET_NONE, innermost == NULL, "%s", paths[i]);
        if (found != PATH_SET_NONE)
            cr_assert_str_eq(paths[found], innermost, "%s", paths[i]);
    }
    path_set_done(&set);
}
