#include "base/test.h"

#include <string.h>

#include "sandbox/windows_verify.h"

static int judge(uint32_t first, uint32_t second, struct error *err)
{
    const struct windows_attempt attempts[] = {{"127.0.0.1", first}, {"::1", second}};

    *err = (struct error){0};
    return windows_verify_blocked(attempts, 2, err);
}

Test(windows_verify, only_the_filter_s_own_error_is_a_block)
{
    struct error err;

    cr_assert_eq(judge(10013, 10013, &err), 0);
    cr_assert_eq(judge(10013, 10051, &err), 0, "no IPv6 here");
    cr_assert_eq(judge(10047, 10013, &err), 0);
    /* Connected, timed out, refused by the other side, our own failure to try. */
    for (size_t i = 0; i < 4; i++) {
        static const uint32_t codes[] = {0, 10060, 10061, 125};

        cr_assert_eq(judge(codes[i], 10013, &err), -1, "%u", codes[i]);
        cr_assert_eq(err.code, ERR_REFUSED);
        cr_assert_eq(judge(10013, codes[i], &err), -1, "%u", codes[i]);
    }
}

Test(windows_verify, a_machine_without_a_network_proves_nothing)
{
    struct error err;

    cr_assert_eq(judge(10051, 10065, &err), -1);
    cr_assert_eq(err.code, ERR_UNSUPPORTED);
    cr_assert_eq(windows_verify_blocked(NULL, 0, &err), -1, "nor does no attempt");
}
