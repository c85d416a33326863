#include "sandbox/mountinfo.h"

#include "base/test.h"

Test(mountinfo, reads_what_the_kernel_writes)
{
    const char *at = "25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
                     "not a line\n"
                     "40 25 0:31 /sub\\040dir /mnt/a\\134b ro,noexec - tmpfs none rw,size=4k\n"
                     "41 25 0:32 / relative rw - tmpfs none rw\n"
                     "42 25 0:33 / /x rw shared:1 master:2 - cgroup2 cgroup2 rw";
    struct mountinfo mount;

    cr_assert(mountinfo_next(&at, &mount));
    cr_assert_str_eq(mount.path, "/");
    cr_assert_str_eq(mount.type, "ext4");
    cr_assert(mountinfo_next(&at, &mount));
    cr_assert_str_eq(mount.root, "/sub dir");
    cr_assert_str_eq(mount.path, "/mnt/a\\b");
    cr_assert(mountinfo_has_option(mount.options, "noexec"));
    cr_assert_not(mountinfo_has_option(mount.options, "no"));
    cr_assert_not(mountinfo_has_option(mount.options, "exec"));
    cr_assert(mountinfo_next(&at, &mount));
    cr_assert_str_eq(mount.type, "cgroup2");
    cr_assert_not(mountinfo_next(&at, &mount));
}

Test(mountinfo, leaves_out_what_is_cut_off)
{
    static const char *const lines[] = {"",
                                        "1",
                                        "25 1 254:0 / /",
                                        "25 1 254:0 / / rw",
                                        "25 1 254:0 / / rw -",
                                        "25 1 254:0 / / rw shared:1",
                                        "25 1 254:0 /  rw - ext4 a b",
                                        "25 1 254:0 / /a\\000b rw - ext4 a b"};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *at = lines[i];
        struct mountinfo mount;

        cr_assert_not(mountinfo_next(&at, &mount), "%s", lines[i]);
    }
}
