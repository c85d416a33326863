#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/os.h"

Test(os, the_clock_does_not_go_back)
{
    uint64_t before = os_now_ns();

    cr_assert(os_now_ns() >= before);
    cr_assert(before > 0);
}

Test(os, replaced_file_reads_back_and_size_is_bounded)
{
    const char *path = "holdfast-os-test.tmp";
    AUTO_FREE char *bytes = NULL;
    size_t size = 0;
    struct error err;

    cr_assert_eq(os_replace_file(path, "one", 3, &err), 0, "%s", err.message);
    cr_assert_eq(os_replace_file(path, "three", 5, &err), 0, "%s", err.message);
    cr_assert_eq(os_read_file(path, 4, &bytes, &size, &err), -1, "five bytes are above four");
    cr_assert_eq(os_read_file(path, 5, &bytes, &size, &err), 0, "%s", err.message);
    cr_assert_eq(size, 5);
    cr_assert_str_eq(bytes, "three");
    (void)remove(path);
}

Test(os, random_bytes_differ)
{
    unsigned char a[16] = {0};
    unsigned char b[16] = {0};
    struct error err;

    cr_assert_eq(os_random(a, sizeof a, &err), 0);
    cr_assert_eq(os_random(b, sizeof b, &err), 0);
    cr_assert_neq(memcmp(a, b, sizeof a), 0);
}
