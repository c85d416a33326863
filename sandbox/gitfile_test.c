#include "sandbox/gitfile.h"

#include <string.h>

#include "base/test.h"

Test(gitfile, reads_a_pointer)
{
    char path[64];

    cr_assert(gitfile_parse_pointer("gitdir: ../.git/modules/x\n", path, sizeof path));
    cr_assert_str_eq(path, "../.git/modules/x");
    cr_assert(gitfile_parse_pointer("gitdir: /a b \r\nmore", path, sizeof path));
    cr_assert_str_eq(path, "/a b ");
    cr_assert(!gitfile_parse_pointer("gitdir:/x\n", path, sizeof path));
    cr_assert(!gitfile_parse_pointer("gitdir: \n", path, sizeof path));
    cr_assert(!gitfile_parse_pointer("", path, sizeof path));
}

Test(gitfile, refuses_paths_longer_than_the_room)
{
    char path[8];

    cr_assert(gitfile_parse_line("1234567", path, sizeof path));
    cr_assert(!gitfile_parse_line("12345678", path, sizeof path));
}

Test(gitfile, lists_the_paths_of_submodules)
{
    const char *at = "[submodule \"a\"]\n\tpath = libs/a\n\turl = x\n"
                     "[submodule \"b\"]\n path=\"b c\"  \n"
                     "[submodule \"evil\"]\n\tpath = ../../etc\n\tpath = /etc\n\tpathology = z\n"
                     "path = last";
    char path[64];

    cr_assert(gitfile_next_module(&at, path, sizeof path));
    cr_assert_str_eq(path, "libs/a");
    cr_assert(gitfile_next_module(&at, path, sizeof path));
    cr_assert_str_eq(path, "b c");
    cr_assert(gitfile_next_module(&at, path, sizeof path));
    cr_assert_str_eq(path, "last");
    cr_assert(!gitfile_next_module(&at, path, sizeof path));
}

Test(gitfile, tells_the_hash_of_a_repository)
{
    cr_assert_eq(gitfile_hash_size(""), 20);
    cr_assert_eq(gitfile_hash_size("[core]\n\tbare = false\n"), 20);
    cr_assert_eq(gitfile_hash_size("[extensions]\n\tobjectformat = sha256\n"), 32);
    cr_assert_eq(gitfile_hash_size("[extensions]\n\tobjectFormat = sha1\n"), 20);
    cr_assert_eq(gitfile_hash_size("[extensions] objectformat = sha256\n"), 0, "not guessed at");
    cr_assert_eq(gitfile_hash_size("[extensions]\n\tobjectformat = \"sha256\"\n"), 0);
    cr_assert_eq(gitfile_hash_size("\tcompatobjectformat = sha1\n"), 0);
    cr_assert_eq(gitfile_hash_size("objectformat"), 0);
}
