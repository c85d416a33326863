/* Whose a kept password is. */
#include "base/test.h"

#include "sandbox/windows/setup.h"

#include "base/auto.h"

static const struct nt_sid first_user = NT_SID(5, 21, 1, 2, 3, 1001);
static const struct nt_sid second_user = NT_SID(5, 21, 1, 2, 3, 1002);

static bool names_only(const char *sddl, const struct nt_sid *user)
{
    AUTO_SD struct nt_sd sd = NT_SD_EMPTY;
    struct error err = {0};

    cr_assert_eq(nt_sddl_parse(sddl, NULL, &sd, &err), 0, "%s", err.message);
    return win_secret_names_only(&sd.dacl, user);
}

Test(win_secret, is_for_the_user_that_its_list_names_and_nobody_else)
{
    static const char kept[] = "D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FR;;;S-1-5-21-1-2-3-1001)";

    cr_assert(names_only(kept, &first_user));
    cr_assert(!names_only(kept, &second_user), "set up again for another user");
    cr_assert(!names_only("D:(A;ID;FA;;;SY)(A;ID;FA;;;BA)", &first_user), "nobody may read it");
    cr_assert(
        !names_only("D:(A;ID;FA;;;SY)(A;ID;FR;;;S-1-5-21-1-2-3-1001)(A;ID;FR;;;BU)", &first_user),
        "all users may read it, the sandbox's accounts too");
}
